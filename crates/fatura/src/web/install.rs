//! Installing from Pipedrive, and uninstalling.

use super::{
    error::Error,
    flow_cookie::{ensure_browser_secret, read_browser_secret},
    pages::{redirect_to_denial, redirect_to_failure},
};
use crate::{
    flows::{self, companies, connect, context::UserContext, install},
    security::{self, Event},
    state::App,
};
use aws_lc_rs::constant_time;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{CookieJar, Query, QueryRejection};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::ids::UserId;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use providers::ProviderError;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

/// The target of *Install* in the Marketplace. Redirects to Pipedrive's consent page.
pub(crate) async fn begin(State(app): State<App>, jar: CookieJar) -> Response {
    let (secret, jar) = ensure_browser_secret(&app, jar);
    match install::begin(&app, &secret) {
        Ok(consent) => (jar, Redirect::to(consent.as_str())).into_response(),
        Err(error) => redirect_to_failure(&error, "pipedrive").into_response(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Callback {
    code: String,
    state: String,
    error: String,
}

/// The redirect target of Pipedrive's consent page.
pub(crate) async fn callback(
    State(app): State<App>,
    jar: CookieJar,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Response {
    // The URL may contain a code, so every answer is a redirect to another URL.
    let Ok(Query(callback)) = callback else {
        return redirect_to_failure(&flows::Error::ForeignFlow, "pipedrive").into_response();
    };
    let browser = read_browser_secret(&app, &jar);
    if !callback.error.is_empty() {
        let error = install::refuse(&app, &callback.state, &browser).err().unwrap_or(flows::Error::Refused);
        return redirect_to_failure(&error, "pipedrive").into_response();
    }
    // A code without a state may come from anybody. It is ignored, and the installation starts over.
    if callback.state.is_empty() {
        return Redirect::to("/install").into_response();
    }
    // The page was reloaded or reached with the back button: the code was used before.
    if let Ok(Some(sealed)) = install::find_installation(&app, &callback.state, &browser).await {
        return redirect_to_installed(&sealed).into_response();
    }
    let (tenant, user) = match install::finish(&app, &callback.code, &callback.state, &browser).await {
        Ok(tenant_and_user) => tenant_and_user,
        // The code or the state was refused, because it was used before or is too old.
        Err(flows::Error::ForeignFlow | flows::Error::Pipedrive(ProviderError::Disconnected)) => {
            return match install::wait_for_installation(&app, &callback.state, &browser).await {
                Ok(Some(sealed)) => redirect_to_installed(&sealed).into_response(),
                _ => redirect_to_failure(&flows::Error::ForeignFlow, "pipedrive").into_response(),
            };
        }
        Err(error) => return redirect_to_failure(&error, "pipedrive").into_response(),
    };
    let context = UserContext::new(&app, tenant.id, user);
    if companies::find_usable(&context).await.is_ok() {
        return Redirect::to(&app.config.settings_page(&tenant.company_domain)).into_response();
    }
    match connect::begin_consent(&context, &browser).await {
        Ok(consent) => Redirect::to(consent.as_str()).into_response(),
        Err(error) => redirect_to_denial(&error).into_response(),
    }
}

/// Redirects to the page that says that the app is installed.
fn redirect_to_installed(sealed: &str) -> Redirect {
    Redirect::to(&format!("/outcome/pipedrive-installed?installed={sealed}"))
}

/// Maximum body of an uninstall call.
pub(crate) const MAX_UNINSTALL_BYTES: usize = 64 * 1024;

/// The body of Pipedrive's uninstall call.
#[derive(Debug, PartialEq, Eq)]
struct Uninstall {
    client_id: String,
    company_id: i64,
    user_id: i64,
    /// Time of the uninstallation; `None` if it cannot be parsed.
    timestamp: Option<Timestamp>,
}

/// Parses a time with an offset, a time without one as UTC, or seconds since 1970.
fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse()
        .ok()
        .or_else(|| civil().map(|at| at.timestamp()))
        .or_else(|| Timestamp::from_second(text.parse().ok()?).ok())
}

impl Uninstall {
    /// Parses JSON or form encoding, by the content: Pipedrive does not document the content type, and no uninstallation may be missed.
    fn parse(body: &[u8]) -> Option<Self> {
        let member = |key: &str| -> Option<String> {
            match serde_json::from_slice(body) {
                Ok(Value::Object(members)) => match members.get(key)? {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                },
                Ok(_) => None,
                Err(_) => {
                    form_urlencoded::parse(body).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
                }
            }
        };
        let number = |key| member(key)?.trim().parse().ok();
        let timestamp = member("timestamp").and_then(|text| parse_timestamp(&text));
        let (company_id, user_id) = (number("company_id")?, number("user_id")?);
        Some(Self { client_id: member("client_id")?, company_id, user_id, timestamp })
    }
}

/// Receives Pipedrive's DELETE, with the client secret as its password, after a user has uninstalled the app.
pub(crate) async fn receive_uninstall(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let expected = format!("{}:{}", app.config.pipedrive_client_id, app.config.pipedrive_client_secret.expose_secret());
    let credentials = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
        .unwrap_or_default();
    if constant_time::verify_slices_are_equal(&credentials, expected.as_bytes()).is_err() {
        security::record(Event::SignatureRefused, None);
        return Err(Error::Unauthenticated);
    }
    let Some(uninstall) = Uninstall::parse(&body) else {
        tracing::error!(bytes = body.len(), "failed to parse an uninstall call of Pipedrive");
        return Ok(StatusCode::BAD_REQUEST);
    };
    if uninstall.client_id != app.config.pipedrive_client_id {
        return Err(Error::Unauthenticated);
    }
    let language = crate::language::Language::English;
    let Uninstall { company_id, user_id, timestamp, .. } = uninstall;
    install::uninstall_user(&app, company_id, UserId(user_id), timestamp).await.map_err(Error::localized(language))?;
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uninstall_call_is_parsed_by_its_content() {
        let timestamp = "2026-01-01T00:00:00Z".parse().ok();
        let expected = Uninstall { client_id: "a+b".into(), company_id: 7, user_id: 9, timestamp };
        for body in [
            r#"{"client_id":"a+b","company_id":7,"user_id":9,"timestamp":"2026-01-01T00:00:00Z"}"#,
            r#" {"client_id":"a+b","company_id":"7","user_id":"9","more":{"a":[1]},"timestamp":"2026-01-01 00:00:00"} "#,
            r#"{"client_id":"a+b","company_id":7,"user_id":9,"timestamp":1767225600}"#,
            "client_id=a%2Bb&company_id=7&user_id=9&timestamp=2026-01-01T00%3A00%3A00Z",
        ] {
            assert_eq!(Uninstall::parse(body.as_bytes()).as_ref(), Some(&expected), "{body}");
        }
        for body in [
            "",
            "null",
            "7",
            "[]",
            "{}",
            r#"{"client_id":"a","company_id":7}"#,
            r#"{"client_id":"a","company_id":null,"user_id":9}"#,
            r#"{"client_id":"a","company_id":7.5,"user_id":9}"#,
            r#"{"client_id":["a"],"company_id":7,"user_id":9}"#,
            r#"{"client_id":"a","company_id":99999999999999999999,"user_id":9}"#,
            "client_id=a&company_id=7",
            "client_id=a&company_id=x&user_id=9",
        ] {
            assert_eq!(Uninstall::parse(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Uninstall::parse(b"\xff\xfe"), None);
    }
}
