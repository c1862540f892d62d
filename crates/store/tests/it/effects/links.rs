//! Entries of links and of merged records: `links`, `merges`.

use super::{
    harness::Effects,
    world::{DEAL, OTHER_DEAL, tenant},
};
use domain::ids::DealId;
use store::{
    links::{self, LinkedCustomer, Party},
    merges,
};

pub(super) async fn check(e: &Effects<'_>) {
    check_links(e).await;
    check_merges(e).await;
}

async fn check_links(e: &Effects<'_>) {
    let new = || LinkedCustomer { id: "99".into(), name: "New".into() };
    for (party, expected) in [
        (
            Party::Organization(1),
            &["customer_link A A.active organization 1: customer_id='99' customer_name='New'"][..],
        ),
        (Party::Person(1), &["customer_link A A.active person 1: customer_id='99' customer_name='New'"]),
        (Party::Person(9), &["+ customer_link A A.active person 9"]),
    ] {
        e.by_id(
            "links::link_customer",
            async |tx, by, of| links::link_customer(tx, by, of.connection("active"), party, &new()).await,
            expected,
        )
        .await;
    }
    for (party, expected) in [
        (Party::Organization(1), &["-> Some(LinkedCustomer { id: \"58\", name: \"58 of A\" })"][..]),
        (Party::Person(3), &["-> Some(LinkedCustomer { id: \"60\", name: \"60 of A\" })"]),
        (Party::Person(2), &["-> None"]),
    ] {
        e.by_id(
            "links::find_customer",
            async |tx, by, of| links::find_customer(tx, by, of.connection("active"), party).await,
            expected,
        )
        .await;
    }
    e.by_id(
        "links::unlink_customer",
        async |tx, by, of| links::unlink_customer(tx, by, of.connection("active"), Party::Organization(1)).await,
        &["- customer_link A A.active organization 1"],
    )
    .await;
    e.by_id(
        "links::update_customer",
        async |tx, by, of| links::update_customer(tx, by, of.connection("active"), "58", &new()).await,
        &[
            "customer_link A A.active organization 1: customer_id='99' customer_name='New'",
            "customer_link A A.active person 1: customer_id='99' customer_name='New'",
        ],
    )
    .await;
    for (connection, expected) in [
        ("active", &["-> [(5, \"5 of A active\"), (6, \"6 of A active\")]"][..]),
        ("former", &["-> [(5, \"5 of A former\"), (6, \"6 of A former\")]"]),
    ] {
        e.by_id(
            "links::list_items",
            async |tx, by, of| links::list_items(tx, by, of.connection(connection)).await,
            expected,
        )
        .await;
    }
    for (product, expected) in [(5, &["item_link A A.active 5: item_id='99'"][..]), (9, &["+ item_link A A.active 9"])]
    {
        e.by_id(
            "links::link_item",
            async |tx, by, of| links::link_item(tx, by, of.connection("active"), product, "99").await,
            expected,
        )
        .await;
    }
}

