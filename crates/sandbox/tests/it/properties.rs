//! Properties that hold after any sequence of operations: sums, balances, change data capture, queries.

use crate::support::{Bench, Company, US, line, realm};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn decimal(value: &Value) -> Decimal {
    if value.is_null() {
        Decimal::ZERO
    } else {
        value.to_string().parse().unwrap_or_else(|_| panic!("{value} is no number"))
    }
}

/// Random values from a seed.
struct Draws(TestRunner);

impl Draws {
    fn new(seed: u8) -> Self {
        Self(TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32])))
    }

    fn draw<T: std::fmt::Debug>(&mut self, strategy: impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).expect("a value").current()
    }
}

/// Condition on a row.
type Test = Box<dyn Fn(&Value) -> bool>;

/// An operation on the books of one customer.
#[derive(Debug, Clone)]
enum Operation {
    Invoice(Vec<u32>),
    Credit(u32),
    Pay { which: usize, cents: u32 },
    Resize { which: usize, cents: u32 },
    Void(usize),
    Delete(usize),
    VoidPayment(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => prop::collection::vec(1..500_000_u32, 1..4).prop_map(Operation::Invoice),
        1 => (1..50_000_u32).prop_map(Operation::Credit),
        4 => (any::<usize>(), 1..300_000_u32).prop_map(|(which, cents)| Operation::Pay { which, cents }),
        2 => (any::<usize>(), 1..300_000_u32).prop_map(|(which, cents)| Operation::Resize { which, cents }),
        1 => any::<usize>().prop_map(Operation::Void),
        1 => any::<usize>().prop_map(Operation::Delete),
        1 => any::<usize>().prop_map(Operation::VoidPayment),
    ]
}

