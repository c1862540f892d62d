//! QuickBooks' webhooks: verifies the signature and reads the ids of the changed companies. The changes themselves are
//! read from QuickBooks, so an old, repeated or reordered webhook does no harm.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether a header has the format of a signature: 32 bytes in base64. This is checked before the body is read.
pub fn may_be_signature(header: &str) -> bool {
    BASE64_STANDARD.decode(header).is_ok_and(|bytes| bytes.len() == SIGNATURE_BYTES)
}

/// Length of an HMAC-SHA-256.
const SIGNATURE_BYTES: usize = 32;

/// Reads the realm ids of the changed companies. Returns `None` if the signature is not Intuit's, and an empty set for a
/// genuine webhook with an invalid body.
pub fn read_changed_realms(body: &[u8], signature: &str, verifier: &SecretString) -> Option<BTreeSet<String>> {
    let signature = BASE64_STANDARD.decode(signature).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, verifier.expose_secret().as_bytes());
    hmac::verify(&key, body, &signature).ok()?;
    let reported: Value = serde_json::from_slice(body).unwrap_or_default();
    // Intuit sends two formats: an array of CloudEvents, and the older object.
    let realms = match &reported {
        Value::Array(events) => events.iter().filter_map(|event| event["intuitaccountid"].as_str()).collect(),
        reported => {
            let notifications = reported["eventNotifications"].as_array().map(Vec::as_slice).unwrap_or_default();
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
        let realms = read_changed_realms(body.as_bytes(), &sign(body.as_bytes(), "verifier"), &verifier);
        assert_eq!(realms, Some(expected.iter().map(|realm| (*realm).to_owned()).collect()));
        assert_eq!(read_changed_realms(body.as_bytes(), &sign(body.as_bytes(), "another"), &verifier), None);
        assert_eq!(read_changed_realms(body.as_bytes(), "", &verifier), None);
    }

    /// The sandbox mutates answers only, so webhooks are mutated here.
    #[test]
    fn any_webhook_body_is_parsed_or_ignored() {
        let verifier = SecretString::from("verifier");
        let mut chance = fastrand::Rng::with_seed(17);
        for _ in 0..20_000 {
            let body = any_json(&mut chance, 4).to_string();
            let realms = read_changed_realms(body.as_bytes(), &sign(body.as_bytes(), "verifier"), &verifier);
            assert!(realms.is_some_and(|realms| realms.iter().all(|realm| realm == "7")), "{body}");
        }
    }

    /// Makes an arbitrary JSON value with members of webhooks; every text is "7".
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
    fn reads_both_webhook_formats_and_rejects_forgeries() {
        check(
            r#"[{"type":"qbo.invoice.updated.v1","intuitaccountid":"2"},{"intuitaccountid":"1"},{"intuitaccountid":"2"}]"#,
            &["1", "2"],
        );
        check(r#"{"eventNotifications":[{"realmId":"7","dataChangeEvent":{"entities":[]}}]}"#, &["7"]);
        check("not json", &[]);
    }
}
