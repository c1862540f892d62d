//! Intuit's OAuth 2.0: pages for sign-in and consent, tokens, revocation, discovery, user info.

mod discovery;
mod identity;

use crate::{grants::ACCOUNTING, shared::Shared, user::User};
use askama::Template;
use axum::{
    Form, Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use discovery::ISSUER;
use sandbox_core::oauth::{TokenForm, bearer_token, is_client};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Scopes that an app may request. The first two give access to a company.
const SCOPES: [&str; 8] =
    [ACCOUNTING, "com.intuit.quickbooks.payment", "openid", "profile", "email", "phone", "address", "intuit_name"];
/// Description of the refusal of a value that is an access token, or another app's token, instead of a refresh token.
const WRONG_TOKEN_DESCRIPTION: &str = "Incorrect Token type or clientID";

/// Routes of Intuit's origin.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/connect/oauth2", get(authorize).post(decide))
        .route(
            "/oauth2/{version}/tokens/bearer",
            post(token).layer(axum::middleware::from_fn_with_state(shared.clone(), discovery::require_current_path)),
        )
        .route("/v2/oauth2/tokens/revoke", post(revoke))
        .route("/v1/openid_connect/userinfo", get(user_info))
        .route("/op/v1/jwks", get(async || Json(identity::keys())))
        .route("/.well-known/openid_configuration", get(discovery::document))
        .route("/.well-known/openid_configuration/", get(discovery::document))
        .route("/.well-known/openid_sandbox_configuration", get(discovery::document))
        .route("/.well-known/openid_sandbox_configuration/", get(discovery::document))
        .layer(axum::middleware::map_response(async |mut response: Response| {
            if let Ok(id) = format!("1-{}", uuid::Uuid::new_v4().simple()).parse() {
                response.headers_mut().insert("intuit_tid", id);
            }
            response
        }))
        .with_state(shared)
}

/// Parameters of the authorization request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Authorize {
    client_id: String,
    response_type: String,
    scope: String,
    redirect_uri: String,
    state: String,
    /// User chosen on the sign-in page.
    user: String,
    /// Company chosen on the consent page.
    realm_id: String,
    /// `allow` or `cancel`.
    decision: String,
}

#[derive(Template)]
#[template(path = "intuit_error.html")]
struct ErrorPage {
    message: String,
}

#[derive(Template)]
#[template(path = "intuit_sign_in.html")]
struct SignInPage<'a> {
    request: &'a Authorize,
    users: &'a [User],
}

#[derive(Template)]
#[template(path = "intuit_consent.html")]
struct ConsentPage<'a> {
    request: &'a Authorize,
    user: &'a User,
    companies: Vec<(String, String, String)>,
}

/// Checks an authorization request, and returns the error message. Intuit shows errors on a page, and does not redirect
/// to an unregistered address.
fn check_request(shared: &Shared, request: &Authorize) -> Option<String> {
    let app = &shared.app;
    if request.client_id != app.client_id {
        return Some("The client_id is not known.".into());
    }
    if !app.redirect_uris.contains(&request.redirect_uri) {
        return Some(format!("The redirect_uri query parameter value is invalid: {}", request.redirect_uri));
    }
    (request.response_type != "code").then(|| "The response_type has to be code.".into())
}

async fn authorize(State(shared): State<Shared>, Query(request): Query<Authorize>) -> Response {
    if let Some(message) = check_request(&shared, &request) {
        return render_page(StatusCode::BAD_REQUEST, &ErrorPage { message });
    }
    if request.scope.split_whitespace().next().is_none()
        || request.scope.split_whitespace().any(|scope| !SCOPES.contains(&scope))
    {
        return redirect_back(&request, &[("error", "invalid_scope")]);
    }
    let state = shared.state_mut();
    let Some(user) = state.users.iter().find(|user| user.sub == request.user) else {
        return render_page(StatusCode::OK, &SignInPage { request: &request, users: &state.users });
    };
    let companies = user
        .realms
        .iter()
        .filter_map(|realm| state.companies.get(realm))
        .map(|company| (company.realm_id.clone(), company.name().to_owned(), company.country().to_owned()))
        .collect();
    render_page(StatusCode::OK, &ConsentPage { request: &request, user, companies })
}

async fn decide(State(shared): State<Shared>, Form(request): Form<Authorize>) -> Response {
    if let Some(message) = check_request(&shared, &request) {
        return render_page(StatusCode::BAD_REQUEST, &ErrorPage { message });
    }
    if request.decision != "allow" {
        return redirect_back(&request, &[("error", "access_denied")]);
    }
    let mut state = shared.state_mut();
    // The consent page asks for a company only if a scope gives access to one.
    let needs_company = request.scope.split_whitespace().any(|scope| SCOPES[..2].contains(&scope));
    let user = state.users.iter().find(|user| user.sub == request.user);
    if !user.is_some_and(|user| !needs_company || user.realms.contains(&request.realm_id)) {
        return render_page(StatusCode::BAD_REQUEST, &ErrorPage { message: "Choose a company.".into() });
    }
    let code = state.grants.issue_code(
        &request.realm_id,
        &request.user,
        &request.scope,
        &request.redirect_uri,
        shared.clock(),
    );
    drop(state);
    if needs_company {
        redirect_back(&request, &[("code", &code), ("realmId", &request.realm_id)])
    } else {
        redirect_back(&request, &[("code", &code)])
    }
}

