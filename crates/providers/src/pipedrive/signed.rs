//! Verification of the token that Pipedrive signs for a page of the app. It names the user and the company.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The content of a token. It names no deal and no surface. Each surface has its own secret, which identifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUser {
    /// Pipedrive's id of the user.
    pub user_id: i64,
    /// Pipedrive's id of the company.
    pub company_id: i64,
}

#[derive(Debug, Deserialize)]
struct Claims {
    #[serde(flatten)]
    signed: SignedUser,
    exp: i64,
    #[serde(default)]
    nbf: i64,
}

/// Tolerated clock skew, in seconds.
const MAX_CLOCK_SKEW_SECONDS: i64 = 60;

/// Verifies a token. Returns `None` if it is not signed by Pipedrive, not for this surface, or expired.
pub fn verify_token(token: &str, secret: &SecretString, now: Timestamp) -> Option<SignedUser> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Checked below against `now`.
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp"]);
    let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims;
    let now = now.as_second();
    let is_current = claims.exp.saturating_add(MAX_CLOCK_SKEW_SECONDS) > now
        && claims.nbf.saturating_sub(MAX_CLOCK_SKEW_SECONDS) <= now;
    is_current.then_some(claims.signed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn token(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("signed")
    }

    fn check(token: &str, expected: Option<SignedUser>) {
        assert_eq!(
            verify_token(token, &"the panel's secret".into(), Timestamp::from_second(NOW).expect("a time")),
            expected
        );
    }

    #[test]
    fn accepts_only_a_current_token_of_this_surface() {
        let claims = json!({ "userId": 7, "companyId": 42, "iat": NOW - 10, "exp": NOW + 290 });
        let good = token(&claims, Algorithm::HS256, "the panel's secret");
        check(&good, Some(SignedUser { user_id: 7, company_id: 42 }));
        check(&token(&claims, Algorithm::HS256, "the form's secret"), None);
        check(&token(&claims, Algorithm::HS384, "the panel's secret"), None);
        let with = |name: &str, value: Value| {
            let mut changed = claims.clone();
            changed[name] = value;
            token(&changed, Algorithm::HS256, "the panel's secret")
        };
        check(&with("exp", json!(NOW - 61)), None);
        check(&with("exp", json!(i64::MAX)), Some(SignedUser { user_id: 7, company_id: 42 }));
        check(&with("exp", json!(1e99)), None);
        check(&with("exp", json!("later")), None);
        check(&with("nbf", json!(NOW + 50)), Some(SignedUser { user_id: 7, company_id: 42 }));
        check(&with("nbf", json!(NOW + 61)), None);
        check(&with("nbf", json!("soon")), None);
        check(&with("exp", Value::Null), None);
        check(&with("companyId", json!("42")), None);
        check(&with("companyId", json!([42])), None);
        let (header, rest) = good.split_once('.').expect("parts");
        let (payload, _) = rest.split_once('.').expect("parts");
        let encode_unsigned = |header: &Value| format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()));
        for header in [
            json!({ "alg": "RS256", "typ": "JWT" }),
            json!({ "alg": "none" }),
            json!({ "alg": "nOnE" }),
            json!({ "typ": "JWT" }),
        ] {
            check(&format!("{}.{}", encode_unsigned(&header), good.rsplit('.').next().expect("a signature")), None);
            check(&format!("{}.", encode_unsigned(&header)), None);
        }
        let bytes = good.as_bytes();
        // The last character is skipped: two of its bits are unused, so a changed character may decode to the same bytes.
        for at in (0..bytes.len() - 1).filter(|at| bytes[*at] != b'.') {
            let mut changed = bytes.to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            check(&String::from_utf8(changed).expect("a text"), None);
        }
        check(&format!("{header}.{payload}."), None);
        check(&format!("eyJhbGciOiJub25lIn0.{payload}."), None);
        check("", None);
    }

    #[test]
    fn a_token_with_duplicate_members_is_rejected() {
        let signed = |payload: &str| {
            let signing_input = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
                URL_SAFE_NO_PAD.encode(payload)
            );
            let key = EncodingKey::from_secret(b"the panel's secret");
            let tag = jsonwebtoken::crypto::sign(signing_input.as_bytes(), &key, Algorithm::HS256).expect("signed");
            format!("{signing_input}.{tag}")
        };
        let exp = NOW + 290;
        check(
            &signed(&format!(r#"{{"userId":7,"companyId":42,"exp":{exp}}}"#)),
            Some(SignedUser { user_id: 7, company_id: 42 }),
        );
        for duplicate in
            [r#""companyId":43"#, r#""companyId":42"#, r#""userId":8"#, r#""exp":1"#, r#""exp":1900000000"#]
        {
            check(&signed(&format!(r#"{{"userId":7,"companyId":42,"exp":{exp},{duplicate}}}"#)), None);
            check(&signed(&format!(r#"{{{duplicate},"userId":7,"companyId":42,"exp":{exp}}}"#)), None);
        }
    }
}
