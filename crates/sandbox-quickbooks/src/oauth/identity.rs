//! Id tokens. The key that signs them is created on first use.

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::sync::LazyLock;

const KEY_ID: &str = "sandbox-1";

struct Key {
    private: EncodingKey,
    modulus: String,
    exponent: String,
}

static KEY: LazyLock<Option<Key>> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let public = pair.public_key();
    let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let (modulus, exponent) = (
        number(public.modulus().big_endian_without_leading_zero()),
        number(public.exponent().big_endian_without_leading_zero()),
    );
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let pem =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(der.as_ref()));
    Some(Key { private: EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?, modulus, exponent })
});

/// Returns the public key as a JSON Web Key Set.
pub(super) fn keys() -> Value {
    let keys: Vec<Value> = KEY
        .iter()
        .map(|key| json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": key.modulus, "e": key.exponent }))
        .collect();
    json!({ "keys": keys })
}

/// Signs an id token that is valid for an hour.
pub(super) fn token(issuer: &str, client_id: &str, sub: &str, realm_id: &str, now: i64) -> Option<String> {
    let claims = json!({
        "sub": sub, "aud": [client_id], "realmid": realm_id, "auth_time": now, "iss": issuer, "iat": now, "exp": now + 3600,
    });
    let header = Header { kid: Some(KEY_ID.into()), ..Header::new(Algorithm::RS256) };
    encode(&header, &claims, &KEY.as_ref()?.private).ok()
}
