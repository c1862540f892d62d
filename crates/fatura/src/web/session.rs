//! Sessions of the embedded pages.
//!
//! Pipedrive signs a token for each page. The page exchanges it for a bearer that is valid for 15 minutes. Tenant and user come only from the
//! signed token, never from the URL. There is no cookie, because browsers block cookies in frames.

use super::error::Error;
use crate::{
    flows::{
        self,
        context::UserContext,
        rights::{self, TenantKey, find_user},
    },
    format::Writer,
    language::Language,
    locale::Locale,
    security::{self, Event},
    state::App,
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, header, request::Parts},
};
use domain::ids::{TenantId, UserId};
use i18n_embed_fl::fl;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use providers::pipedrive;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use store::{grants::Profile, tenants::Tenant};
use uuid::Uuid;

/// Lifetime of a bearer.
const BEARER_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// Age at which the stored profile (language and rights) is read from Pipedrive again.
const PROFILE_MAX_AGE: SignedDuration = SignedDuration::from_secs(20);

/// The place of a page in Pipedrive, which signs the tokens of each place with a different secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Surface {
    /// The side panel of a deal.
    Panel,
    /// The modal with the invoice form.
    Form,
    /// The app's settings page.
    Settings,
    /// An open form that the browser posts without the page's script.
    Posted,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    tenant: Uuid,
    user: i64,
    surface: Surface,
    /// The deal of a posted form.
    #[serde(default)]
    deal: Option<i64>,
    exp: i64,
}

/// The response of the exchange.
#[derive(Debug, Serialize)]
pub(crate) struct Bearer {
    bearer: String,
    seconds: i64,
    language: &'static str,
    /// Texts for the shell in the user's language. The shell was rendered in the browser's language.
    words: ShellTexts,
}

/// The texts that replace those of the shell.
#[derive(Debug, Serialize)]
struct ShellTexts {
    offline: String,
    again: String,
}

fn find_bearer(headers: &HeaderMap) -> Result<&str, Error> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .ok_or(Error::Unauthenticated)
}

/// Returns the signing keys of bearers, one for each key of the vault. The first one signs; all are accepted.
fn signing_keys(app: &App) -> Vec<String> {
    app.vault.digests("session key", "v1")
}

/// Exchanges Pipedrive's signed token for a bearer.
pub(crate) async fn exchange_token(
    State(app): State<App>,
    Path(surface): Path<Surface>,
    headers: HeaderMap,
) -> Result<Json<Bearer>, Error> {
    let accept_language =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = Locale::language_of(accept_language);
    let now = app.clock.now();
    let secret = match surface {
        Surface::Panel => &app.config.pipedrive_jwt_secret_panel,
        Surface::Form => &app.config.pipedrive_jwt_secret_form,
        Surface::Settings => &app.config.pipedrive_jwt_secret_settings,
        Surface::Posted => return Err(Error::Unauthenticated),
    };
    let signed = pipedrive::verify_token(find_bearer(&headers)?, secret, now).ok_or_else(reject_token)?;
    let localize = Error::localized(language);
    let user = UserId(signed.user_id);
    let (tenant, grant) = find_user(&app, TenantKey::Company(signed.company_id), user).await.map_err(&localize)?;
    let mut profile = grant.profile;
    if grant.profile_at + PROFILE_MAX_AGE < now {
        profile = refresh_profile(&UserContext::new(&app, tenant.id, user), profile).await.map_err(&localize)?;
    }
    let claims =
        Claims { tenant: tenant.id.0, user: user.0, surface, deal: None, exp: (now + BEARER_LIFETIME).as_second() };
    let bearer = sign_claims(&app, &claims)?;
    security::record(Event::SessionOpened, Some(tenant.id));
    let language = Locale::language_of(&profile.language);
    let w = Writer::new(Locale::of_user(&profile.locale, &profile.language));
    let words = ShellTexts { offline: fl!(w.t, "offline-text"), again: fl!(w.t, "try-again") };
    Ok(Json(Bearer { bearer, seconds: BEARER_LIFETIME.as_secs(), language: language.tag(), words }))
}

/// Records the security event of an invalid token, and returns the error.
fn reject_token() -> Error {
    security::record(Event::TokenRefused, None);
    Error::Unauthenticated
}

