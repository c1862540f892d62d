//! Pipedrive's OAuth: the consent page, tokens, refresh, revoke; and the signed tokens of embedded pages.

use super::{Company, User, app::scope_in_words, web};
use crate::{
    clock::Clock,
    oauth::{TokenForm, is_client},
    tokens::fresh,
    world::Shared,
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
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

const ACCESS_SECONDS: i64 = 3599;
const REFRESH_SECONDS: i64 = 60 * 86_400;
const CODE_SECONDS: i64 = 300;
const SIGNED_SECONDS: i64 = 300;
const ACCESS_TOKENS_MOST: usize = 10;

/// What becomes of a refresh token that is used. Pipedrive's answer names one, and Pipedrive does not promise that it stays the same.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OldRefreshToken {
    /// The answer names it again.
    #[default]
    Stays,
    /// The answer names another one, and the old one is refused from then on.
    Dies,
}

/// Who has installed the app, and the tokens that are out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    codes: BTreeMap<String, Granted>,
    access: BTreeMap<String, Granted>,
    refresh: BTreeMap<String, Granted>,
    #[serde(default)]
    pub(crate) old_refresh_token: OldRefreshToken,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) company_id: i64,
    pub(crate) user_id: i64,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    expires: i64,
}

impl Grants {
    pub(crate) fn installed(&self, user_id: i64) -> bool {
        self.refresh.values().any(|grant| grant.user_id == user_id)
    }

    pub(crate) fn of_access(&self, token: &str, now: i64) -> Option<&Granted> {
        self.access.get(token).filter(|grant| grant.expires > now)
    }

    pub(crate) fn uninstall(&mut self, user_id: i64) {
        self.access.retain(|_, grant| grant.user_id != user_id);
        self.refresh.retain(|_, grant| grant.user_id != user_id);
        self.codes.retain(|_, grant| grant.user_id != user_id);
    }

    pub(crate) fn expire(&mut self, user_id: i64) {
        for grant in self.access.values_mut().filter(|grant| grant.user_id == user_id) {
            grant.expires = 0;
        }
    }

    /// New tokens for a user, as the token endpoint answers them.
    pub(crate) fn grant(&mut self, company_id: i64, user_id: i64, clock: Clock, scopes: &[String], api: &str) -> Value {
        let refresh = fresh(&format!("{company_id}:{user_id}:"));
        self.refresh.insert(
            refresh.clone(),
            Granted { company_id, user_id, scopes: scopes.to_vec(), expires: clock.epoch() + REFRESH_SECONDS },
        );
        self.answer(company_id, user_id, &refresh, clock, scopes, api)
    }

    /// Renews the tokens of a user; `None` where the refresh token is not valid.
    fn refresh(&mut self, used: &str, clock: Clock, api: &str) -> Option<Value> {
        let now = clock.epoch();
        let grant = self.refresh.get_mut(used).filter(|grant| grant.expires > now)?;
        grant.expires = now + REFRESH_SECONDS;
        let Granted { company_id, user_id, scopes, .. } = grant.clone();
        Some(match self.old_refresh_token {
            OldRefreshToken::Stays => self.answer(company_id, user_id, used, clock, &scopes, api),
            OldRefreshToken::Dies => {
                self.refresh.remove(used);
                self.grant(company_id, user_id, clock, &scopes, api)
            }
        })
    }

    fn answer(
        &mut self,
        company_id: i64,
        user_id: i64,
        refresh: &str,
        clock: Clock,
        scopes: &[String],
        api: &str,
    ) -> Value {
        let now = clock.epoch();
        let mut own: Vec<(String, i64)> = self
            .access
            .iter()
            .filter(|(_, grant)| grant.user_id == user_id)
            .map(|(token, grant)| (token.clone(), grant.expires))
            .collect();
        own.sort_by_key(|(_, expires)| *expires);
        let surplus = (own.len() + 1).saturating_sub(ACCESS_TOKENS_MOST);
        for (token, _) in own.into_iter().take(surplus) {
            self.access.remove(&token);
        }
        let access = fresh(&format!("v1u:{company_id}:{user_id}:"));
        self.access.insert(
            access.clone(),
            Granted { company_id, user_id, scopes: scopes.to_vec(), expires: now + ACCESS_SECONDS },
        );
        json!({
            "access_token": access, "token_type": "Bearer", "refresh_token": refresh, "scope": scopes.join(" "),
            "expires_in": ACCESS_SECONDS, "api_domain": api,
        })
    }
}

/// The token that Pipedrive signs for a page of the app.
pub(crate) fn signed(company: &Company, user: &User, secret: &str, clock: Clock) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Claims {
        user_id: i64,
        company_id: i64,
        iat: i64,
        exp: i64,
    }
    let iat = clock.epoch();
    let claims = Claims { user_id: user.id, company_id: company.id, iat, exp: iat + SIGNED_SECONDS };
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap_or_default()
}

