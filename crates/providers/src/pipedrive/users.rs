//! The user behind a token.

use super::Api;
use crate::ProviderError;
use serde::Deserialize;

/// `GET /v1/users/me`: the user, and the company that the token is for.
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// The user.
    pub id: i64,
    /// Full name.
    pub name: String,
    /// As `pt_BR`.
    #[serde(default)]
    pub locale: String,
    /// As `America/Sao_Paulo`.
    #[serde(default)]
    pub timezone_name: String,
    /// The company.
    pub company_id: i64,
    /// Its name.
    pub company_name: String,
    /// The part before `.pipedrive.com`.
    pub company_domain: String,
    #[serde(default)]
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
