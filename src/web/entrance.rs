//! Who is let in, and what every answer says to a browser.
//!
//! Owns the checks that come before any route. Never answers what was asked.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFRESH,
    SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use tokio::time::timeout;

use super::names::{is_asked_by_name, is_of_another_site};
use super::places::Standing;
use super::refusal::refusal;
use super::site::Site;
use super::tokens::Tokens;

/// Bytes that a request may bring.
const BODY: usize = 2 << 20;
/// How long it may take to bring them.
const BRINGING: Duration = Duration::from_secs(30);

/// What a page may do: use its own parts, and nothing of elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const UNKNOWN: &str = "<!doctype html><title>zrig</title><p>This page needs a link with a token: \
                       whoever started it has one.";
const USED: &str = "<!doctype html><title>zrig</title><p>This link was used, and works only once: \
                    whoever started the page has another one.";

/// What else browsers are told with every answer.
const TOLD: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Lets a request in, or says why not.
pub(super) async fn let_in(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = match admitted(&site, request).await {
        Ok(request) => next.run(request).await,
        Err(refused) => refused,
    };
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in TOLD {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    answer
}

async fn admitted(site: &Site, request: Request) -> Result<Request, Response> {
    if !is_asked_by_name(&request, &site.name) {
        // A page of a browser, whose name was made to mean this address, is no reader of a run.
        let text = "asked for by a name that is not this server's: ask by address, or name it: \
                    --web NAME:PORT";
        return Err(refusal(StatusCode::MISDIRECTED_REQUEST, text));
    }
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.uri().path().starts_with("/api/");
    if !is_page && is_of_another_site(request.headers()) {
        return Err(refusal(StatusCode::FORBIDDEN, "a page of another site asks for this"));
    }
    if let Some(tokens) = &site.tokens
        && let Some(refused) = unknown(tokens, &request, is_page)
    {
        return Err(refused);
    }
    if let Some(standing) = request.extensions().get::<Standing>() {
        standing.let_in();
    }
    if !is_page {
        site.board.met().await;
    }
    if *request.method() == Method::POST { with_body(request).await } else { Ok(request) }
}

/// What is answered to who brings no cookie; who brings what was in a link is given one.
fn unknown(tokens: &Tokens, request: &Request, is_page: bool) -> Option<Response> {
    let is_known = tokens.know(request.headers());
    let query = request.uri().query().unwrap_or_default();
    if request.uri().path() == "/"
        && let Some(token) = query.split('&').find_map(|pair| pair.strip_prefix("token="))
    {
        if is_known {
            // The same browser again is no other one.
            return Some(Redirect::to("/").into_response());
        }
        return Some(match tokens.exchange(token) {
            Some(cookie) => {
                (StatusCode::SEE_OTHER, [(LOCATION, "/"), (SET_COOKIE, &cookie)]).into_response()
            }
            None => (StatusCode::FORBIDDEN, Html(USED)).into_response(),
        });
    }
    if is_known {
        return None;
    }
    if !is_page {
        return Some(refusal(StatusCode::UNAUTHORIZED, "this needs a link with a token"));
    }
    let mut answer = (StatusCode::UNAUTHORIZED, Html(UNKNOWN)).into_response();
    if is_of_another_site(request.headers()) {
        // A browser that comes by a link of another site shows its cookie only once it is here.
        answer.headers_mut().insert(REFRESH, HeaderValue::from_static("0"));
    }
    Some(answer)
}

/// The request with all that it brings.
async fn with_body(request: Request) -> Result<Request, Response> {
    if !is_json(request.headers()) {
        let text = "what is sent here is application/json";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let (head, body) = request.into_parts();
    match timeout(BRINGING, to_bytes(body, BODY)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(head, Body::from(bytes))),
        Ok(Err(_)) => {
            let text = format!("a request brings at most {} MiB", BODY >> 20);
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, &text))
        }
        Err(_) => Err(refusal(StatusCode::REQUEST_TIMEOUT, "it took too long to come")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
