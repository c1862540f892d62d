//! QuickBooks' webhooks: whether they are genuine, and which companies they are about. What has changed is asked of
//! QuickBooks itself, so an old, doubled or reordered webhook does no harm.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether a header has the form of a signature: 32 bytes in base64. Checked before the body is read.
pub fn may_be_signature(header: &str) -> bool {
    BASE64_STANDARD.decode(header).is_ok_and(|bytes| bytes.len() == SIGNATURE_BYTES)
}

/// An HMAC-SHA-256.
const SIGNATURE_BYTES: usize = 32;

/// The companies that a webhook says have changed; `None` when its signature is not Intuit's. A genuine one that cannot
/// be read names none.
pub fn changed_realms(body: &[u8], signature: &str, verifier: &SecretString) -> Option<BTreeSet<String>> {
    let given = BASE64_STANDARD.decode(signature).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, verifier.expose_secret().as_bytes());
    hmac::verify(&key, body, &given).ok()?;
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    // Intuit sends two formats: an array of CloudEvents, and the older object.
    let realms = match &told {
        Value::Array(events) => events.iter().filter_map(|event| event["intuitaccountid"].as_str()).collect(),
        told => {
            let notifications = told["eventNotifications"].as_array().map(Vec::as_slice).unwrap_or_default();
            notifications.iter().filter_map(|notification| notification["realmId"].as_str()).collect::<Vec<_>>()
        }
    };
    Some(realms.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(body: &[u8], key: &str) -> String {
        BASE64_STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), body))
    }

    fn check(body: &str, expected: &[&str]) {
        let verifier = SecretString::from("verifier");
        let realms = changed_realms(body.as_bytes(), &sign(body.as_bytes(), "verifier"), &verifier);
        assert_eq!(realms, Some(expected.iter().map(|realm| (*realm).to_owned()).collect()));
        assert_eq!(changed_realms(body.as_bytes(), &sign(body.as_bytes(), "another"), &verifier), None);
        assert_eq!(changed_realms(body.as_bytes(), "", &verifier), None);
    }

    /// Webhooks are no answers, so the sandbox's mutation of answers does not reach them.
    #[test]
    fn a_webhook_of_any_shape_names_companies_or_none() {
        let verifier = SecretString::from("verifier");
        let mut chance = fastrand::Rng::with_seed(17);
        for _ in 0..20_000 {
            let body = any_json(&mut chance, 4).to_string();
            let realms = changed_realms(body.as_bytes(), &sign(body.as_bytes(), "verifier"), &verifier);
            assert!(realms.is_some_and(|realms| realms.iter().all(|realm| realm == "7")), "{body}");
        }
    }

    /// A value of any shape, with the members of webhooks in it; every text is "7".
    fn any_json(chance: &mut fastrand::Rng, depth: u32) -> Value {
        const MEMBERS: [&str; 5] = ["eventNotifications", "realmId", "intuitaccountid", "dataChangeEvent", "type"];
        match chance.u8(0..if depth == 0 { 5 } else { 9 }) {
            0 => Value::Null,
            1 => chance.bool().into(),
            2 => chance.i64(..).into(),
            3 | 4 => "7".into(),
            5 | 6 => (0..chance.usize(0..4)).map(|_| any_json(chance, depth - 1)).collect(),
            _ => {
                let count = chance.usize(0..4);
                let mut member = || (MEMBERS[chance.usize(0..5)].to_owned(), any_json(chance, depth - 1));
                Value::Object((0..count).map(|_| member()).collect())
            }
        }
    }

    #[test]
    fn both_formats_are_read_and_forgeries_are_not() {
        check(
            r#"[{"type":"qbo.invoice.updated.v1","intuitaccountid":"2"},{"intuitaccountid":"1"},{"intuitaccountid":"2"}]"#,
            &["1", "2"],
        );
        check(r#"{"eventNotifications":[{"realmId":"7","dataChangeEvent":{"entities":[]}}]}"#, &["7"]);
        check("not json", &[]);
    }
}
