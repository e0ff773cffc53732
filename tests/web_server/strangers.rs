//! Who comes from elsewhere: nobody without a link, and by each link one.

use crate::page::{NEWS, Page, Stream, posted};
use crate::support::Zrig;
use crate::support::http::{Answer, request};

/// What was in the link that was told last but so many.
fn token(page: &Page, number: usize) -> String {
    page.run.says_times("for one browser: http://", number);
    let mut seen = 0;
    let line = page.run.says_what("the link", |line| {
        seen += usize::from(line.contains("for one browser: http://"));
        seen == number
    });
    line.split("?token=").nth(1).unwrap().trim().to_owned()
}

fn get(page: &Page, path: &str, more: &str) -> Answer {
    let head = format!("Host: 127.0.0.1:{}\r\nConnection: close\r\n{more}", page.port);
    request(page.port, &format!("GET {path} HTTP/1.1\r\n{head}\r\n"))
}

#[test]
fn off_loopback_a_link_lets_one_browser_in_and_nobody_else() {
    let page = Page::at(Zrig::of(NEWS), "0.0.0.0");
    let first = token(&page, 1);
    for path in
        ["/", "/assets/main.js", "/api/run", "/api/history", "/api/picture.svg", "/api/stream"]
    {
        assert_eq!(get(&page, path, "").status, 401, "{path}");
    }
    let call = posted("/api/call", "{\"target\":\"desk\",\"value\":{\"text\":\"hi\"}}");
    assert_eq!(request(page.port, &call).status, 401);
    for wrong in ["/?token=", "/?token=x", &format!("/?token={}", "0".repeat(64))] {
        assert_eq!(get(&page, wrong, "").status, 403, "{wrong}");
    }
    // One that is asked for by another name gives nothing away.
    let foreign =
        format!("GET /?token={first} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(request(page.port, &foreign).status, 421);

    let entered = get(&page, &format!("/?token={first}"), "");
    assert_eq!(entered.status, 303, "{entered:?}");
    assert!(entered.head.lines().any(|line| line == "location: /"), "{}", entered.head);
    let line = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(line.contains("httponly; samesite=strict"), "{line}");
    let cookie = format!("Cookie: {}\r\n", line.split(';').next().unwrap());
    assert_eq!(get(&page, "/", &cookie).status, 200);
    assert_eq!(get(&page, "/api/run", &cookie).status, 200);
    let mut stream = Stream::open(page.port, "/api/stream", &cookie);
    assert_eq!(stream.next().0, "run");

    // Who is sent the same link comes too late, and who has the next one does not.
    assert_eq!(get(&page, &format!("/?token={first}"), "").status, 403);
    let second = token(&page, 2);
    assert_ne!(first, second);
    assert_eq!(get(&page, &format!("/?token={second}"), "").status, 303);
    // Neither is told to those who look.
    let history = get(&page, "/api/history", &cookie).body;
    assert!(!history.contains("token="), "{history}");
    page.run.stop();
}

#[test]
fn a_browser_that_comes_from_another_site_asks_again_with_its_cookie() {
    let page = Page::at(Zrig::of(NEWS), "0.0.0.0");
    let from_elsewhere = get(&page, "/", "Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(from_elsewhere.status, 401);
    assert!(from_elsewhere.head.contains("refresh: 0"), "{}", from_elsewhere.head);
    let from_here = get(&page, "/", "Sec-Fetch-Site: same-origin\r\n");
    assert!(!from_here.head.contains("refresh"), "{}", from_here.head);
    page.run.stop();
}
