//! Intuit's OAuth 2.0: sign-in and consent pages, token, refresh with rotation, revoke, discovery, user info.

mod discovery;
mod identity;

pub(crate) use discovery::Discovery;

use super::{User, company::OldRefreshToken};
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

/// Whoever signs id tokens: Intuit's SDKs know it by this name, wherever the keys are.
const ISSUER: &str = "https://oauth.platform.intuit.com/op/v1";
const ACCOUNTING: &str = "com.intuit.quickbooks.accounting";
/// What an app may ask for; the first two belong to a company.
const SCOPES: [&str; 8] =
    [ACCOUNTING, "com.intuit.quickbooks.payment", "openid", "profile", "email", "phone", "address", "intuit_name"];
/// A chain of refresh tokens ends five years after the consent, whatever its use.
const CHAIN_SECONDS: i64 = 157_680_000;
const ACCESS_SECONDS: i64 = 3600;
const REFRESH_SECONDS: i64 = 8_640_000;
const CODE_SECONDS: i64 = 600;
/// For a day a refresh gives back the same refresh token; the superseded one lives for another day, or dies at once (a quirk).
const ROTATION_SECONDS: i64 = 86_400;
/// What is said of an access token, or of another app's token, in the place of a refresh token.
const WRONG_TOKEN: &str = "Incorrect Token type or clientID";

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
    /// When the user consented.
    granted: i64,
    /// When this value was first given out.
    issued: i64,
    /// It dies then: 100 days after its last use, or a day after it was superseded.
    expires: i64,
}

/// What a bearer may do.
pub(crate) enum Bearer {
    /// The company and the user that a token stands for.
    Of {
        realm_id: String,
        sub: String,
    },
    /// Valid, and not for the Accounting API.
    WithoutScope,
    Expired,
    Unknown,
}

impl Grants {
    /// The company that an access token opens.
    pub(crate) fn realm(&self, token: &str, now: i64) -> Bearer {
        match self.access.get(token) {
            Some(access) if access.expires <= now => Bearer::Expired,
            Some(access) if !access.scope.split(' ').any(|scope| scope == ACCOUNTING) => Bearer::WithoutScope,
            Some(access) => Bearer::Of { realm_id: access.realm_id.clone(), sub: access.sub.clone() },
            None => Bearer::Unknown,
        }
    }

    /// New tokens for a company, as the token endpoint answers them.
    pub(crate) fn grant(&mut self, realm_id: &str, sub: &str, scope: &str, clock: Clock) -> Value {
        self.chain(realm_id, sub, scope, clock.epoch(), clock)
    }

    /// A new refresh token of a consent given at `granted`.
    fn chain(&mut self, realm_id: &str, sub: &str, scope: &str, granted: i64, clock: Clock) -> Value {
        let now = clock.epoch();
        let refresh = fresh("AB11");
        let grant = Refresh {
            realm_id: realm_id.to_owned(),
            sub: sub.to_owned(),
            scope: scope.to_owned(),
            granted,
            issued: now,
            expires: (now + REFRESH_SECONDS).min(granted + CHAIN_SECONDS),
        };
        self.refresh.insert(refresh.clone(), grant.clone());
        self.answer(&grant, &refresh, now)
    }

