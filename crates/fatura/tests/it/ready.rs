//! A form that needs nothing more.

use crate::{
    form::Form,
    person::{BR, Person, US},
    test_app::TestApp,
};

/// The customer in the forms of [`open_ready_form`], in both companies.
pub(crate) const CUSTOMER: [&str; 2] = ["3", "4"];
/// The item in the forms of [`open_ready_form`], in both companies.
pub(crate) const ITEM: [&str; 2] = ["12", "10"];

/// Opens the form of a new deal, for a customer and an item that are there.
pub(crate) async fn open_ready_form<'a>(app: &TestApp, person: &'a Person<'_>) -> Form<'a> {
    let user = person.user;
    let (at, currency) = if user.realm == US.realm { (0, "USD") } else { (1, "BRL") };
    assert!([US.realm, BR.realm].contains(&user.realm));
    let deal = app.providers.create_roomy_deal(user, 3).await;
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
    .unseen()
}
