//! Reads the user of an access token.

use super::Api;
use crate::{ProviderError, json::lenient};
use serde::Deserialize;
use serde_json::Value;

/// The user and the company of a token (`GET /v1/users/me`).
#[derive(Debug, Clone, Deserialize)]
pub struct CurrentUser {
    /// Pipedrive's id of the user.
    pub id: i64,
    /// Full name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Format of numbers and dates, such as `pt_BR`.
    #[serde(default, deserialize_with = "lenient")]
    pub locale: String,
    #[serde(default)]
    language: Value,
    /// Time zone, such as `America/Sao_Paulo`.
    #[serde(default, deserialize_with = "lenient")]
    pub timezone_name: String,
    /// Pipedrive's id of the company.
    pub company_id: i64,
    /// Name of the company.
    #[serde(default, deserialize_with = "lenient")]
    pub company_name: String,
    #[serde(default, deserialize_with = "lenient")]
    company_domain: String,
    #[serde(default, deserialize_with = "lenient")]
    access: Vec<Value>,
}

impl CurrentUser {
    /// The user's language, such as `pt`. Pipedrive's locale is the format of numbers and dates; it is used if there is
    /// no language. Pipedrive does not return a language of the company.
    pub fn language(&self) -> &str {
        self.language["language_code"].as_str().filter(|code| !code.is_empty()).unwrap_or(&self.locale)
    }

    /// The host label before `.pipedrive.com`, for links. If Pipedrive returns no valid label, it is `app`, which redirects
    /// to the company of the signed-in user.
    pub fn company_domain(&self) -> &str {
        let domain = self.company_domain.as_str();
        let is_label = (1..=63).contains(&domain.len())
            && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !domain.starts_with('-')
            && !domain.ends_with('-');
        if is_label { domain } else { "app" }
    }

    /// Whether the user is an administrator of the company's account.
    pub fn is_admin(&self) -> bool {
        self.access.iter().any(|access| {
            access["admin"] == true && matches!(access["app"].as_str(), Some("global" | "account_settings"))
        })
    }
}

impl Api {
    /// Reads the user of the access token.
    pub async fn read_user(&self) -> Result<CurrentUser, ProviderError> {
        Ok(self.get(self.build_url("/api/v1/users/me")?).await?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_language_is_not_the_number_format() {
        let me = |locale: Value, language: Value| -> CurrentUser {
            serde_json::from_value(json!({
                "id": 1, "name": "Ana", "locale": locale, "language": language, "timezone_name": null,
                "company_id": 2, "company_name": "Aurora", "company_domain": "aurora",
            }))
            .unwrap()
        };
        let brazilian = json!({ "language_code": "pt", "country_code": "BR" });
        assert_eq!(me(json!("en_US"), brazilian).language(), "pt");
        for odd in
            [json!(null), json!({}), json!("pt"), json!({ "language_code": null }), json!({ "language_code": "" })]
        {
            assert_eq!(me(json!("es_ES"), odd.clone()).language(), "es_ES", "{odd}");
        }
        assert_eq!(me(json!(null), json!(null)).language(), "");
    }

    #[test]
    fn an_invalid_access_entry_does_not_hide_the_others() {
        let me = |access: Value| -> CurrentUser {
            serde_json::from_value(json!({ "id": 1, "name": "Ana", "company_id": 2, "access": access })).unwrap()
        };
        assert!(me(json!([null, 7, { "app": "sales", "admin": null }, { "app": "global", "admin": true }])).is_admin());
        for access in [
            json!(null),
            json!([{ "app": "sales", "admin": true }]),
            json!([{ "app": "global" }]),
            json!([{ "app": "global", "admin": "true" }]),
            json!({ "app": "global", "admin": true }),
        ] {
            assert!(!me(access.clone()).is_admin(), "{access}");
        }
    }

    #[test]
    fn an_invalid_company_domain_is_replaced_in_links() {
        let me = |domain: Value| -> CurrentUser {
            serde_json::from_value(json!({ "id": 1, "name": "Ana", "company_id": 2, "company_domain": domain }))
                .unwrap()
        };
        assert_eq!(me(json!("acme-2")).company_domain(), "acme-2");
        for odd in [
            json!(null),
            json!(""),
            json!("evil.example/#"),
            json!("evil.example"),
            json!("a@b"),
            json!("a:1"),
            json!("-a"),
            json!("à"),
            json!("a\r\nb"),
            json!(7),
            json!("a".repeat(64)),
        ] {
            assert_eq!(me(odd.clone()).company_domain(), "app", "{odd}");
        }
    }
}