fn cents(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

async fn carry_out(bench: &Bench, company: &Company<'_>, operation: Operation) {
    let all = |entity: &'static str| company.rows(entity, "where CustomerRef = '1' maxresults 1000");
    let pick =
        |rows: Vec<Value>, which: usize| if rows.is_empty() { None } else { Some(rows[which % rows.len()].clone()) };
    let reference = |row: &Value| json!({ "Id": row["Id"], "SyncToken": row["SyncToken"] });
    match operation {
        Operation::Invoice(amounts) => {
            let lines: Vec<Value> = amounts.into_iter().map(|amount| line(cents(amount), "TAX")).collect();
            let body = json!({ "CustomerRef": { "value": "1" }, "TxnTaxDetail": { "TxnTaxCodeRef": { "value": "3" } }, "Line": lines });
            company.post("/invoice", body).await.ok("Invoice");
        }
        Operation::Credit(amount) => {
            company
                .post("/creditmemo", json!({ "CustomerRef": { "value": "1" }, "Line": [line(cents(amount), "NON")] }))
                .await
                .ok("CreditMemo");
        }
        Operation::Pay { which, cents: amount } => {
            if let Some(row) = pick(all("Invoice").await, which).filter(|row| decimal(&row["Balance"]) > Decimal::ZERO)
            {
                let part = decimal(&row["Balance"]).min(Decimal::new(i64::from(amount), 2));
                bench
                    .control(
                        "/quickbooks/payment",
                        json!({ "realm_id": US, "invoice_id": row["Id"], "amount": part.to_string() }),
                    )
                    .await;
            }
        }
        Operation::Resize { which, cents: amount } => {
            if let Some(row) = pick(all("Invoice").await, which) {
                let mut body = reference(&row);
                body["sparse"] = json!(true);
                body["Line"] = json!([line(cents(amount), "NON")]);
                company.post("/invoice", body).await.ok("Invoice");
            }
        }
        Operation::Void(which) => {
            if let Some(row) = pick(all("Invoice").await, which) {
                company.post("/invoice?operation=void", reference(&row)).await.ok("Invoice");
            }
        }
        Operation::Delete(which) => {
            if let Some(row) = pick(all("Invoice").await, which) {
                company.post("/invoice?operation=delete", reference(&row)).await;
            }
        }
        Operation::VoidPayment(which) => {
            if let Some(row) = pick(all("Payment").await, which) {
                company.post("/payment?operation=update&include=void", reference(&row)).await.ok("Payment");
            }
        }
    }
}

/// Checks the books: an invoice's balance is its total minus its payments, and a customer's balance is the sum of all.
async fn check_books(company: &Company<'_>) {
    let invoices = company.rows("Invoice", "maxresults 1000").await;
    let payments = company.rows("Payment", "maxresults 1000").await;
    let credits = company.rows("CreditMemo", "maxresults 1000").await;
    let mut applied: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut customer_balances: BTreeMap<String, Decimal> = BTreeMap::new();
    for payment in &payments {
        let mut unapplied = decimal(&payment["TotalAmt"]);
        for line in payment["Line"].as_array().into_iter().flatten() {
            let link = &line["LinkedTxn"][0];
            let amount = decimal(&line["Amount"]);
            *applied.entry(link["TxnId"].to_string()).or_default() += amount;
            unapplied += if link["TxnType"] == json!("CreditMemo") { amount } else { -amount };
        }
        assert_eq!(decimal(&payment["UnappliedAmt"]), unapplied, "{payment}");
        *customer_balances.entry(payment["CustomerRef"]["value"].to_string()).or_default() -= unapplied;
    }
    for invoice in &invoices {
        let lines = invoice["Line"].as_array().expect("lines");
        let sold: Decimal =
            lines.iter().filter(|line| !line["Id"].is_null()).map(|line| decimal(&line["Amount"])).sum();
        let taxes: Decimal = invoice["TxnTaxDetail"]["TaxLine"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| decimal(&line["Amount"]))
            .sum();
        assert_eq!(decimal(&invoice["TotalAmt"]), sold + taxes, "{invoice}");
        let open = decimal(&invoice["TotalAmt"]) - applied.get(&invoice["Id"].to_string()).copied().unwrap_or_default();
        assert_eq!(decimal(&invoice["Balance"]), open, "{invoice}");
        *customer_balances.entry(invoice["CustomerRef"]["value"].to_string()).or_default() += open;
    }
    for credit in &credits {
        let unapplied =
            decimal(&credit["TotalAmt"]) - applied.get(&credit["Id"].to_string()).copied().unwrap_or_default();
        assert_eq!(decimal(&credit["RemainingCredit"]), unapplied, "{credit}");
        *customer_balances.entry(credit["CustomerRef"]["value"].to_string()).or_default() -= unapplied;
    }
    for customer in company.rows("Customer", "maxresults 1000").await {
        let expected = customer_balances.get(&customer["Id"].to_string()).copied().unwrap_or_default();
        assert_eq!(decimal(&customer["Balance"]), expected, "{customer}");
    }
}

#[tokio::test]
async fn balances_are_totals_minus_payments_and_credits() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let mut draws = Draws::new(11);
    for round in 0..150 {
        let operation = draws.draw(operation());
        carry_out(&bench, &company, operation).await;
        if round % 10 == 9 {
            check_books(&company).await;
        }
    }
}

#[tokio::test]
async fn change_data_capture_reproduces_the_current_state() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let mut draws = Draws::new(23);
    for _ in 0..20 {
        carry_out(&bench, &company, draws.draw(operation())).await;
    }
    for _ in 0..5 {
        let read = async || {
            let mut rows = BTreeMap::new();
            for entity in ["Invoice", "Payment", "CreditMemo"] {
                for row in company.rows(entity, "maxresults 1000").await {
                    rows.insert((entity, row["Id"].to_string()), row);
                }
            }
            rows
        };
        let mut start = read().await;
        bench.control("/clock", json!({ "advance_seconds": 60 })).await;
        let since = bench.control("/clock", Value::Null).await["now"].as_str().expect("a time").to_owned();
        let since = since.split('.').next().expect("seconds").trim_end_matches('Z').to_owned() + "Z";
        for _ in 0..15 {
            carry_out(&bench, &company, draws.draw(operation())).await;
        }
        let changes = company
            .get(&format!("/cdc?entities=Invoice,Payment,CreditMemo&changedSince={since}"))
            .await
            .ok("CDCResponse");
        for (part, entity) in
            changes[0]["QueryResponse"].as_array().expect("parts").iter().zip(["Invoice", "Payment", "CreditMemo"])
        {
            for row in part[entity].as_array().into_iter().flatten() {
                let key = (entity, row["Id"].to_string());
                if row["status"] == json!("Deleted") {
                    start.remove(&key);
                } else {
                    start.insert(key, row.clone());
                }
            }
        }
        assert_eq!(start, read().await);
    }
}

