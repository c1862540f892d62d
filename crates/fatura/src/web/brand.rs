//! The pictures of the *Connect to QuickBooks* button.

use crate::state::App;
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// `GET /brand/connect` and `/brand/connect-hover`. Public.
pub(crate) async fn serve_picture(State(app): State<App>, Path(name): Path<String>) -> Response {
    let picture = match name.as_str() {
        "connect" => &app.connect.rest,
        "connect-hover" => &app.connect.hover,
        _ => &None,
    };
    match picture {
        Some(picture) => ([(header::CONTENT_TYPE, picture.kind)], picture.bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
