//! Why there is no answer.
//!
//! Owns the form of every refusal.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why there is no answer, in the form in which the run says so.
pub(super) fn refusal(status: StatusCode, error: &str) -> Response {
    let invalid = status.is_client_error();
    (status, Json(json!({"failed": {"error": error, "invalid": invalid}}))).into_response()
}
