//! Tests of key rotation: rows of an older key are found and resealed, and then no longer need that key.

use crate::{
    database::{
        Backend::{self, Postgres, Sqlite},
        Database, at,
    },
    fixtures::{USER, profile, tenant, tokens},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::ids::{ConnectionId, TenantId, UserId};
use rstest::rstest;
use secrecy::ExposeSecret;
use std::cell::Cell;
use store::{
    Tx, grants,
    keys::{self, KeyUse},
    one_time_tokens::{self, Purpose},
    quickbooks::{self, Company},
    vault::Vault,
};
use uuid::Uuid;

fn ring(keys: &[(&str, u8)]) -> Vault {
    let keys: Vec<String> =
        keys.iter().map(|(id, byte)| format!("{id}:{}", BASE64_URL_SAFE_NO_PAD.encode([*byte; 32]))).collect();
    Vault::from_ring(&keys.join(",").into()).unwrap()
}

async fn connect(tx: &mut Tx, vault: &Vault, tenant: TenantId, realm: &str) -> ConnectionId {
    let text = || "US".to_owned();
    let company = Company { name: text(), country: text(), home_currency: text(), time_zone: text() };
    let id = ConnectionId(Uuid::new_v4());
    quickbooks::connect(tx, vault, tenant, id, realm, &company, "Ana", &tokens(realm), at(0)).await.unwrap()
}

async fn install(tx: &mut Tx, vault: &Vault, tenant: TenantId, user: i64) {
    let tokens = tokens(&format!("user-{user}"));
    grants::install(tx, vault, tenant, UserId(user), &profile(), "https://a.example", &tokens, at(0)).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn rows_of_an_older_key_are_found(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (old, rotated) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]));
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    let first = connect(&mut tx, &old, tenant, "77").await;
    assert_eq!(quickbooks::find_tenant_of_realm(&mut tx, &rotated, "77").await.unwrap(), Some(tenant));
    assert_eq!(connect(&mut tx, &rotated, tenant, "77").await, first, "the same connection");
    assert_eq!(quickbooks::find_tenant_of_realm(&mut tx, &rotated, "77").await.unwrap(), Some(tenant));
    let new = ring(&[("b", 2)]);
    assert_eq!(
        quickbooks::find_current(&mut tx, &new, tenant).await.unwrap().unwrap().realm_id,
        "77",
        "connecting reseals the whole row"
    );

    let who = Some((tenant, USER));
    one_time_tokens::begin(&mut tx, &old, Purpose::QuickBooks, "state", "browser", who, at(600)).await.unwrap();
    let found =
        one_time_tokens::finish(&mut tx, &rotated, Purpose::QuickBooks, "state", "browser", at(1)).await.unwrap();
    assert_eq!(found, Some(who));
}

/// `keys::count_uses`, `keys::list_missing`
#[rstest]
#[tokio::test]
async fn after_resealing_the_old_key_is_no_longer_needed(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (old, rotated, new) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]), ring(&[("b", 2)]));
    let mut tx = t.db.begin().await.unwrap();
    let mut tenants = Vec::new();
    for company in 0..3 {
        let tenant = tenant(&mut tx, company).await;
        connect(&mut tx, &old, tenant, &format!("7{company}")).await;
        connect(&mut tx, &old, tenant, &format!("8{company}")).await;
        for user in 0..50 {
            install(&mut tx, &old, tenant, user).await;
        }
        tenants.push(tenant);
    }
    tx.commit().await.unwrap();
    let used = |key: &str, rows| KeyUse { key: key.into(), rows };
    let mut tx = t.db.read().await.unwrap();
    assert_eq!(keys::count_uses(&mut tx).await.unwrap(), [used("a", 156)]);
    assert_eq!(keys::list_missing(&mut tx, &new).await.unwrap(), [used("a", 156)]);
    assert_eq!(
        keys::list_missing(&mut tx, &ring(&[("a", 9)])).await.unwrap(),
        [used("a", 156)],
        "another key has the same id"
    );
    assert_eq!(keys::list_missing(&mut tx, &rotated).await.unwrap(), []);
    drop(tx);

    let unopened = t.db.reseal(&new).await.unwrap();
    assert_eq!((unopened.texts, unopened.unopened), (0, 318), "the ring has no key for them");
    let done = t.db.reseal(&rotated).await.unwrap();
    assert_eq!((done.texts, done.unopened), (318, 0));
    assert_eq!(t.db.reseal(&rotated).await.unwrap().texts, 0, "all texts are resealed");
    let mut tx = t.db.begin().await.unwrap();
    assert_eq!(keys::count_uses(&mut tx).await.unwrap(), [used("b", 156)]);
    for (company, tenant) in tenants.into_iter().enumerate() {
        let current = quickbooks::find_current(&mut tx, &new, tenant).await.unwrap().unwrap();
        assert_eq!(current.realm_id, format!("8{company}"));
        assert_eq!(current.tokens.refresh.expose_secret(), format!("8{company}-refresh"));
        assert_eq!(quickbooks::find_tenant_of_realm(&mut tx, &new, &current.realm_id).await.unwrap(), Some(tenant));
        assert_eq!(connect(&mut tx, &new, tenant, &current.realm_id).await, current.id);
        let grant = grants::find(&mut tx, &new, tenant, UserId(49)).await.unwrap().unwrap();
        assert_eq!(grant.tokens.access.expose_secret(), "user-49-access");
    }
}

