//! Consents and their tokens: authorization codes, access tokens and refresh tokens.

use crate::company::OldRefreshToken;
use sandbox_core::{clock::Clock, tokens::generate_token};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Scope of the Accounting API.
pub(crate) const ACCOUNTING: &str = "com.intuit.quickbooks.accounting";
/// Lifetime of a consent: five years. No refresh token outlives it.
const CONSENT_SECONDS: i64 = 157_680_000;
const ACCESS_TOKEN_SECONDS: i64 = 3600;
const REFRESH_TOKEN_SECONDS: i64 = 8_640_000;
const CODE_SECONDS: i64 = 600;
/// Age at which a refresh returns a new refresh token. The old token then works for the same time again, or is refused at
/// once (a quirk).
const ROTATION_SECONDS: i64 = 86_400;

/// All issued codes and tokens.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    codes: BTreeMap<String, AuthorizationCode>,
    access: BTreeMap<String, AccessToken>,
    refresh: BTreeMap<String, RefreshToken>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AuthorizationCode {
    pub(crate) realm_id: String,
    pub(crate) sub: String,
    pub(crate) scope: String,
    pub(crate) redirect_uri: String,
    expires: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    realm_id: String,
    pub(crate) sub: String,
    pub(crate) scope: String,
    expires: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RefreshToken {
    realm_id: String,
    sub: String,
    scope: String,
    /// Time of the consent.
    granted: i64,
    /// Time at which this value was issued.
    issued: i64,
    /// Time at which the token expires: 100 days after its last use, or a day after it was replaced.
    expires: i64,
}

/// Result of a check of a bearer token.
pub(crate) enum Bearer {
    /// A valid token of a company and a user.
    Valid {
        realm_id: String,
        sub: String,
    },
    /// A valid token without the scope of the Accounting API.
    WithoutScope,
    Expired,
    Unknown,
}

impl Grants {
    /// Issues an authorization code.
    pub(crate) fn issue_code(
        &mut self,
        realm_id: &str,
        sub: &str,
        scope: &str,
        redirect_uri: &str,
        clock: Clock,
    ) -> String {
        let code = generate_token("AB0");
        self.codes.insert(
            code.clone(),
            AuthorizationCode {
                realm_id: realm_id.to_owned(),
                sub: sub.to_owned(),
                scope: scope.to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                expires: clock.epoch_seconds() + CODE_SECONDS,
            },
        );
        code
    }

    /// Consumes an authorization code. Returns `None` if it is unknown, has expired, or was sent to another address.
    pub(crate) fn consume_code(&mut self, code: &str, redirect_uri: &str, now: i64) -> Option<AuthorizationCode> {
        self.codes.remove(code).filter(|code| code.expires > now && code.redirect_uri == redirect_uri)
    }

    /// Whether a value is an access token, valid or expired.
    pub(crate) fn is_access_token(&self, token: &str) -> bool {
        self.access.contains_key(token)
    }

    /// Returns a valid access token that has a scope.
    pub(crate) fn find_access_token(&self, token: &str, scope: &str, now: i64) -> Option<&AccessToken> {
        let access = self.access.get(token)?;
        (access.expires > now && access.scope.split(' ').any(|granted| granted == scope)).then_some(access)
    }

    /// Checks an access token.
    pub(crate) fn check_access_token(&self, token: &str, now: i64) -> Bearer {
        match self.access.get(token) {
            Some(access) if access.expires <= now => Bearer::Expired,
            Some(access) if !access.scope.split(' ').any(|scope| scope == ACCOUNTING) => Bearer::WithoutScope,
            Some(access) => Bearer::Valid { realm_id: access.realm_id.clone(), sub: access.sub.clone() },
            None => Bearer::Unknown,
        }
    }

    /// Issues tokens for a company, in the form of the token endpoint's answer.
    pub(crate) fn issue_tokens(&mut self, realm_id: &str, sub: &str, scope: &str, clock: Clock) -> Value {
        self.issue_refresh_token(realm_id, sub, scope, clock.epoch_seconds(), clock)
    }

    /// Issues a refresh token and an access token for a consent of the time `granted`.
    fn issue_refresh_token(&mut self, realm_id: &str, sub: &str, scope: &str, granted: i64, clock: Clock) -> Value {
        let now = clock.epoch_seconds();
        let refresh = generate_token("AB11");
        let grant = RefreshToken {
            realm_id: realm_id.to_owned(),
            sub: sub.to_owned(),
            scope: scope.to_owned(),
            granted,
            issued: now,
            expires: (now + REFRESH_TOKEN_SECONDS).min(granted + CONSENT_SECONDS),
        };
        self.refresh.insert(refresh.clone(), grant.clone());
        self.issue_access_token(&grant, &refresh, now)
    }

    fn issue_access_token(&mut self, grant: &RefreshToken, refresh: &str, now: i64) -> Value {
        // After a day, an expired token is treated like an unknown one.
        self.access.retain(|_, access| access.expires > now - ROTATION_SECONDS);
        let access = generate_token("eyJ");
        self.access.insert(
            access.clone(),
            AccessToken {
                realm_id: grant.realm_id.clone(),
                sub: grant.sub.clone(),
                scope: grant.scope.clone(),
                expires: now + ACCESS_TOKEN_SECONDS,
            },
        );
        json!({
            "token_type": "bearer",
            "expires_in": ACCESS_TOKEN_SECONDS,
            "access_token": access,
            "refresh_token": refresh,
            "x_refresh_token_expires_in": grant.expires - now,
            "x_refresh_token_hard_expires_in": grant.granted + CONSENT_SECONDS - now,
        })
    }

    /// Returns the company of a refresh token.
    pub(crate) fn realm_of_refresh_token(&self, token: &str) -> Option<&str> {
        self.refresh.get(token).map(|grant| grant.realm_id.as_str())
    }

    pub(crate) fn refresh_tokens(&mut self, token: &str, old: OldRefreshToken, clock: Clock) -> Option<Value> {
        let now = clock.epoch_seconds();
        let mut grant = self.refresh.get(token).filter(|grant| grant.expires > now)?.clone();
        if now - grant.issued < ROTATION_SECONDS {
            grant.expires = (now + REFRESH_TOKEN_SECONDS).min(grant.granted + CONSENT_SECONDS);
            self.refresh.insert(token.to_owned(), grant.clone());
            return Some(self.issue_access_token(&grant, token, now));
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
        Some(self.issue_refresh_token(&grant.realm_id, &grant.sub, &grant.scope, grant.granted, clock))
    }

    /// Ends the connection of a token. Returns false for an unknown token.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
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

    /// Expires all access tokens of a company.
    pub(crate) fn expire(&mut self, realm_id: &str, now: i64) {
        for access in self.access.values_mut().filter(|access| access.realm_id == realm_id) {
            access.expires = access.expires.min(now);
        }
    }
}