fn redirect_back(request: &Authorize, pairs: &[(&str, &str)]) -> Response {
    match Url::parse(&request.redirect_uri) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs).append_pair("state", &request.state);
            Redirect::to(url.as_str()).into_response()
        }
        Err(_) => render_page(StatusCode::BAD_REQUEST, &ErrorPage { message: "The redirect_uri is invalid.".into() }),
    }
}

fn render_page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn error_answer(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

/// Refuses a grant at the token endpoint.
pub fn refused_grant(description: &str) -> Response {
    if description.is_empty() {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    error_answer(StatusCode::BAD_REQUEST, "invalid_grant", description)
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let app = &shared.app;
    if !is_client(&headers, &form, &app.client_id, &app.client_secret) {
        return error_answer(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    let mut state = shared.state_mut();
    let clock = shared.clock();
    // Most refusals have no description.
    let mut description = "";
    let answer = match form.grant_type.as_str() {
        "authorization_code" => {
            description = "Incorrect or invalid authorization code";
            let code = state.grants.consume_code(&form.code, &form.redirect_uri, clock.epoch_seconds());
            code.map(|code| {
                let mut answer = state.grants.issue_tokens(&code.realm_id, &code.sub, &code.scope, clock);
                if code.scope.split_whitespace().any(|scope| scope == "openid") {
                    answer["id_token"] = json!(identity::token(
                        ISSUER,
                        &app.client_id,
                        &code.sub,
                        &code.realm_id,
                        clock.epoch_seconds()
                    ));
                }
                answer
            })
        }
        "refresh_token" => {
            let quickbooks = &mut *state;
            if quickbooks.grants.is_access_token(&form.refresh_token) {
                description = WRONG_TOKEN_DESCRIPTION;
            }
            let realm = quickbooks.grants.realm_of_refresh_token(&form.refresh_token);
            let company = realm.and_then(|realm| quickbooks.companies.get(realm));
            let old = company.map(|company| company.quirks.old_refresh_token).unwrap_or_default();
            quickbooks.grants.refresh_tokens(&form.refresh_token, old, clock)
        }
        _ => return error_answer(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported"),
    };
    let includes_hard_expiry = headers
        .get("x-include-refresh-token-hard-expires-in")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    match answer {
        Some(mut answer) if !includes_hard_expiry => {
            answer.as_object_mut().map(|answer| answer.remove("x_refresh_token_hard_expires_in"));
            ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response()
        }
        Some(answer) => ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response(),
        None => refused_grant(description),
    }
}

async fn revoke(State(shared): State<Shared>, request: Request) -> Response {
    let app = &shared.app;
    let headers = request.headers().clone();
    let is_json =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let Ok(body) = axum::body::to_bytes(request.into_body(), 64 * 1024).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let token = if is_json {
        serde_json::from_slice::<Value>(&body).ok().and_then(|body| body["token"].as_str().map(str::to_owned))
    } else {
        url::form_urlencoded::parse(&body).find(|(key, _)| key == "token").map(|(_, value)| value.into_owned())
    };
    if !is_client(&headers, &TokenForm::default(), &app.client_id, &app.client_secret) {
        return error_answer(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    let token = token.filter(|token| !token.is_empty());
    match token {
        Some(token) if shared.state_mut().grants.revoke(&token) => StatusCode::OK.into_response(),
        _ => error_answer(StatusCode::BAD_REQUEST, "invalid_request", "Token is incorrect"),
    }
}

async fn user_info(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let state = shared.state_mut();
    let now = shared.clock().epoch_seconds();
    let access = bearer_token(&headers).and_then(|token| state.grants.find_access_token(token, "openid", now));
    let user = access.and_then(|access| state.users.iter().find(|user| user.sub == access.sub));
    match user {
        Some(user) => {
            let scope = access.map(|access| access.scope.clone()).unwrap_or_default();
            let has = |wanted: &str| scope.split_whitespace().any(|scope| scope == wanted);
            let (given_name, family_name) = user.name.split_once(' ').unwrap_or((&user.name, ""));
            let mut info = json!({ "sub": user.sub });
            if has("email") {
                info["email"] = json!(user.email);
                info["emailVerified"] = json!(true);
            }
            if has("profile") || has("intuit_name") {
                info["givenName"] = json!(given_name);
                info["familyName"] = json!(family_name);
            }
            if has("phone") {
                info["phoneNumber"] = json!("+1 4155550100");
                info["phoneNumberVerified"] = json!(false);
            }
            if has("address") {
                info["address"] = json!({ "streetAddress": "2700 Coast Avenue", "locality": "Mountain View", "region": "CA", "postalCode": "94043", "country": "US" });
            }
            Json(info).into_response()
        }
        None => error_answer(StatusCode::UNAUTHORIZED, "invalid_token", "Token invalid"),
    }
}