/// Older versions looked up the digest of the newest key only, and inserted a second row for a realm that was connected under an older key.
#[rstest]
#[tokio::test]
async fn two_connections_with_one_realm_are_resealed(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (old, rotated, new) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]), ring(&[("b", 2)]));
    let mut tx = t.db.begin().await.unwrap();
    let tenant = tenant(&mut tx, 1).await;
    connect(&mut tx, &old, tenant, "77").await;
    let second = connect(&mut tx, &new, tenant, "77").await;
    tx.commit().await.unwrap();
    t.db.reseal(&rotated).await.unwrap();
    let mut tx = t.db.begin().await.unwrap();
    assert_eq!(keys::list_missing(&mut tx, &new).await.unwrap(), []);
    assert_eq!(connect(&mut tx, &rotated, tenant, "77").await, second);
}

/// Tokens that are refreshed during a reseal are kept.
#[rstest]
#[tokio::test]
async fn resealing_never_restores_old_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let (old, rotated) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]));
    let mut tx = t.db.begin().await.unwrap();
    let mut companies = Vec::new();
    for company in 0..20 {
        let tenant = tenant(&mut tx, company).await;
        companies.push((tenant, connect(&mut tx, &old, tenant, &format!("7{company}")).await));
    }
    tx.commit().await.unwrap();
    let is_done = Cell::new(false);
    let refresh_tokens = async {
        for round in 1..=25 {
            for (tenant, id) in &companies {
                let mut fresh = tokens(&format!("round-{round}"));
                fresh.expires_at = at(3600 + round);
                let vault = if round % 2 == 0 { &rotated } else { &old };
                let mut tx = t.db.begin().await.unwrap();
                if round > 1 {
                    let stored = quickbooks::find_current(&mut tx, &rotated, *tenant).await.unwrap().unwrap();
                    assert_eq!(stored.tokens.access.expose_secret(), format!("round-{}-access", round - 1));
                }
                quickbooks::store_refreshed(&mut tx, vault, *tenant, *id, at(3600 + round - 1), &fresh).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        is_done.set(true);
    };
    let reseal = async {
        while !is_done.get() {
            t.db.reseal(&rotated).await.unwrap();
        }
    };
    tokio::join!(refresh_tokens, reseal);
    t.db.reseal(&rotated).await.unwrap();
    let mut tx = t.db.read().await.unwrap();
    assert_eq!(keys::count_uses(&mut tx).await.unwrap(), [KeyUse { key: "b".into(), rows: 20 }]);
    for (tenant, _) in companies {
        let current = quickbooks::find_current(&mut tx, &ring(&[("b", 2)]), tenant).await.unwrap().unwrap();
        assert_eq!(current.tokens.access.expose_secret(), "round-25-access");
        assert_eq!(current.tokens.refresh.expose_secret(), "round-25-refresh");
    }
}