#[tokio::test]
async fn queries_agree_with_a_linear_search() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let mut draws = Draws::new(37);
    for _ in 0..60 {
        let amounts = draws.draw(prop::collection::vec(1..20_000_u32, 1..3));
        let lines: Vec<Value> = amounts.into_iter().map(|amount| line(cents(amount), "NON")).collect();
        let day = draws.draw(1..28_u32);
        let customer = draws.draw(1..6_u32).to_string();
        company
            .post(
                "/invoice",
                json!({ "CustomerRef": { "value": customer }, "TxnDate": format!("2026-11-{day:02}"), "Line": lines }),
            )
            .await
            .ok("Invoice");
    }
    let all = company.rows("Invoice", "maxresults 1000").await;
    for _ in 0..80 {
        let limit = Decimal::new(i64::from(draws.draw(1..30_000_u32)), 2);
        let day = format!("2026-11-{:02}", draws.draw(1..28_u32));
        let customer = draws.draw(1..6_u32).to_string();
        let digit = draws.draw(0..10_u32).to_string();
        let (clause, test): (String, Test) = match draws.draw(0..6_u32) {
            0 => (format!("Balance > '{limit}'"), Box::new(move |row| decimal(&row["Balance"]) > limit)),
            1 => (
                format!("Balance <= '{limit}' and CustomerRef = '{customer}'"),
                Box::new(move |row| {
                    decimal(&row["Balance"]) <= limit && row["CustomerRef"]["value"] == json!(customer)
                }),
            ),
            2 => (
                format!("TxnDate >= '{day}'"),
                Box::new(move |row| row["TxnDate"].as_str().is_some_and(|date| date >= day.as_str())),
            ),
            3 => (
                format!("TxnDate < '{day}' and Balance > '0'"),
                Box::new(move |row| {
                    row["TxnDate"].as_str().is_some_and(|date| date < day.as_str())
                        && decimal(&row["Balance"]) > Decimal::ZERO
                }),
            ),
            4 => (
                format!("DocNumber like '%{digit}'"),
                Box::new(move |row| row["DocNumber"].as_str().is_some_and(|number| number.ends_with(&digit))),
            ),
            _ => (
                format!("CustomerRef in ('{customer}', '5')"),
                Box::new(move |row| {
                    row["CustomerRef"]["value"] == json!(customer) || row["CustomerRef"]["value"] == json!("5")
                }),
            ),
        };
        let found = company.rows("Invoice", &format!("where {clause} maxresults 1000")).await;
        let expected: Vec<Value> = all.iter().filter(|row| test(row)).cloned().collect();
        assert_eq!(found, expected, "{clause}");
    }
}

#[tokio::test]
async fn totals_are_the_sum_of_lines_in_every_country() {
    let bench = Bench::start().await;
    let mut draws = Draws::new(53);
    for (preset, codes) in [
        ("ca", vec!["2", "3", "4", "5", "8"]),
        ("gb", vec!["2", "3", "4"]),
        ("au", vec!["2", "3"]),
        ("in", vec!["2", "3", "4"]),
        ("br", vec!["2", "3", "4"]),
    ] {
        let company = bench.company(realm(preset)).await;
        for _ in 0..40 {
            let amounts =
                draws.draw(prop::collection::vec((1..900_000_u32, prop::sample::select(codes.clone())), 1..6));
            let tax_mode = draws.draw(prop::sample::select(vec!["TaxExcluded", "TaxInclusive", "NotApplicable"]));
            let entered: Decimal = amounts.iter().map(|(amount, _)| Decimal::new(i64::from(*amount), 2)).sum();
            let lines: Vec<Value> = amounts.into_iter().map(|(amount, code)| line(cents(amount), code)).collect();
            let created = company
                .post(
                    "/invoice",
                    json!({ "CustomerRef": { "value": "1" }, "GlobalTaxCalculation": tax_mode, "Line": lines }),
                )
                .await
                .ok("Invoice");
            let nets: Decimal = created["Line"]
                .as_array()
                .expect("lines")
                .iter()
                .filter(|line| !line["Id"].is_null())
                .map(|line| decimal(&line["Amount"]))
                .sum();
            let total = decimal(&created["TotalAmt"]);
            assert_eq!(total, nets + decimal(&created["TxnTaxDetail"]["TotalTax"]), "{created}");
            if tax_mode != "TaxExcluded" {
                assert_eq!(total, entered, "{created}");
            }
        }
    }
}

