//! Pipedrive's OAuth: the consent page, tokens and revocation. Also the signed tokens of embedded pages.

use crate::{
    app::{App, describe_scope},
    company::Company,
    session::signed_in,
    shared::Shared,
    users::User,
};
use askama::Template;
use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::{CookieJar, Query};
use jsonwebtoken::{EncodingKey, Header};
use sandbox_core::{
    clock::Clock,
    oauth::{TokenForm, is_client},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use url::Url;

const SIGNED_TOKEN_SECONDS: i64 = 300;

/// Signs a token for a page of the app.
pub(crate) fn sign_token(company: &Company, user: &User, secret: &str, clock: Clock) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Claims {
        user_id: i64,
        company_id: i64,
        iat: i64,
        exp: i64,
    }
    let iat = clock.epoch_seconds();
    let claims = Claims { user_id: user.id, company_id: company.id, iat, exp: iat + SIGNED_TOKEN_SECONDS };
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap_or_default()
}

/// Routes of the OAuth origin.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/oauth/authorize", get(authorize).post(decide))
        .route("/oauth/token", post(token))
        .route("/oauth/revoke", post(revoke))
        .with_state(shared)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Authorize {
    client_id: String,
    redirect_uri: String,
    state: String,
    /// Scopes of the request. The registration decides which are granted; an empty list is refused.
    #[serde(deserialize_with = "text_or_empty")]
    scope: Option<String>,
    decision: String,
}

/// Reads a text that may be empty. A plain `Option` would read `scope=` as absent.
fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

#[derive(Template)]
#[template(path = "pipedrive_consent.html")]
struct ConsentPage<'a> {
    app: &'a App,
    scopes: Vec<(&'a str, &'a str)>,
    may_install: bool,
    user: &'a User,
    company: &'a Company,
    request: &'a Authorize,
    web: &'a str,
}

fn check_request(shared: &Shared, request: &Authorize) -> Option<Response> {
    let app = &shared.app;
    let bad_request = |text: &str| Some((StatusCode::BAD_REQUEST, text.to_owned()).into_response());
    if request.client_id != app.client_id {
        return bad_request("Unknown client_id");
    }
    if !request.redirect_uri.is_empty() && request.redirect_uri != app.callback_url {
        return bad_request("redirect_uri does not match the registered callback URL");
    }
    if request.scope.as_ref().is_some_and(|scope| scope.trim().is_empty()) {
        return bad_request("scope must not be empty");
    }
    None
}

async fn authorize(State(shared): State<Shared>, jar: CookieJar, Query(request): Query<Authorize>) -> Response {
    if let Some(refusal) = check_request(&shared, &request) {
        return refusal;
    }
    let web = &shared.origins.web;
    let Some(user_id) = signed_in(&shared, &jar) else {
        let mut back = Url::parse(&format!("{}/oauth/authorize", shared.origins.oauth)).ok();
        if let Some(back) = &mut back {
            back.query_pairs_mut()
                .append_pair("client_id", &request.client_id)
                .append_pair("redirect_uri", &request.redirect_uri)
                .append_pair("state", &request.state);
        }
        let back = back.map(String::from).unwrap_or_default();
        let to: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        return Redirect::to(&format!("{web}/?to={to}")).into_response();
    };
    let state = shared.state_mut();
    match state.user(user_id) {
        Some((company, user)) => render_page(&ConsentPage {
            app: &shared.app,
            scopes: shared.app.scopes.iter().map(|scope| (scope.as_str(), describe_scope(scope))).collect(),
            may_install: user.may("can_install_apps"),
            user,
            company,
            request: &request,
            web,
        }),
        None => Redirect::to(web).into_response(),
    }
}

async fn decide(State(shared): State<Shared>, jar: CookieJar, Form(request): Form<Authorize>) -> Response {
    if let Some(refusal) = check_request(&shared, &request) {
        return refusal;
    }
    let Some(user_id) = signed_in(&shared, &jar) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let Ok(mut back) = Url::parse(&shared.app.callback_url) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if request.decision == "allow" {
        let mut state = shared.state_mut();
        let user = state.user(user_id).filter(|(_, user)| user.may("can_install_apps"));
        let Some(company_id) = user.map(|(company, _)| company.id) else {
            return StatusCode::FORBIDDEN.into_response();
        };
        let code = state.grants.issue_code(company_id, user_id, &shared.app.scopes, shared.clock());
        back.query_pairs_mut().append_pair("code", &code);
    } else {
        back.query_pairs_mut().append_pair("error", "user_denied");
    }
    if !request.state.is_empty() {
        back.query_pairs_mut().append_pair("state", &request.state);
    }
    Redirect::to(back.as_str()).into_response()
}

fn render_page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn error_answer(status: StatusCode, error: &str, message: &str) -> Response {
    (status, Json(json!({ "success": false, "message": message, "error": error }))).into_response()
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let app = &shared.app;
    if !is_client(&headers, &form, &app.client_id, &app.client_secret) {
        return error_answer(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client credentials");
    }
    let mut state = shared.state_mut();
    let clock = shared.clock();
    let grants = &mut state.grants;
    let api = &shared.origins.api;
    let answer = match form.grant_type.as_str() {
        "authorization_code" => grants
            .consume_code(&form.code, clock.epoch_seconds())
            .filter(|_| form.redirect_uri.is_empty() || form.redirect_uri == app.callback_url)
            .map(|code| grants.issue_tokens(code.company_id, code.user_id, clock, &code.scopes, api)),
        "refresh_token" => grants.refresh_tokens(&form.refresh_token, clock, api),
        _ => return error_answer(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant type"),
    };
    match answer {
        Some(answer) => Json(answer).into_response(),
        None => error_answer(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "Invalid grant: authorization code or refresh token is invalid",
        ),
    }
}

#[derive(Debug, Deserialize)]
struct RevokeForm {
    token: String,
}

/// Revokes a token. Revoking a refresh token uninstalls the app for its user. Revoking an access token affects no
/// other token.
async fn revoke(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<RevokeForm>) -> Response {
    let app = &shared.app;
    if !is_client(&headers, &TokenForm::default(), &app.client_id, &app.client_secret) {
        return error_answer(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client credentials");
    }
    let mut state = shared.state_mut();
    match state.grants.user_of_refresh_token(&form.token) {
        Some(user_id) => state.uninstall(user_id),
        None => state.grants.remove_access_token(&form.token),
    }
    StatusCode::OK.into_response()
}
