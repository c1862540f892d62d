//! Installing from Pipedrive, and being uninstalled.

use super::{
    error::Error,
    flow_cookie::{known_browser, new_browser},
    pages::{denied, failed},
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

/// Where the Marketplace's *Install* leads: on to Pipedrive's consent page.
pub(crate) async fn begin(State(app): State<App>, jar: CookieJar) -> Response {
    let (secret, jar) = new_browser(&app, jar);
    match install::begin(&app, &secret) {
        Ok(consent) => (jar, Redirect::to(consent.as_str())).into_response(),
        Err(error) => failed(&error, "pipedrive").into_response(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Callback {
    code: String,
    state: String,
    error: String,
}

/// Where Pipedrive's consent page leads back to.
pub(crate) async fn callback(
    State(app): State<App>,
    jar: CookieJar,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Response {
    // An address with a code in it is answered with another address, whatever is wrong with it.
    let Ok(Query(callback)) = callback else { return failed(&flows::Error::ForeignFlow, "pipedrive").into_response() };
    let browser = known_browser(&app, &jar);
    if !callback.error.is_empty() {
        let error = install::refuse(&app, &callback.state, &browser).err().unwrap_or(flows::Error::Refused);
        return failed(&error, "pipedrive").into_response();
    }
    // A code without a state may be anybody's: it is not taken, the installation begins here.
    if callback.state.is_empty() {
        return Redirect::to("/install").into_response();
    }
    // Reloaded, or reached by the back button: the code is not used again.
    if let Ok(Some(made)) = install::find_installation(&app, &callback.state, &browser).await {
        return installed(&made).into_response();
    }
    let (tenant, user) = match install::finish(&app, &callback.code, &callback.state, &browser).await {
        Ok(installed) => installed,
        // The code is refused, or the state is: the link was used before, or is too old.
        Err(flows::Error::ForeignFlow | flows::Error::Pipedrive(ProviderError::Disconnected)) => {
            return match install::wait_for_installation(&app, &callback.state, &browser).await {
                Ok(Some(made)) => installed(&made).into_response(),
                _ => failed(&flows::Error::ForeignFlow, "pipedrive").into_response(),
            };
        }
        Err(error) => return failed(&error, "pipedrive").into_response(),
    };
    let context = UserContext::new(&app, tenant.id, user);
    if companies::find_usable(&context).await.is_ok() {
        return Redirect::to(&app.config.settings_page(&tenant.company_domain)).into_response();
    }
    match connect::begin_consent(&context, &browser).await {
        Ok(consent) => Redirect::to(consent.as_str()).into_response(),
        Err(error) => denied(&error).into_response(),
    }
}

/// The page that says that the app is installed already.
fn installed(made: &str) -> Redirect {
    Redirect::to(&format!("/outcome/pipedrive-installed?installed={made}"))
}

/// No uninstall call is larger.
pub(crate) const MAX_UNINSTALL_BYTES: usize = 64 * 1024;

/// The body of Pipedrive's uninstall call.
#[derive(Debug, PartialEq, Eq)]
struct Uninstall {
    client_id: String,
    company_id: i64,
    user_id: i64,
    /// When it happened; nothing where that cannot be read.
    timestamp: Option<Timestamp>,
}

/// A moment as text or as seconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse()
        .ok()
        .or_else(|| civil().map(|at| at.timestamp()))
        .or_else(|| Timestamp::from_second(text.parse().ok()?).ok())
}

impl Uninstall {
    /// Reads JSON or a form by its content: which type Pipedrive declares is not documented, and an uninstallation must not be missed.
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
        let timestamp = member("timestamp").and_then(|text| moment(&text));
        let (company_id, user_id) = (number("company_id")?, number("user_id")?);
        Some(Self { client_id: member("client_id")?, company_id, user_id, timestamp })
    }
}

/// A signed DELETE on the callback: a user has uninstalled the app.
pub(crate) async fn uninstalled(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Error> {
    let expected = format!("{}:{}", app.config.pipedrive_client_id, app.config.pipedrive_client_secret.expose_secret());
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
        .unwrap_or_default();
    if constant_time::verify_slices_are_equal(&given, expected.as_bytes()).is_err() {
        security::record(Event::SignatureRefused, None);
        return Err(Error::Unauthenticated);
    }
    let Some(uninstall) = Uninstall::parse(&body) else {
        tracing::error!(bytes = body.len(), "an uninstall call of Pipedrive could not be read");
        return Ok(StatusCode::BAD_REQUEST);
    };
    if uninstall.client_id != app.config.pipedrive_client_id {
        return Err(Error::Unauthenticated);
    }
    let language = crate::language::Language::English;
    let Uninstall { company_id, user_id, timestamp, .. } = uninstall;
    install::uninstall_user(&app, company_id, UserId(user_id), timestamp).await.map_err(Error::of(language))?;
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uninstall_call_is_read_by_its_content() {
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
