//! A complete form, which can be submitted without changes.

use crate::{
    form::Form,
    person::{BR, Person, US},
    test_app::TestApp,
};

/// QuickBooks ids of the customer in the forms of [`open_ready_form`]: in the US company, in the Brazilian company.
pub(crate) const CUSTOMER: [&str; 2] = ["3", "4"];
/// QuickBooks ids of the item in the forms of [`open_ready_form`]: in the US company, in the Brazilian company.
pub(crate) const ITEM: [&str; 2] = ["12", "10"];

/// Opens the form of a new deal, with an existing customer and an existing item.
pub(crate) async fn open_ready_form<'a>(app: &TestApp, person: &'a Person<'_>) -> Form<'a> {
    let user = person.user;
    let (at, currency) = if user.realm == US.realm { (0, "USD") } else { (1, "BRL") };
    assert!([US.realm, BR.realm].contains(&user.realm));
    let deal = app.providers.create_large_deal(user, 3).await;
    let form = person.open_form(deal).await.with_first_line_only();
    form.with(&[
        ("customer", CUSTOMER[at]),
        ("customer_name", ["Cascade Robotics, Inc.", "Instituto Jequitibá"][at]),
        ("customer_currency", currency),
        ("currency", currency),
        ("tax_mode", "none"),
        ("email", "ap@customer.example"),
        ("lines[0][item]", ITEM[at]),
        ("lines[0][item_name]", "An item"),
        ("lines[0][quantity]", "1"),
        ("lines[0][unit_price]", "10"),
    ])
    .without_seen_invoices()
}
