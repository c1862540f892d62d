//! Sessions of the embedded pages.
//!
//! Pipedrive signs a token for each page; it is swapped for a bearer of ours that lives a quarter of an hour. Tenant
//! and user come from the signed token alone, never from an address. No cookie: browsers block them in frames.

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

const LIFE: SignedDuration = SignedDuration::from_mins(15);
/// How long language and rights of a user are used before Pipedrive is asked again.
const PROFILE_LIFE: SignedDuration = SignedDuration::from_secs(20);

/// Where in Pipedrive a page of ours stands. Each has a secret of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Surface {
    /// The side panel of a deal.
    Panel,
    /// The modal with the invoice form.
    Form,
    /// The app's settings page.
    Settings,
    /// One open form, posted without the page's script.
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

/// The answer to the page.
#[derive(Debug, Serialize)]
pub(crate) struct Bearer {
    bearer: String,
    seconds: i64,
    language: &'static str,
    /// Texts of the shell, which was written in the language of the browser.
    words: Words,
}

/// The texts of the shell that the page replaces.
#[derive(Debug, Serialize)]
struct Words {
    offline: String,
    again: String,
}

fn token(headers: &HeaderMap) -> Result<&str, Error> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .ok_or(Error::Unauthenticated)
}

/// The keys that sign bearers, one for each key of the ring: the first signs, and what an older one has signed stays good.
fn keys(app: &App) -> Vec<String> {
    app.vault.digests("session key", "v1")
}

/// Swaps Pipedrive's signed token for a bearer.
pub(crate) async fn exchange(
    State(app): State<App>,
    Path(surface): Path<Surface>,
    headers: HeaderMap,
) -> Result<Json<Bearer>, Error> {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = Locale::language_of(asked);
    let now = app.clock.now();
    let secret = match surface {
        Surface::Panel => &app.config.pipedrive_jwt_secret_panel,
        Surface::Form => &app.config.pipedrive_jwt_secret_form,
        Surface::Settings => &app.config.pipedrive_jwt_secret_settings,
        Surface::Posted => return Err(Error::Unauthenticated),
    };
    let signed = pipedrive::verify_token(token(&headers)?, secret, now).ok_or_else(refused_token)?;
    let localize = Error::of(language);
    let user = UserId(signed.user_id);
    let (tenant, grant) = find_user(&app, TenantKey::Company(signed.company_id), user).await.map_err(&localize)?;
    let mut profile = grant.profile;
    if grant.profile_at + PROFILE_LIFE < now {
        profile = refresh_profile(&UserContext::new(&app, tenant.id, user), profile).await.map_err(&localize)?;
    }
    let claims = Claims { tenant: tenant.id.0, user: user.0, surface, deal: None, exp: (now + LIFE).as_second() };
    let bearer = sign(&app, &claims)?;
    security::record(Event::SessionOpened, Some(tenant.id));
    let language = Locale::language_of(&profile.language);
    let w = Writer::new(Locale::of_user(&profile.locale, &profile.language));
    let words = Words { offline: fl!(w.t, "offline-text"), again: fl!(w.t, "try-again") };
    Ok(Json(Bearer { bearer, seconds: LIFE.as_secs(), language: language.tag(), words }))
}

/// Somebody brings a token that was not signed for this.
fn refused_token() -> Error {
    security::record(Event::TokenRefused, None);
    Error::Unauthenticated
}

fn sign(app: &App, claims: &Claims) -> Result<String, Error> {
    let key = EncodingKey::from_secret(keys(app)[0].as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(|error| Error::Page(error.to_string()))
}

/// The user's profile as Pipedrive has it now; as it was where Pipedrive does not answer: for the language and what a page offers, for no right.
async fn refresh_profile(context: &UserContext, known: Profile) -> Result<Profile, flows::Error> {
    match rights::read_profile(context).await {
        Err(flows::Error::NotInstalled) => Err(flows::Error::NotInstalled),
        Err(error) => {
            tracing::warn!(tenant.id = %context.tenant.0, %error, "the user's profile was not read");
            Ok(known)
        }
        read => read,
    }
}

/// Who asks, proven by a bearer. The user has the app installed at this moment.
#[derive(Clone)]
pub(crate) struct Session {
    pub(super) context: UserContext,
    /// The tenant, as a company in Pipedrive.
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
        Error::of(Locale::language_of(&self.profile.language))
    }
}

fn claims(app: &App, bearer: &str, surfaces: &[Surface]) -> Result<Claims, Error> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Checked below, by our own clock.
    validation.validate_exp = false;
    let decoded = |key: &String| {
        jsonwebtoken::decode::<Claims>(bearer, &DecodingKey::from_secret(key.as_bytes()), &validation).ok()
    };
    let claims = keys(app).iter().find_map(decoded).ok_or_else(refused_token)?.claims;
    if claims.exp <= app.clock.now().as_second() || !surfaces.contains(&claims.surface) {
        return Err(Error::Unauthenticated);
    }
    Ok(claims)
}

/// Whether the user still has the app installed. While the database does not answer, they have.
pub(super) async fn is_installed(context: &UserContext) -> bool {
    !matches!(
        find_user(&context.app, TenantKey::Id(context.tenant), context.user).await,
        Err(flows::Error::NotInstalled)
    )
}

async fn opened(app: &App, claims: &Claims) -> Result<Session, Error> {
    let user = UserId(claims.user);
    let (company, grant) =
        find_user(app, TenantKey::Id(TenantId(claims.tenant)), user).await.map_err(Error::of(Language::English))?;
    Ok(Session { context: UserContext::new(app, company.id, user), company, profile: grant.profile })
}

/// The session of a bearer that was given for one of these surfaces.
pub(super) async fn open(app: &App, headers: &HeaderMap, surfaces: &[Surface]) -> Result<Session, Error> {
    let claims = claims(app, token(headers)?, surfaces)?;
    opened(app, &claims).await
}

/// As the route's check has left it, see [`super::routes`]; of a route without that check nobody gets one.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        parts.extensions.remove().ok_or(Error::Unauthenticated)
    }
}

/// The key that an open form carries, by which the browser itself can post it: for this deal and this alone.
pub(crate) mod posted {
    use super::{App, Claims, Error, Session, SignedDuration, Surface, claims, opened, sign};
    use serde::Deserialize;

    /// A form may be open for long.
    const LIFE: SignedDuration = SignedDuration::from_hours(12);

    pub(crate) fn key(session: &Session, deal: i64) -> Result<String, Error> {
        let exp = (session.app.clock.now() + LIFE).as_second();
        let (tenant, user) = (session.tenant.0, session.user.0);
        sign(&session.app, &Claims { tenant, user, surface: Surface::Posted, deal: Some(deal), exp })
    }

    #[derive(Debug, Deserialize)]
    struct Key {
        posted: String,
    }

    /// Who posts the form of a deal.
    pub(crate) async fn session(app: &App, body: &[u8], deal: i64) -> Result<Session, Error> {
        let key: Key = serde_qs::Config::new()
            .use_form_encoding(true)
            .deserialize_bytes(body)
            .map_err(|_| Error::Unauthenticated)?;
        let claims = claims(app, &key.posted, &[Surface::Posted])?;
        if claims.deal != Some(deal) {
            return Err(Error::Unauthenticated);
        }
        opened(app, &claims).await
    }
}
