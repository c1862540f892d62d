//! Installations of the app and their tokens.

use sandbox_core::{clock::Clock, tokens::generate_token};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ACCESS_TOKEN_SECONDS: i64 = 3599;
const REFRESH_TOKEN_SECONDS: i64 = 60 * 86_400;
const CODE_SECONDS: i64 = 300;
const MAX_ACCESS_TOKENS: usize = 10;

/// Fate of a used refresh token. Pipedrive's answer contains a refresh token, and no document promises
/// that it is the same one.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OldRefreshToken {
    /// The answer contains the same token.
    #[default]
    Stays,
    /// The answer contains a new token, and the old one is refused from then on.
    Dies,
}

/// All issued codes and tokens.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    codes: BTreeMap<String, Grant>,
    access: BTreeMap<String, Grant>,
    refresh: BTreeMap<String, Grant>,
    #[serde(default)]
    pub(crate) old_refresh_token: OldRefreshToken,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) company_id: i64,
    pub(crate) user_id: i64,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    expires: i64,
}

impl Grants {
    pub(crate) fn is_installed(&self, user_id: i64) -> bool {
        self.refresh.values().any(|grant| grant.user_id == user_id)
    }

    pub(crate) fn find_by_access_token(&self, token: &str, now: i64) -> Option<&Grant> {
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

    /// Issues an authorization code.
    pub(crate) fn issue_code(&mut self, company_id: i64, user_id: i64, scopes: &[String], clock: Clock) -> String {
        let code = generate_token("");
        let expires = clock.epoch_seconds() + CODE_SECONDS;
        self.codes.insert(code.clone(), Grant { company_id, user_id, scopes: scopes.to_vec(), expires });
        code
    }

    /// Consumes an authorization code. Returns `None` if it is unknown or has expired.
    pub(crate) fn consume_code(&mut self, code: &str, now: i64) -> Option<Grant> {
        self.codes.remove(code).filter(|code| code.expires > now)
    }

    /// Returns the user of a refresh token.
    pub(crate) fn user_of_refresh_token(&self, token: &str) -> Option<i64> {
        self.refresh.get(token).map(|grant| grant.user_id)
    }

    /// Removes an access token.
    pub(crate) fn remove_access_token(&mut self, token: &str) {
        self.access.remove(token);
    }

    /// Issues tokens for a user, in the form of the token endpoint's answer.
    pub(crate) fn issue_tokens(
        &mut self,
        company_id: i64,
        user_id: i64,
        clock: Clock,
        scopes: &[String],
        api: &str,
    ) -> Value {
        let refresh = generate_token(&format!("{company_id}:{user_id}:"));
        self.refresh.insert(
            refresh.clone(),
            Grant {
                company_id,
                user_id,
                scopes: scopes.to_vec(),
                expires: clock.epoch_seconds() + REFRESH_TOKEN_SECONDS,
            },
        );
        self.issue_access_token(company_id, user_id, &refresh, clock, scopes, api)
    }

    /// Renews the tokens of a user. Returns `None` if the refresh token is invalid.
    pub(crate) fn refresh_tokens(&mut self, refresh_token: &str, clock: Clock, api: &str) -> Option<Value> {
        let now = clock.epoch_seconds();
        let grant = self.refresh.get_mut(refresh_token).filter(|grant| grant.expires > now)?;
        grant.expires = now + REFRESH_TOKEN_SECONDS;
        let Grant { company_id, user_id, scopes, .. } = grant.clone();
        Some(match self.old_refresh_token {
            OldRefreshToken::Stays => self.issue_access_token(company_id, user_id, refresh_token, clock, &scopes, api),
            OldRefreshToken::Dies => {
                self.refresh.remove(refresh_token);
                self.issue_tokens(company_id, user_id, clock, &scopes, api)
            }
        })
    }

    fn issue_access_token(
        &mut self,
        company_id: i64,
        user_id: i64,
        refresh: &str,
        clock: Clock,
        scopes: &[String],
        api: &str,
    ) -> Value {
        let now = clock.epoch_seconds();
        let mut issued: Vec<(String, i64)> = self
            .access
            .iter()
            .filter(|(_, grant)| grant.user_id == user_id)
            .map(|(token, grant)| (token.clone(), grant.expires))
            .collect();
        issued.sort_by_key(|(_, expires)| *expires);
        let surplus = (issued.len() + 1).saturating_sub(MAX_ACCESS_TOKENS);
        for (token, _) in issued.into_iter().take(surplus) {
            self.access.remove(&token);
        }
        let access_token = generate_token(&format!("v1u:{company_id}:{user_id}:"));
        self.access.insert(
            access_token.clone(),
            Grant { company_id, user_id, scopes: scopes.to_vec(), expires: now + ACCESS_TOKEN_SECONDS },
        );
        json!({
            "access_token": access_token, "token_type": "Bearer", "refresh_token": refresh, "scope": scopes.join(" "),
            "expires_in": ACCESS_TOKEN_SECONDS, "api_domain": api,
        })
    }
}
