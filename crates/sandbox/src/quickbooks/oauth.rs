//! Intuit's OAuth 2.0: sign-in and consent pages, token, refresh with rotation, revoke, discovery, user info.

use super::User;
use crate::{
    clock::Clock,
    oauth::{TokenForm, bearer, is_client},
    tokens::fresh,
    world::Shared,
};
use askama::Template;
use axum::{
    Form, Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

const ACCESS_SECONDS: i64 = 3600;
const REFRESH_SECONDS: i64 = 8_640_000;
const CODE_SECONDS: i64 = 600;
/// For a day a refresh gives back the same refresh token; the superseded one lives for another day.
const ROTATION_SECONDS: i64 = 86_400;

/// Codes and tokens that are out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Code {
    realm_id: String,
    sub: String,
    scope: String,
    redirect_uri: String,
    expires: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Access {
    realm_id: String,
    sub: String,
    scope: String,
    expires: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refresh {
    realm_id: String,
    sub: String,
    scope: String,
    /// When this value was first given out.
    issued: i64,
    /// It dies then: 100 days after its last use, or a day after it was superseded.
    expires: i64,
}

/// What a bearer may do.
pub(crate) enum Bearer {
    Of(String),
    Expired,
    Unknown,
}

impl Grants {
    /// The company that an access token opens.
    pub(crate) fn realm(&self, token: &str, now: i64) -> Bearer {
        match self.access.get(token) {
            Some(access) if access.expires > now => Bearer::Of(access.realm_id.clone()),
            Some(_) => Bearer::Expired,
            None => Bearer::Unknown,
        }
    }

    /// New tokens for a company, as the token endpoint answers them.
    pub(crate) fn grant(&mut self, realm_id: &str, sub: &str, scope: &str, clock: Clock) -> Value {
        let now = clock.epoch();
        let refresh = fresh("AB11");
        let grant = Refresh {
            realm_id: realm_id.to_owned(),
            sub: sub.to_owned(),
            scope: scope.to_owned(),
            issued: now,
            expires: now + REFRESH_SECONDS,
        };
        self.refresh.insert(refresh.clone(), grant.clone());
        self.answer(&grant, &refresh, now)
    }

    fn answer(&mut self, grant: &Refresh, refresh: &str, now: i64) -> Value {
        let access = fresh("eyJ");
        self.access.insert(
            access.clone(),
            Access {
                realm_id: grant.realm_id.clone(),
                sub: grant.sub.clone(),
                scope: grant.scope.clone(),
                expires: now + ACCESS_SECONDS,
            },
        );
        json!({
            "token_type": "bearer",
            "expires_in": ACCESS_SECONDS,
            "access_token": access,
            "refresh_token": refresh,
            "x_refresh_token_expires_in": grant.expires - now,
        })
    }

    fn refresh(&mut self, token: &str, clock: Clock) -> Option<Value> {
        let now = clock.epoch();
        let mut grant = self.refresh.get(token).filter(|grant| grant.expires > now)?.clone();
        if now - grant.issued < ROTATION_SECONDS {
            grant.expires = now + REFRESH_SECONDS;
            self.refresh.insert(token.to_owned(), grant.clone());
            return Some(self.answer(&grant, token, now));
        }
        if let Some(old) = self.refresh.get_mut(token) {
            old.expires = now + ROTATION_SECONDS;
        }
        let (realm_id, sub, scope) = (grant.realm_id, grant.sub, grant.scope);
        Some(self.grant(&realm_id, &sub, &scope, clock))
    }

    /// Ends the connection that a token belongs to. False when the token is unknown.
    fn revoke(&mut self, token: &str) -> bool {
        let access = self.access.get(token).map(|access| access.realm_id.clone());
        let realm = access.or_else(|| self.refresh.get(token).map(|refresh| refresh.realm_id.clone()));
        realm.map(|realm_id| self.disconnect(&realm_id)).is_some()
    }

    /// Ends all access to a company, as its owner does in QuickBooks' list of apps.
    pub(crate) fn disconnect(&mut self, realm_id: &str) {
        self.access.retain(|_, access| access.realm_id != realm_id);
        self.refresh.retain(|_, refresh| refresh.realm_id != realm_id);
    }

    /// Makes every access token of a company expire now.
    pub(crate) fn expire(&mut self, realm_id: &str) {
        for access in self.access.values_mut().filter(|access| access.realm_id == realm_id) {
            access.expires = 0;
        }
    }
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/connect/oauth2", get(authorize).post(decide))
        .route("/oauth2/v1/tokens/bearer", post(token))
        .route("/v2/oauth2/tokens/revoke", post(revoke))
        .route("/v1/openid_connect/userinfo", get(user_info))
        .route("/.well-known/openid_configuration", get(discovery))
        .route("/.well-known/openid_configuration/", get(discovery))
        .route("/.well-known/openid_sandbox_configuration", get(discovery))
        .route("/.well-known/openid_sandbox_configuration/", get(discovery))
        .with_state(shared)
}

async fn discovery(State(shared): State<Shared>) -> Json<Value> {
    let base = &shared.origins.intuit;
    Json(json!({
        "issuer": format!("{base}/op/v1"),
        "authorization_endpoint": format!("{base}/connect/oauth2"),
        "token_endpoint": format!("{base}/oauth2/v1/tokens/bearer"),
        "userinfo_endpoint": format!("{base}/v1/openid_connect/userinfo"),
        "revocation_endpoint": format!("{base}/v2/oauth2/tokens/revoke"),
        "jwks_uri": format!("{base}/op/v1/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }))
}

/// What the app sends the browser with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Authorize {
    client_id: String,
    response_type: String,
    scope: String,
    redirect_uri: String,
    state: String,
    /// Chosen on the sign-in page.
    user: String,
    /// Chosen on the consent page.
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

/// A mistake in the request is shown as a page; Intuit never sends it back to an address it does not know.
fn refusal(shared: &Shared, request: &Authorize) -> Option<String> {
    let app = &shared.quickbooks_app;
    if request.client_id != app.client_id {
        return Some("The client_id is not known.".into());
    }
    if request.redirect_uri != app.redirect_uri {
        return Some(format!("The redirect_uri query parameter value is invalid: {}", request.redirect_uri));
    }
    (request.response_type != "code").then(|| "The response_type has to be code.".into())
}

async fn authorize(State(shared): State<Shared>, Query(request): Query<Authorize>) -> Response {
    if let Some(message) = refusal(&shared, &request) {
        return page(StatusCode::BAD_REQUEST, &ErrorPage { message });
    }
    if !request.scope.split(' ').any(|scope| scope == "com.intuit.quickbooks.accounting") {
        return back(&request, &[("error", "invalid_scope")]);
    }
    let world = shared.world();
    let Some(user) = world.quickbooks.users.iter().find(|user| user.sub == request.user) else {
        return page(StatusCode::OK, &SignInPage { request: &request, users: &world.quickbooks.users });
    };
    let companies = user
        .realms
        .iter()
        .filter_map(|realm| world.quickbooks.companies.get(realm))
        .map(|company| (company.realm_id.clone(), company.name().to_owned(), company.country().to_owned()))
        .collect();
    page(StatusCode::OK, &ConsentPage { request: &request, user, companies })
}

async fn decide(State(shared): State<Shared>, Form(request): Form<Authorize>) -> Response {
    if let Some(message) = refusal(&shared, &request) {
        return page(StatusCode::BAD_REQUEST, &ErrorPage { message });
    }
    if request.decision != "allow" {
        return back(&request, &[("error", "access_denied")]);
    }
    let mut world = shared.world();
    let now = world.clock.epoch();
    let allowed =
        world.quickbooks.users.iter().any(|user| user.sub == request.user && user.realms.contains(&request.realm_id));
    if !allowed {
        return page(StatusCode::BAD_REQUEST, &ErrorPage { message: "Choose a company.".into() });
    }
    let code = fresh("AB0");
    world.quickbooks.grants.codes.insert(
        code.clone(),
        Code {
            realm_id: request.realm_id.clone(),
            sub: request.user.clone(),
            scope: request.scope.clone(),
            redirect_uri: request.redirect_uri.clone(),
            expires: now + CODE_SECONDS,
        },
    );
    back(&request, &[("code", &code), ("realmId", &request.realm_id)])
}

fn back(request: &Authorize, pairs: &[(&str, &str)]) -> Response {
    match Url::parse(&request.redirect_uri) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs).append_pair("state", &request.state);
            Redirect::to(url.as_str()).into_response()
        }
        Err(_) => page(StatusCode::BAD_REQUEST, &ErrorPage { message: "The redirect_uri is invalid.".into() }),
    }
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn error(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let app = &shared.quickbooks_app;
    if !is_client(&headers, &form, &app.client_id, &app.client_secret) {
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    let mut world = shared.world();
    let clock = world.clock;
    let answer = match form.grant_type.as_str() {
        "authorization_code" => {
            let code = world.quickbooks.grants.codes.remove(&form.code);
            match code.filter(|code| code.expires > clock.epoch() && code.redirect_uri == form.redirect_uri) {
                Some(code) => Some(world.quickbooks.grants.grant(&code.realm_id, &code.sub, &code.scope, clock)),
                None => None,
            }
        }
        "refresh_token" => world.quickbooks.grants.refresh(&form.refresh_token, clock),
        _ => return error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported"),
    };
    match answer {
        Some(answer) => ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response(),
        None => error(StatusCode::BAD_REQUEST, "invalid_grant", "Incorrect or invalid refresh token"),
    }
}

async fn revoke(State(shared): State<Shared>, request: Request) -> Response {
    let app = &shared.quickbooks_app;
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
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    match token {
        Some(token) if shared.world().quickbooks.grants.revoke(&token) => StatusCode::OK.into_response(),
        _ => error(StatusCode::BAD_REQUEST, "invalid_request", "Token is incorrect"),
    }
}

async fn user_info(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let world = shared.world();
    let now = world.clock.epoch();
    let access = bearer(&headers).and_then(|token| world.quickbooks.grants.access.get(token));
    let user = access
        .filter(|access| access.expires > now && access.scope.split(' ').any(|scope| scope == "openid"))
        .and_then(|access| world.quickbooks.users.iter().find(|user| user.sub == access.sub));
    match user {
        Some(user) => {
            let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
            Json(json!({ "sub": user.sub, "email": user.email, "emailVerified": true, "givenName": given, "familyName": family }))
                .into_response()
        }
        None => error(StatusCode::UNAUTHORIZED, "invalid_token", "Token invalid"),
    }
}
