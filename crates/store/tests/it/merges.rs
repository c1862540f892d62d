//! Tests of merged records in Pipedrive and merged customers in QuickBooks.

use crate::database::{
    Backend::{self, Postgres, Sqlite},
    Database, at,
};
use crate::fixtures::{DEAL, USER, customer, entry, issued, snapshot};
use domain::{
    form::Form,
    ids::{DealId, TenantId, UserId},
};
use rstest::rstest;
use store::{
    drafts, history,
    invoices::{self, InvoiceScope},
    links, merges,
};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn links_follow_a_merged_customer(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    let party = links::Party::Person(3);
    links::link_customer(&mut tx, tenant, connection, party, &customer("58")).await.unwrap();
    links::update_customer(&mut tx, tenant, connection, "58", &customer("61")).await.unwrap();
    assert_eq!(links::find_customer(&mut tx, tenant, connection, party).await.unwrap(), Some(customer("61")));
    links::unlink_customer(&mut tx, tenant, connection, party).await.unwrap();
    assert_eq!(links::find_customer(&mut tx, tenant, connection, party).await.unwrap(), None);
    assert_eq!(invoices::list(&mut tx, tenant, InvoiceScope::Organization(1)).await.unwrap()[0].id, invoice);
    assert!(invoices::list(&mut tx, tenant, InvoiceScope::Person(3)).await.unwrap().is_empty());
    assert_eq!(
        invoices::list_not_read_within(&mut tx, tenant, connection, at(100)..=at(200), "", 5).await.unwrap().len(),
        1
    );
}

#[rstest]
#[tokio::test]
async fn invoices_follow_a_merged_deal(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    let (remaining, owner, stranger) = (DealId(43), Uuid::new_v4(), TenantId(Uuid::new_v4()));
    let entry = entry(invoice);
    history::add(&mut tx, tenant, &entry).await.unwrap();
    history::claim(&mut tx, tenant, entry.id, owner, at(0), at(40)).await.unwrap().unwrap();
    history::mark_written(&mut tx, tenant, entry.id, owner, Some(5)).await.unwrap();
    assert_eq!(merges::list_deals_of_notes(&mut tx, tenant, &[4, 5], remaining).await.unwrap(), [DEAL]);
    assert!(merges::list_deals_of_notes(&mut tx, tenant, &[4, 5], DEAL).await.unwrap().is_empty());
    assert!(merges::list_deals_of_notes(&mut tx, tenant, &[4], remaining).await.unwrap().is_empty());
    assert!(merges::list_deals_of_notes(&mut tx, stranger, &[5], remaining).await.unwrap().is_empty());
    assert!(merges::has_invoices_in_other_deals(&mut tx, tenant, remaining, Some(1), None).await.unwrap());
    assert!(!merges::has_invoices_in_other_deals(&mut tx, tenant, remaining, None, Some(1)).await.unwrap());
    assert!(!merges::has_invoices_in_other_deals(&mut tx, tenant, DEAL, Some(1), None).await.unwrap());

    let form = Form::default();
    for (deal, user) in [(DEAL, USER), (DEAL, UserId(8)), (remaining, USER)] {
        drafts::save(&mut tx, tenant, deal, user, &form, at(deal.0)).await.unwrap();
    }
    assert_eq!(merges::move_deal(&mut tx, stranger, DEAL, remaining).await.unwrap(), 0);
    assert_eq!(merges::move_deal(&mut tx, tenant, DEAL, remaining).await.unwrap(), 1);
    assert!(invoices::list(&mut tx, tenant, InvoiceScope::Deal(DEAL)).await.unwrap().is_empty());
    assert_eq!(invoices::list(&mut tx, tenant, InvoiceScope::Deal(remaining)).await.unwrap()[0].id, invoice);
    assert!(
        merges::list_deals_of_notes(&mut tx, tenant, &[5], remaining).await.unwrap().is_empty(),
        "the history entry has moved"
    );
    assert_eq!(drafts::find(&mut tx, tenant, remaining, UserId(8)).await.unwrap().unwrap().saved_at, at(DEAL.0));
    assert_eq!(
        drafts::find(&mut tx, tenant, remaining, USER).await.unwrap().unwrap().saved_at,
        at(remaining.0),
        "the draft of the remaining deal stays"
    );
    assert_eq!(
        invoices::list_not_read_within(&mut tx, tenant, connection, at(100)..=at(200), "", 5).await.unwrap()[0].id,
        invoice
    );
    let last = snapshot("1", 10_000).quickbooks_id;
    assert!(
        invoices::list_not_read_within(&mut tx, tenant, connection, at(100)..=at(200), &last, 5)
            .await
            .unwrap()
            .is_empty()
    );
    invoices::update_snapshot(&mut tx, tenant, invoice, &snapshot("1", 10_000), at(201), at(201)).await.unwrap();
    let read_ahead =
        invoices::list_not_read_within(&mut tx, tenant, connection, at(100)..=at(200), "", 5).await.unwrap();
    assert_eq!(read_ahead.len(), 1, "a read time in the future does not count");
    invoices::update_snapshot(&mut tx, tenant, invoice, &snapshot("1", 10_000), at(100), at(100)).await.unwrap();
    assert!(
        invoices::list_not_read_within(&mut tx, tenant, connection, at(100)..=at(200), "", 5).await.unwrap().is_empty()
    );
}