fn sign_claims(app: &App, claims: &Claims) -> Result<String, Error> {
    let key = EncodingKey::from_secret(signing_keys(app)[0].as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(|error| Error::Page(error.to_string()))
}

/// Reads the user's profile from Pipedrive. If that fails, returns the stored one: it only decides the language and what a page offers, not
/// what the user may do.
async fn refresh_profile(context: &UserContext, stored: Profile) -> Result<Profile, flows::Error> {
    match rights::read_profile(context).await {
        Err(flows::Error::NotInstalled) => Err(flows::Error::NotInstalled),
        Err(error) => {
            tracing::warn!(tenant.id = %context.tenant.0, %error, "failed to read the user's profile; using the stored one");
            Ok(stored)
        }
        profile => profile,
    }
}

/// An authenticated user who has the app installed.
#[derive(Clone)]
pub(crate) struct Session {
    pub(super) context: UserContext,
    /// The tenant's company in Pipedrive.
    pub(crate) company: Tenant,
    pub(crate) profile: Profile,
}

impl Deref for Session {
    type Target = UserContext;

    fn deref(&self) -> &UserContext {
        &self.context
    }
}

impl Session {
    pub(crate) fn writer(&self) -> Writer {
        Writer::new(Locale::of_user(&self.profile.locale, &self.profile.language))
    }

    /// Returns a function that converts an error of a flow to a response in the user's language.
    pub(crate) fn localize_error(&self) -> impl Fn(flows::Error) -> Error + use<> {
        Error::localized(Locale::language_of(&self.profile.language))
    }
}

fn verify_bearer(app: &App, bearer: &str, surfaces: &[Surface]) -> Result<Claims, Error> {
    let mut validation = Validation::new(Algorithm::HS256);
    // The expiry is checked below, with the service's clock.
    validation.validate_exp = false;
    let decode = |key: &String| {
        jsonwebtoken::decode::<Claims>(bearer, &DecodingKey::from_secret(key.as_bytes()), &validation).ok()
    };
    let claims = signing_keys(app).iter().find_map(decode).ok_or_else(reject_token)?.claims;
    if claims.exp <= app.clock.now().as_second() || !surfaces.contains(&claims.surface) {
        return Err(Error::Unauthenticated);
    }
    Ok(claims)
}

/// Whether the user still has the app installed. Also `true` if the database does not answer.
pub(super) async fn is_installed(context: &UserContext) -> bool {
    !matches!(
        find_user(&context.app, TenantKey::Id(context.tenant), context.user).await,
        Err(flows::Error::NotInstalled)
    )
}

async fn load_session(app: &App, claims: &Claims) -> Result<Session, Error> {
    let user = UserId(claims.user);
    let (company, grant) = find_user(app, TenantKey::Id(TenantId(claims.tenant)), user)
        .await
        .map_err(Error::localized(Language::English))?;
    Ok(Session { context: UserContext::new(app, company.id, user), company, profile: grant.profile })
}

/// Returns the session of a request's bearer, which must have been issued for one of these surfaces.
pub(super) async fn authenticate(app: &App, headers: &HeaderMap, surfaces: &[Surface]) -> Result<Session, Error> {
    let claims = verify_bearer(app, find_bearer(headers)?, surfaces)?;
    load_session(app, &claims).await
}

/// Takes the session that the route's check has stored (see [`super::routes`]). Fails on a route without that check.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        parts.extensions.remove().ok_or(Error::Unauthenticated)
    }
}

/// The key in an open form, with which the browser can post it without the page's script. It is valid for one deal.
pub(crate) mod form_key {
    use super::{App, Claims, Error, Session, SignedDuration, Surface, load_session, sign_claims, verify_bearer};
    use serde::Deserialize;

    /// Lifetime of a form key. A form may stay open for hours.
    const KEY_LIFETIME: SignedDuration = SignedDuration::from_hours(12);

    pub(crate) fn issue(session: &Session, deal: i64) -> Result<String, Error> {
        let exp = (session.app.clock.now() + KEY_LIFETIME).as_second();
        let (tenant, user) = (session.tenant.0, session.user.0);
        sign_claims(&session.app, &Claims { tenant, user, surface: Surface::Posted, deal: Some(deal), exp })
    }

    #[derive(Debug, Deserialize)]
    struct PostedKey {
        posted: String,
    }

    /// Returns the session of a posted form by its key, which must be for this deal.
    pub(crate) async fn authenticate(app: &App, body: &[u8], deal: i64) -> Result<Session, Error> {
        let key: PostedKey = serde_qs::Config::new()
            .use_form_encoding(true)
            .deserialize_bytes(body)
            .map_err(|_| Error::Unauthenticated)?;
        let claims = verify_bearer(app, &key.posted, &[Surface::Posted])?;
        if claims.deal != Some(deal) {
            return Err(Error::Unauthenticated);
        }
        load_session(app, &claims).await
    }
}
