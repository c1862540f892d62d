//! The user behind a token.

use super::Api;
use crate::{ProviderError, json::lenient};
use serde::Deserialize;
use serde_json::Value;

/// `GET /v1/users/me`: the user, and the company that the token is for.
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// The user.
    pub id: i64,
    /// Full name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// How numbers and dates look, as `pt_BR`.
    #[serde(default, deserialize_with = "lenient")]
    pub locale: String,
    #[serde(default)]
    language: Value,
    /// As `America/Sao_Paulo`.
    #[serde(default, deserialize_with = "lenient")]
    pub timezone_name: String,
    /// The company.
    pub company_id: i64,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub company_name: String,
    #[serde(default, deserialize_with = "lenient")]
    company_domain: String,
    #[serde(default, deserialize_with = "lenient")]
    access: Vec<Access>,
}

#[derive(Debug, Clone, Deserialize)]
struct Access {
    #[serde(default)]
    app: String,
    #[serde(default)]
    admin: bool,
}

impl Me {
    /// The user's language, as `pt`. Pipedrive's locale is only how numbers and dates look; it stands in where there is no language. Of a
    /// company's language Pipedrive says nothing.
    pub fn language(&self) -> &str {
        self.language["language_code"].as_str().filter(|code| !code.is_empty()).unwrap_or(&self.locale)
    }

    /// The part before `.pipedrive.com`, as one label of a host name: links are made of it. `app`, which leads to the company of whoever is
    /// signed in, where Pipedrive says nothing of the kind.
    pub fn company_domain(&self) -> &str {
        let domain = self.company_domain.as_str();
        let is_label = (1..=63).contains(&domain.len())
            && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !domain.starts_with('-')
            && !domain.ends_with('-');
        if is_label { domain } else { "app" }
    }

    /// Whether the user administers the company's account.
    pub fn is_admin(&self) -> bool {
        self.access.iter().any(|access| access.admin && matches!(access.app.as_str(), "global" | "account_settings"))
    }
}

impl Api<'_> {
    /// The user behind the token.
    pub async fn me(&self) -> Result<Me, ProviderError> {
        Ok(self.get(self.url("/api/v1/users/me")?).await?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_language_is_not_the_number_format() {
        let me = |locale: Value, language: Value| -> Me {
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
    fn links_lead_to_pipedrive_whatever_it_calls_the_company() {
        let me = |domain: Value| -> Me {
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
