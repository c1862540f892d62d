//! The web pages of Pipedrive, with the frames that embed the app.

mod detail;
mod edit;
mod extensions;
mod fields;
mod format;
mod frame;
mod history;
mod lists;
pub(crate) mod marketplace;
mod sign_in;
mod words;

use self::frame::{message, with_user};
use crate::shared::Shared;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use axum_extra::extract::CookieJar;

/// Scripts and styles of the pages.
const FILES: [(&str, &str, &str); 4] = [
    ("/host.css", "text/css", include_str!("../../static/pipedrive/host.css")),
    ("/page.js", "text/javascript", include_str!("../../static/pipedrive/page.js")),
    ("/host.js", "text/javascript", include_str!("../../static/pipedrive/host.js")),
    ("/surfaces.js", "text/javascript", include_str!("../../static/pipedrive/surfaces.js")),
];

/// Routes of the web pages' origin.
pub fn router(shared: Shared) -> Router {
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(async move || ([(header::CONTENT_TYPE, kind)], content)))
    });
    files
        .route("/version", get(version))
        .merge(sign_in::router())
        .merge(lists::router())
        .merge(detail::router())
        .merge(edit::router())
        .merge(marketplace::router())
        .merge(extensions::router())
        .fallback(answer_not_found)
        .with_state(shared)
}

/// Answers for pages that are not simulated, such as leads and projects.
async fn answer_not_found(State(shared): State<Shared>, jar: CookieJar) -> Response {
    message(&shared, &jar, StatusCode::NOT_FOUND, |words| words.not_found.to_owned())
}

/// Answers with the version of the user's company. A page reloads itself if its own version is older.
async fn version(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, _, _| company.version.to_string().into_response())
}