#[rstest]
#[tokio::test]
async fn invoices_and_customers_follow_a_merged_party(#[values(Sqlite, Postgres)] backend: Backend) {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let (tenant, connection, invoice) = issued(&t, &mut tx).await;
    let stranger = TenantId(Uuid::new_v4());
    assert_eq!(merges::list_parties(&mut tx, tenant, &[1, DEAL.0]).await.unwrap(), [(DEAL, (Some(1), None))]);
    assert!(merges::list_parties(&mut tx, tenant, &[1]).await.unwrap().is_empty());
    assert!(merges::list_parties(&mut tx, stranger, &[DEAL.0]).await.unwrap().is_empty());
    merges::set_parties(&mut tx, stranger, DEAL, (Some(2), None)).await.unwrap();
    assert_eq!(invoices::list(&mut tx, tenant, InvoiceScope::Organization(1)).await.unwrap()[0].id, invoice);
    merges::set_parties(&mut tx, tenant, DEAL, (Some(2), Some(3))).await.unwrap();
    assert!(invoices::list(&mut tx, tenant, InvoiceScope::Organization(1)).await.unwrap().is_empty());
    for of in [InvoiceScope::Organization(2), InvoiceScope::Person(3)] {
        assert_eq!(invoices::list(&mut tx, tenant, of).await.unwrap()[0].id, invoice);
    }

    let [merged, remaining] = [1, 2].map(links::Party::Organization);
    links::link_customer(&mut tx, tenant, connection, merged, &customer("58")).await.unwrap();
    links::link_customer(&mut tx, tenant, connection, links::Party::Person(1), &customer("60")).await.unwrap();
    assert_eq!(merges::move_customers(&mut tx, stranger, merged, remaining).await.unwrap(), 0);
    assert_eq!(merges::move_customers(&mut tx, tenant, merged, remaining).await.unwrap(), 1);
    assert_eq!(links::find_customer(&mut tx, tenant, connection, remaining).await.unwrap(), Some(customer("58")));
    assert_eq!(links::find_customer(&mut tx, tenant, connection, merged).await.unwrap(), None);
    assert_eq!(
        links::find_customer(&mut tx, tenant, connection, links::Party::Person(1)).await.unwrap(),
        Some(customer("60"))
    );
    links::link_customer(&mut tx, tenant, connection, merged, &customer("61")).await.unwrap();
    assert_eq!(
        merges::move_customers(&mut tx, tenant, merged, remaining).await.unwrap(),
        0,
        "the link of the remaining party stays"
    );
    assert_eq!(links::find_customer(&mut tx, tenant, connection, remaining).await.unwrap(), Some(customer("58")));
}
