//! Secrets at rest: sealed with AES-256-GCM-SIV under a ring of keys. A ciphertext is bound to its tenant and column, and does not open in
//! another place.

use crate::Error;
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey},
    hmac,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

const NONCE_BYTES: usize = 12;

/// The ring of keys. The first key seals, all keys open.
pub struct Vault {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    seal: RandomizedNonceKey,
    digest: hmac::Key,
}

/// Why a key ring is rejected.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The ring has no key.
    #[error("at least one key is required, as in 2026a:BASE64 of 32 random bytes")]
    Empty,
    /// An entry is not of the form `id:base64`.
    #[error("a key must have the form id:base64, with an id of letters and digits")]
    Shape,
    /// A key is not 32 bytes long.
    #[error("the key {0} is not 32 bytes long; generate one with: openssl rand -base64 32")]
    Length(String),
    /// A key consists of zeros only, as in examples.
    #[error("the key {0} is all zeros: anybody can guess it; generate one with: openssl rand -base64 32")]
    Zeros(String),
    /// Two keys have one id. The second key would never open a text.
    #[error("two keys have the id {0}: give the newer key another id")]
    DuplicateId(String),
}

impl Vault {
    /// Reads a ring written `id:base64[,id:base64…]`, newest key first.
    pub fn from_ring(ring: &SecretString) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for entry in ring.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (id, encoded) = entry.split_once(':').ok_or(KeyError::Shape)?;
            if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err(KeyError::Shape);
            }
            let plain = encoded.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(plain).map_err(|_| KeyError::Shape)?;
            if bytes.len() != 32 {
                return Err(KeyError::Length(id.to_owned()));
            }
            if bytes.iter().all(|byte| *byte == 0) {
                return Err(KeyError::Zeros(id.to_owned()));
            }
            if keys.iter().any(|key: &Key| key.id == id) {
                return Err(KeyError::DuplicateId(id.to_owned()));
            }
            let seal =
                RandomizedNonceKey::new(&AES_256_GCM_SIV, &bytes).map_err(|_| KeyError::Length(id.to_owned()))?;
            // Digests use a separate key, derived from the same secret.
            let digest_key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), b"fatura digests v1");
            keys.push(Key { id: id.to_owned(), seal, digest: hmac::Key::new(hmac::HMAC_SHA256, digest_key.as_ref()) });
        }
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self { keys }) }
    }

    /// Seals a secret for one place, named by tenant, table and column.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Result<String, Error> {
        let key = &self.keys[0];
        let mut sealed = secret.expose_secret().as_bytes().to_vec();
        let nonce = key
            .seal
            .seal_in_place_append_tag(aad(&key.id, place), &mut sealed)
            .map_err(|_| Error::Unreadable("secret"))?;
        let mut bytes = nonce.as_ref().to_vec();
        bytes.extend(sealed);
        Ok(format!("v1.{}.{}", key.id, BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens a secret sealed for the same place.
    pub fn open(&self, place: &str, sealed: &str) -> Result<SecretString, Error> {
        let unreadable = || Error::Unreadable("secret");
        let (id, encoded) = sealed.strip_prefix("v1.").and_then(|rest| rest.split_once('.')).ok_or_else(unreadable)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or_else(unreadable)?;
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| unreadable())?;
        if bytes.len() < NONCE_BYTES {
            return Err(unreadable());
        }
        let mut ciphertext = bytes.split_off(NONCE_BYTES);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| unreadable())?;
        let plain = key.seal.open_in_place(nonce, aad(id, place), &mut ciphertext).map_err(|_| unreadable())?;
        String::from_utf8(plain.to_vec()).map(SecretString::from).map_err(|_| unreadable())
    }

    /// The id of the first key, which seals.
    pub fn first_id(&self) -> &str {
        &self.keys[0].id
    }

    /// The ids of all keys, in the order of the ring.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// Returns a keyed digest of a value, to find the value where it is stored sealed or not at all.
    pub fn digest(&self, purpose: &str, value: &str) -> String {
        self.keys[0].digest(purpose, value)
    }

    /// Returns the digests of a value under every key, to find rows whose digest was written under an older key.
    pub fn digests(&self, purpose: &str, value: &str) -> Vec<String> {
        self.keys.iter().map(|key| key.digest(purpose, value)).collect()
    }
}

impl Key {
    fn digest(&self, purpose: &str, value: &str) -> String {
        let tag = hmac::sign(&self.digest, format!("{purpose}\0{value}").as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(tag)
    }
}

fn aad(key_id: &str, place: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("fatura v1\0{key_id}\0{place}").into_bytes())
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys.iter().map(|key| &key.id).collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> String {
        format!("{id}:{}", BASE64_URL_SAFE_NO_PAD.encode([byte; 32]))
    }

    fn vault(ring: &[String]) -> Vault {
        Vault::from_ring(&ring.join(",").into()).expect("a ring")
    }

    #[test]
    fn a_secret_opens_only_where_it_was_sealed() {
        let vault = vault(&[key("a", 1)]);
        let sealed = vault.seal("tenant-1/grant.access", &"token".into()).expect("sealed");
        assert!(!sealed.contains("token"));
        assert_eq!(vault.open("tenant-1/grant.access", &sealed).expect("opens").expose_secret(), "token");
        assert!(vault.open("tenant-2/grant.access", &sealed).is_err());
        assert!(vault.open("tenant-1/grant.refresh", &sealed).is_err());
    }

    #[test]
    fn old_keys_open_and_the_first_one_seals() {
        let old = vault(&[key("a", 1)]);
        let sealed = old.seal("x", &"token".into()).expect("sealed");
        let rotated = vault(&[key("b", 2), key("a", 1)]);
        assert_eq!(rotated.open("x", &sealed).expect("opens").expose_secret(), "token");
        assert!(rotated.seal("x", &"token".into()).expect("sealed").starts_with("v1.b."));
        assert!(vault(&[key("b", 2)]).open("x", &sealed).is_err());
        assert_eq!(rotated.digests("realm", "1")[1], old.digest("realm", "1"));
    }

    #[test]
    fn a_bad_ring_is_refused() {
        let (zeros, duplicate) = (key("a", 0), [key("a", 1), key("a", 2)].join(","));
        for ring in ["", "a", "a:AAAA", "a b:AAAA", &zeros, &duplicate] {
            assert!(Vault::from_ring(&ring.to_owned().into()).is_err(), "{ring}");
        }
    }
}