/// Generates a value that replaces another one.
fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{}])),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(99_999_999_999.0)),
        Just(json!(0.000_001)),
        Just(json!("99999999999999999999999999999999")),
        Just(json!("2026-02-30")),
        Just(json!("x".repeat(5000))),
        Just(json!({ "value": "1" })),
        Just(json!({ "value": {} })),
        Just(json!({ "value": [] })),
        Just(json!("\u{0}\u{1F600}")),
    ]
}

/// Replaces a random value in `body`.
fn replace_random_value(body: &mut Value, value: &Value, draws: &mut Draws) {
    let deeper = draws.draw(0..3_u32) > 0;
    match body {
        Value::Object(members) if !members.is_empty() => {
            let at = draws.draw(0..members.len());
            let name = members.keys().nth(at).expect("a member").clone();
            match members.get_mut(&name) {
                Some(member) if deeper && (member.is_object() || member.is_array()) => {
                    replace_random_value(member, value, draws);
                }
                _ => {
                    members.insert(name, value.clone());
                }
            }
        }
        Value::Array(values) if !values.is_empty() => {
            let at = draws.draw(0..values.len());
            if deeper {
                replace_random_value(&mut values[at], value, draws);
            } else {
                values[at] = value.clone();
            }
        }
        other => *other = value.clone(),
    }
}

#[tokio::test]
async fn no_request_breaks_the_sandbox() {
    let bench = Bench::start().await;
    let mut draws = Draws::new(71);
    let companies = [bench.company(US).await, bench.company(realm("ca")).await];
    let mut bodies = Vec::new();
    for company in &companies {
        for entity in [
            "Invoice",
            "Estimate",
            "CreditMemo",
            "Payment",
            "Customer",
            "Item",
            "Term",
            "Account",
            "Preferences",
            "CompanyInfo",
            "TaxAgency",
            "Attachable",
            "Class",
        ] {
            bodies.extend(company.rows(entity, "maxresults 3").await.into_iter().map(|row| (entity, row)));
        }
    }
    for round in 0..1500_usize {
        let (entity, mut body) = bodies[draws.draw(0..bodies.len())].clone();
        let value = draws.draw(odd_value());
        replace_random_value(&mut body, &value, &mut draws);
        if draws.draw(any::<bool>())
            && let Some(members) = body.as_object_mut()
        {
            members.remove("Id");
        }
        let company = &companies[round % 2];
        let path = match draws.draw(0..6_u32) {
            0 => format!("/{}?operation=void", entity.to_lowercase()),
            1 => format!("/{}?operation=delete", entity.to_lowercase()),
            _ => format!("/{}", entity.to_lowercase()),
        };
        let sent = body.to_string();
        let answer = company.post(&path, body).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400), "{path} {sent}: {} {}", answer.status, answer.body);
    }
    for clause in [
        "'",
        "where",
        "where (",
        "where Id in (",
        "where Id in ()",
        "where Id = ",
        "orderby",
        "startposition -1",
        "maxresults 99999999999999999999",
        "\u{0}",
        "where Id like '%%%%'",
    ] {
        let answer = companies[0].query(&format!("select * from Invoice {clause}")).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400), "{clause}: {}", answer.status);
    }
}