async fn check_merges(e: &Effects<'_>) {
    for (from, to, expected) in [
        (
            DEAL,
            DealId(44),
            &[
                "-> 13",
                "+ draft A 44 7",
                "+ draft A 44 8",
                "+ draft A 44 9",
                "history_entry A.note.held: deal_id=44",
                "history_entry A.note.other: deal_id=44",
                "history_entry A.note.queued: deal_id=44",
                "history_entry A.note.written: deal_id=44",
                "invoice A.broken: deal_id=44",
                "invoice A.deleted: deal_id=44",
                "invoice A.former: deal_id=44",
                "invoice A.given: deal_id=44",
                "invoice A.held: deal_id=44",
                "invoice A.issued: deal_id=44",
                "invoice A.other: deal_id=44",
                "invoice A.paid: deal_id=44",
                "invoice A.queued: deal_id=44",
                "invoice A.refused: deal_id=44",
                "invoice A.removed: deal_id=44",
                "invoice A.sending: deal_id=44",
                "invoice A.stuck: deal_id=44",
                "- draft A 42 7",
                "- draft A 42 8",
                "- draft A 42 9",
            ][..],
        ),
        (
            DEAL,
            OTHER_DEAL,
            &[
                "-> 13",
                "draft A 43 7: form={..} intent=k.42.7 state='typed'",
                "+ draft A 43 9",
                "history_entry A.note.held: deal_id=43",
                "history_entry A.note.other: deal_id=43",
                "history_entry A.note.queued: deal_id=43",
                "history_entry A.note.written: deal_id=43",
                "invoice A.broken: deal_id=43",
                "invoice A.deleted: deal_id=43",
                "invoice A.former: deal_id=43",
                "invoice A.given: deal_id=43",
                "invoice A.held: deal_id=43",
                "invoice A.issued: deal_id=43",
                "invoice A.other: deal_id=43",
                "invoice A.paid: deal_id=43",
                "invoice A.queued: deal_id=43",
                "invoice A.refused: deal_id=43",
                "invoice A.removed: deal_id=43",
                "invoice A.sending: deal_id=43",
                "invoice A.stuck: deal_id=43",
                "- draft A 42 7",
                "- draft A 42 9",
            ],
        ),
        (
            OTHER_DEAL,
            DEAL,
            &[
                "-> 1",
                "history_entry A.note.moved: deal_id=42",
                "history_entry A.note.sending: deal_id=42",
                "history_entry A.note.stuck: deal_id=42",
                "invoice A.later: deal_id=42",
            ],
        ),
    ] {
        e.by_number("merges::move_deal", async |tx, by| merges::move_deal(tx, by, from, to).await, expected).await;
    }
    // User 9 has opened drafts of both deals and typed into a draft of a third deal: both drafts stay. Drafts of users with the same numbers
    // in another company have no influence.
    let open = [
        "INSERT INTO draft (tenant_id, deal_id, user_id, form, updated_at, state) VALUES ({A}, 43, 9, '', @3, 'opened'), \
         ({A}, 50, 9, '', @3, 'typed'), ({A}, 42, 10, '', @3, 'opened'), ({B}, 43, 10, '', @3, 'opened')",
        "UPDATE draft SET state = 'typed' WHERE tenant_id = {B} AND deal_id = 42 AND user_id = 9",
        "UPDATE invoice SET deal_id = 51 WHERE deal_id = 42",
        "UPDATE history_entry SET deal_id = 51 WHERE deal_id = 42",
    ];
    e.given(&open)
        .of_all(
            "merges::move_deal",
            async |tx| merges::move_deal(tx, tenant("A"), DEAL, OTHER_DEAL).await,
            &[
                "-> 0",
                "+ draft A 43 10",
                "draft A 43 7: form={..} intent=k.42.7 state='typed'",
                "- draft A 42 10",
                "- draft A 42 7",
            ],
        )
        .await;
    for (notes, other_than, expected) in [
        (&[5, 6][..], 0, &["-> [DealId(42), DealId(43)]"][..]),
        (&[5, 6], 42, &["-> [DealId(43)]"]),
        (&[5], 0, &["-> [DealId(42)]"]),
        (&[9], 0, &["-> []"]),
    ] {
        e.given(&["UPDATE history_entry SET note_id = 9 WHERE id = {B.note.written}"])
            .of_all(
                "merges::list_deals_of_notes",
                async |tx| merges::list_deals_of_notes(tx, tenant("A"), notes, DealId(other_than)).await,
                expected,
            )
            .await;
    }
    for (deal, organization, person, expected) in [
        (DEAL, Some(1), None, &["-> false"][..]),
        (DEAL, Some(2), None, &["-> true"]),
        (DEAL, None, Some(4), &["-> true"]),
        (OTHER_DEAL, Some(2), Some(4), &["-> false"]),
        (OTHER_DEAL, Some(1), None, &["-> true"]),
        (OTHER_DEAL, Some(9), Some(9), &["-> false"]),
    ] {
        e.given(&["UPDATE invoice SET organization_id = 9 WHERE tenant_id = {B}"])
            .of_all(
                "merges::has_invoices_in_other_deals",
                async |tx| merges::has_invoices_in_other_deals(tx, tenant("A"), deal, organization, person).await,
                expected,
            )
            .await;
    }
    for (deals, expected) in [
        (&[42][..], &["-> [(DealId(42), (Some(1), Some(3)))]"][..]),
        (&[43], &["-> [(DealId(43), (Some(2), Some(4)))]"]),
        (&[44], &["-> []"]),
    ] {
        e.given(&["UPDATE invoice SET organization_id = 9 WHERE tenant_id = {B}"])
            .of_all("merges::list_parties", async |tx| merges::list_parties(tx, tenant("A"), deals).await, expected)
            .await;
    }
    e.by_number(
        "merges::set_parties",
        async |tx, by| merges::set_parties(tx, by, OTHER_DEAL, (Some(8), Some(9))).await,
        &["invoice A.later: organization_id=8 person_id=9"],
    )
    .await;
    for (from, to, expected) in [
        (
            Party::Organization(1),
            Party::Organization(9),
            &[
                "-> 2",
                "+ customer_link A A.active organization 9",
                "+ customer_link A A.former organization 9",
                "- customer_link A A.active organization 1",
                "- customer_link A A.former organization 1",
            ][..],
        ),
        (Party::Organization(1), Party::Organization(2), &["-> 0"]),
        (Party::Person(3), Party::Person(1), &["-> 0"]),
        (
            Party::Person(3),
            Party::Person(2),
            &[
                "-> 2",
                "+ customer_link A A.active person 2",
                "+ customer_link A A.former person 2",
                "- customer_link A A.active person 3",
                "- customer_link A A.former person 3",
            ],
        ),
    ] {
        e.by_number("merges::move_customers", async |tx, by| merges::move_customers(tx, by, from, to).await, expected)
            .await;
    }
    // In one connection the remaining party has a link itself, in the other only that of another company has one.
    e.given(&[
        "DELETE FROM customer_link WHERE tenant_id = {A} AND connection_id = {A.active} AND kind = 'person' \
                 AND pipedrive_id = 1",
        "DELETE FROM customer_link WHERE tenant_id = {B} AND connection_id = {B.former} AND kind = 'person' \
                 AND pipedrive_id = 1",
        "INSERT INTO customer_link (tenant_id, connection_id, kind, pipedrive_id, customer_id) VALUES ({B}, \
                 {A.active}, 'person', 1, '58')",
    ])
    .of_all(
        "merges::move_customers",
        async |tx| merges::move_customers(tx, tenant("A"), Party::Person(3), Party::Person(1)).await,
        &["-> 1", "+ customer_link A A.active person 1", "- customer_link A A.active person 3"],
    )
    .await;
}