    fn answer(&mut self, grant: &Refresh, refresh: &str, now: i64) -> Value {
        // Tokens that expired long ago need not be told from unknown ones.
        self.access.retain(|_, access| access.expires > now - ROTATION_SECONDS);
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
            "x_refresh_token_hard_expires_in": grant.granted + CHAIN_SECONDS - now,
        })
    }

    /// The company of a refresh token.
    fn realm_of_refresh(&self, token: &str) -> Option<&str> {
        self.refresh.get(token).map(|grant| grant.realm_id.as_str())
    }

    fn refresh(&mut self, token: &str, old: OldRefreshToken, clock: Clock) -> Option<Value> {
        let now = clock.epoch();
        let mut grant = self.refresh.get(token).filter(|grant| grant.expires > now)?.clone();
        if now - grant.issued < ROTATION_SECONDS {
            grant.expires = (now + REFRESH_SECONDS).min(grant.granted + CHAIN_SECONDS);
            self.refresh.insert(token.to_owned(), grant.clone());
            return Some(self.answer(&grant, token, now));
        }
        match old {
            OldRefreshToken::Lives => {
                if let Some(superseded) = self.refresh.get_mut(token) {
                    superseded.expires = now + ROTATION_SECONDS;
                }
            }
            OldRefreshToken::Dies => {
                self.refresh.remove(token);
            }
        }
        Some(self.chain(&grant.realm_id, &grant.sub, &grant.scope, grant.granted, clock))
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

    /// Whether an app has access to a company.
    pub(crate) fn is_connected(&self, realm_id: &str) -> bool {
        self.refresh.values().any(|refresh| refresh.realm_id == realm_id)
    }

    /// Makes every access token of a company expire now.
    pub(crate) fn expire(&mut self, realm_id: &str, now: i64) {
        for access in self.access.values_mut().filter(|access| access.realm_id == realm_id) {
            access.expires = access.expires.min(now);
        }
    }
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/connect/oauth2", get(authorize).post(decide))
        .route(
            "/oauth2/{version}/tokens/bearer",
            post(token).layer(axum::middleware::from_fn_with_state(shared.clone(), discovery::where_it_is_now)),
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
    if !app.redirect_uris.contains(&request.redirect_uri) {
        return Some(format!("The redirect_uri query parameter value is invalid: {}", request.redirect_uri));
    }
    (request.response_type != "code").then(|| "The response_type has to be code.".into())
}

async fn authorize(State(shared): State<Shared>, Query(request): Query<Authorize>) -> Response {
    if let Some(message) = refusal(&shared, &request) {
        return page(StatusCode::BAD_REQUEST, &ErrorPage { message });
    }
    if request.scope.split_whitespace().next().is_none()
        || request.scope.split_whitespace().any(|scope| !SCOPES.contains(&scope))
    {
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
    // Only what belongs to a company asks for one.
    let needs_company = request.scope.split_whitespace().any(|scope| SCOPES[..2].contains(&scope));
    let user = world.quickbooks.users.iter().find(|user| user.sub == request.user);
    if !user.is_some_and(|user| !needs_company || user.realms.contains(&request.realm_id)) {
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
    drop(world);
    if needs_company {
        back(&request, &[("code", &code), ("realmId", &request.realm_id)])
    } else {
        back(&request, &[("code", &code)])
    }
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

/// A grant that the token endpoint does not take.
pub(crate) fn refused_grant(description: &str) -> Response {
    if description.is_empty() {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    error(StatusCode::BAD_REQUEST, "invalid_grant", description)
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let app = &shared.quickbooks_app;
    if !is_client(&headers, &form, &app.client_id, &app.client_secret) {
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    let mut world = shared.world();
    let clock = world.clock;
    // Usually a refusal has no description.
    let mut wrong = "";
    let answer = match form.grant_type.as_str() {
        "authorization_code" => {
            wrong = "Incorrect or invalid authorization code";
            let code = world.quickbooks.grants.codes.remove(&form.code);
            code.filter(|code| code.expires > clock.epoch() && code.redirect_uri == form.redirect_uri).map(|code| {
                let mut answer = world.quickbooks.grants.grant(&code.realm_id, &code.sub, &code.scope, clock);
                if code.scope.split_whitespace().any(|scope| scope == "openid") {
                    answer["id_token"] =
                        json!(identity::token(ISSUER, &app.client_id, &code.sub, &code.realm_id, clock.epoch()));
                }
                answer
            })
        }
        "refresh_token" => {
            let quickbooks = &mut world.quickbooks;
            if quickbooks.grants.access.contains_key(&form.refresh_token) {
                wrong = WRONG_TOKEN;
            }
            let realm = quickbooks.grants.realm_of_refresh(&form.refresh_token);
            let company = realm.and_then(|realm| quickbooks.companies.get(realm));
            let old = company.map(|company| company.quirks.old_refresh_token).unwrap_or_default();
            quickbooks.grants.refresh(&form.refresh_token, old, clock)
        }
        _ => return error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported"),
    };
    let hard = headers
        .get("x-include-refresh-token-hard-expires-in")
        .is_some_and(|asked| asked.as_bytes().eq_ignore_ascii_case(b"true"));
    match answer {
        Some(mut answer) if !hard => {
            answer.as_object_mut().map(|answer| answer.remove("x_refresh_token_hard_expires_in"));
            ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response()
        }
        Some(answer) => ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response(),
        None => refused_grant(wrong),
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
    let token = token.filter(|token| !token.is_empty());
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
            let scope = access.map(|access| access.scope.clone()).unwrap_or_default();
            let has = |wanted: &str| scope.split_whitespace().any(|scope| scope == wanted);
            let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
            let mut info = json!({ "sub": user.sub });
            if has("email") {
                info["email"] = json!(user.email);
                info["emailVerified"] = json!(true);
            }
            if has("profile") || has("intuit_name") {
                info["givenName"] = json!(given);
                info["familyName"] = json!(family);
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
        None => error(StatusCode::UNAUTHORIZED, "invalid_token", "Token invalid"),
    }
}
