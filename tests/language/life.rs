//! How the server begins, ends, and takes what no editor should send.

use serde_json::{Value, json};

use super::client::{Client, uri};

#[test]
fn it_says_goodbye_and_ends_with_who_went_without() {
    assert_eq!(Client::start().end(), Some(0));
    let mut client = Client::start();
    client.hang_up();
    assert_eq!(client.wait_for_exit(), Some(1), "nobody said shutdown");
}

#[test]
fn it_ends_when_the_process_of_its_client_has() {
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let mut client = Client::with(&json!({"processId": other.id(), "capabilities": {}}));
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(client.wait_for_exit(), Some(1));
}

#[test]
fn what_is_no_message_or_too_large_ends_it_with_a_word() {
    for bytes in [
        "Content-Length: 99999999999\r\n\r\n",
        "Content-Length: 2\r\n\r\n{}",
        "GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut client = Client::start();
        client.write(bytes.as_bytes()).unwrap();
        assert_eq!(client.wait_for_exit(), Some(1), "{bytes}");
    }
}

#[test]
fn a_text_that_is_too_large_is_refused_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let mut client = Client::start();
    client.open(&path, "zrig", &"#".repeat((10 << 20) + 1));
    let asked = json!({"textDocument": {"uri": uri(&path)}});
    assert!(client.request("textDocument/documentSymbol", &asked).unwrap().is_null());
    assert!(client.logged[0].contains("10 MiB"), "{:?}", client.logged);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn positions_are_bytes_where_the_client_offers_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let text = "nodes:\n  a: {description: 'ä𝄞', rol: pull}\n";
    for (offered, column) in [(json!(["utf-16"]), 26), (json!(["utf-8", "utf-16"]), 29)] {
        let mut client =
            Client::with(&json!({"capabilities": {"general": {"positionEncodings": offered}}}));
        client.open(&path, "zrig", text);
        let told = client.diagnostics(&path, 1);
        let unknown = told.iter().find(|it| it["code"] == "ZR0105").unwrap();
        assert_eq!(unknown["range"]["start"]["character"], column, "{told:#?}");
    }
}

#[test]
fn questions_are_refused_cancelled_or_unknown_with_the_codes_of_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let mut client = Client::start();
    let code = |answer: Result<Value, Value>| answer.unwrap_err()["code"].as_i64().unwrap();
    assert_eq!(code(client.request("textDocument/none", &json!({}))), -32601);
    assert_eq!(code(client.request("textDocument/hover", &json!({"textDocument": 1}))), -32602);
    // What is asked before the first check waits for it, and can be cancelled then.
    client.open(&path, "zrig", "nodes:\n  a: {role: pull, bind: 5}\n");
    let first = client.ask("textDocument/hover", &Client::at(&path, 1, 6));
    client.notify("$/cancelRequest", &json!({"id": first}));
    match client.answer(first) {
        Ok(answer) => assert!(answer["contents"]["value"].as_str().unwrap().contains("role")),
        Err(error) => assert_eq!(error["code"], -32800),
    }
    client.request("shutdown", &Value::Null).unwrap();
    assert_eq!(code(client.request("textDocument/hover", &Client::at(&path, 1, 6))), -32600);
    client.notify("exit", &Value::Null);
    assert_eq!(client.wait_for_exit(), Some(0));
}
