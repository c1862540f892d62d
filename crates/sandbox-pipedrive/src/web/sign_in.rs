//! Sign-in and sign-out, language and theme.

use super::{edit::local_path, frame::render_page};
use crate::{
    company::Company,
    session::{SESSION, signed_in},
    shared::Shared,
};
use askama::Template;
use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::{
    CookieJar, Query,
    cookie::{Cookie, SameSite},
};
use sandbox_core::tokens::generate_token;
use serde::Deserialize;
use serde_json::json;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/preferences", post(preferences))
}

#[derive(Template)]
#[template(path = "pipedrive_sign_in.html")]
struct SignInPage<'a> {
    companies: &'a [Company],
    to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Home {
    to: String,
}

async fn home(State(shared): State<Shared>, jar: CookieJar, Query(query): Query<Home>) -> Response {
    if signed_in(&shared, &jar).is_some() && query.to.is_empty() {
        return Redirect::to("/deals").into_response();
    }
    render_page(&SignInPage { companies: &shared.state().companies, to: query.to })
}

#[derive(Debug, Deserialize)]
struct SignIn {
    user_id: i64,
    #[serde(default)]
    to: String,
}

async fn sign_in(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<SignIn>) -> Response {
    let mut state = shared.state_mut();
    if state.user(form.user_id).is_none_or(|(_, user)| !user.active) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let session = generate_token("");
    state.sessions.insert(session.clone(), form.user_id);
    let cookie = Cookie::build((SESSION, session)).path("/").http_only(true).same_site(SameSite::Lax);
    let is_own_origin =
        [&shared.origins.oauth, &shared.origins.web].iter().any(|origin| form.to.starts_with(&format!("{origin}/")));
    let to = if is_own_origin { form.to } else { "/deals".into() };
    (jar.add(cookie), Redirect::to(&to)).into_response()
}

async fn sign_out(State(shared): State<Shared>, jar: CookieJar) -> Response {
    if let Some(cookie) = jar.get(SESSION) {
        shared.state_mut().sessions.remove(cookie.value());
    }
    (jar.remove(Cookie::build(SESSION).path("/")), Redirect::to("/")).into_response()
}

#[derive(Debug, Deserialize)]
struct Preferences {
    locale: Option<String>,
    theme: Option<String>,
    back: String,
}

/// Changes the language and the theme of the signed-in user.
async fn preferences(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<Preferences>) -> Response {
    let user_id = signed_in(&shared, &jar);
    let mut state = shared.state_mut();
    let Some(user) = user_id.and_then(|id| state.user_mut(id)) else {
        return Redirect::to("/").into_response();
    };
    if let Some(locale) = form.locale.filter(|locale| ["pt_BR", "en_US", "es_ES"].contains(&locale.as_str())) {
        let (language, country) = locale.split_once('_').unwrap_or(("en", "US"));
        user.language = json!({ "language_code": language, "country_code": country });
        user.locale = locale;
    }
    if let Some(theme) = form.theme.filter(|theme| theme == "light" || theme == "dark") {
        user.theme = theme;
    }
    Redirect::to(local_path(&form.back)).into_response()
}