pub(crate) fn router(shared: Shared) -> Router {
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
    /// The registration says what is granted; an empty one is refused.
    #[serde(deserialize_with = "also_empty")]
    scope: Option<String>,
    decision: String,
}

/// A text, also an empty one: an `Option` alone would read `scope=` as absent.
fn also_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

#[derive(Template)]
#[template(path = "pipedrive_consent.html")]
struct ConsentPage<'a> {
    app: &'a super::App,
    scopes: Vec<(&'a str, &'a str)>,
    may_install: bool,
    user: &'a User,
    company: &'a Company,
    request: &'a Authorize,
    web: &'a str,
}

fn bad_request(shared: &Shared, request: &Authorize) -> Option<Response> {
    let app = &shared.app;
    let wrong = |text: &str| Some((StatusCode::BAD_REQUEST, text.to_owned()).into_response());
    if request.client_id != app.client_id {
        return wrong("Unknown client_id");
    }
    if !request.redirect_uri.is_empty() && request.redirect_uri != app.callback_url {
        return wrong("redirect_uri does not match the registered callback URL");
    }
    if request.scope.as_ref().is_some_and(|scope| scope.trim().is_empty()) {
        return wrong("scope must not be empty");
    }
    None
}

async fn authorize(State(shared): State<Shared>, jar: CookieJar, Query(request): Query<Authorize>) -> Response {
    if let Some(refusal) = bad_request(&shared, &request) {
        return refusal;
    }
    let web = &shared.origins.pipedrive_web;
    let Some(user_id) = web::signed_in(&shared, &jar) else {
        let mut back = Url::parse(&format!("{}/oauth/authorize", shared.origins.pipedrive_oauth)).ok();
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
    let world = shared.world();
    match world.pipedrive.user(user_id) {
        Some((company, user)) => page(&ConsentPage {
            app: &shared.app,
            scopes: shared.app.scopes.iter().map(|scope| (scope.as_str(), scope_in_words(scope))).collect(),
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
    if let Some(refusal) = bad_request(&shared, &request) {
        return refusal;
    }
    let Some(user_id) = web::signed_in(&shared, &jar) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let Ok(mut back) = Url::parse(&shared.app.callback_url) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if request.decision == "allow" {
        let mut world = shared.world();
        let expires = world.clock.epoch() + CODE_SECONDS;
        let user = world.pipedrive.user(user_id).filter(|(_, user)| user.may("can_install_apps"));
        let Some(company_id) = user.map(|(company, _)| company.id) else {
            return StatusCode::FORBIDDEN.into_response();
        };
        let code = fresh("");
        world
            .pipedrive
            .grants
            .codes
            .insert(code.clone(), Granted { company_id, user_id, scopes: shared.app.scopes.clone(), expires });
        back.query_pairs_mut().append_pair("code", &code);
    } else {
        back.query_pairs_mut().append_pair("error", "user_denied");
    }
    if !request.state.is_empty() {
        back.query_pairs_mut().append_pair("state", &request.state);
    }
    Redirect::to(back.as_str()).into_response()
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn refused(status: StatusCode, error: &str, message: &str) -> Response {
    (status, Json(json!({ "success": false, "message": message, "error": error }))).into_response()
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let app = &shared.app;
    if !is_client(&headers, &form, &app.client_id, &app.client_secret) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client credentials");
    }
    let mut world = shared.world();
    let clock = world.clock;
    let now = clock.epoch();
    let grants = &mut world.pipedrive.grants;
    let api = &shared.origins.pipedrive_api;
    let answer = match form.grant_type.as_str() {
        "authorization_code" => grants
            .codes
            .remove(&form.code)
            .filter(|code| {
                code.expires > now && (form.redirect_uri.is_empty() || form.redirect_uri == app.callback_url)
            })
            .map(|code| grants.grant(code.company_id, code.user_id, clock, &code.scopes, api)),
        "refresh_token" => grants.refresh(&form.refresh_token, clock, api),
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant type"),
    };
    match answer {
        Some(answer) => Json(answer).into_response(),
        None => refused(
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

/// A refresh token ends the installation of its user; an access token only itself.
async fn revoke(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<RevokeForm>) -> Response {
    let app = &shared.app;
    if !is_client(&headers, &TokenForm::default(), &app.client_id, &app.client_secret) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client credentials");
    }
    let mut world = shared.world();
    match world.pipedrive.grants.refresh.get(&form.token).map(|grant| grant.user_id) {
        Some(user_id) => world.pipedrive.uninstall(user_id),
        None => {
            world.pipedrive.grants.access.remove(&form.token);
        }
    }
    StatusCode::OK.into_response()
}
