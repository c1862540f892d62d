//! The query language on customers, items and invoices, and on 100,000 items.

use crate::support::{Bench, US};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn like_ignores_case_and_by_default_respects_accents() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    for name in ["Jörg Müller", "MULLER & Sons"] {
        company.post("/customer", json!({ "DisplayName": name })).await.ok("Customer");
    }
    let found = async |pattern: &str| {
        let rows = company.rows("Customer", &format!("where DisplayName like '{pattern}' orderby Id")).await;
        rows.iter().map(|row| row["DisplayName"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("%muller%").await, ["MULLER & Sons"]);
    assert_eq!(found("JÖRG%").await, ["Jörg Müller"]);
    bench.control("/quickbooks/quirks", json!({ "realm_id": US, "like_accents": "insensitive" })).await;
    assert_eq!(found("%Muller%").await, ["Jörg Müller", "MULLER & Sons"]);
    assert_eq!(found("%mÜller%").await, ["Jörg Müller", "MULLER & Sons"]);
    let equal = company.rows("Customer", "where DisplayName = 'Jorg Muller'").await;
    assert!(equal.is_empty(), "the quirk affects only LIKE");
}

#[tokio::test]
async fn properties_that_cannot_be_filtered_are_refused() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    for (entity, condition) in [
        ("Customer", "PrimaryTaxIdentifier = '1'"),
        ("Customer", "ResaleNum = '1'"),
        ("Customer", "Notes like '%x%'"),
        ("Customer", "CustomerTypeRef = '1'"),
        ("Invoice", "PrivateNote like '%x%'"),
        ("Invoice", "TotalAmt > '1'"),
        ("Invoice", "EmailStatus = 'EmailSent'"),
        ("Invoice", "BillEmail = 'a@b.example'"),
        ("Item", "NoSuchField = '1'"),
        ("Item", "UnitPrice like '1%'"),
    ] {
        let answer = company.query(&format!("select * from {entity} where {condition}")).await;
        assert_eq!(answer.code(), "4001", "{entity} {condition}");
    }
    for (condition, count) in
        [("Sku = 'coffee'", 1), ("Sku like 'BUFFET%'", 1), ("Name = 'coffee service'", 1), ("Name like '%e%'", 6)]
    {
        assert_eq!(company.rows("Item", &format!("where {condition}")).await.len(), count, "{condition}");
        let answer = company.query(&format!("select count(*) from Item where {condition}")).await.ok("QueryResponse");
        assert_eq!(answer, json!({ "totalCount": count }), "{condition}");
    }
}

#[tokio::test]
async fn every_currency_of_every_company_has_a_rate_on_every_day() {
    let bench = Bench::start().await;
    let companies = bench.control("/quickbooks/companies", Value::Null).await["companies"].clone();
    let mut count = 0;
    for company in companies.as_array().expect("companies") {
        let company = bench.company(company["realm_id"].as_str().expect("a realm")).await;
        for currency in company.rows("CompanyCurrency", "").await {
            let code = currency["Code"].as_str().expect("a code").to_owned();
            let path = format!("/exchangerate?sourcecurrencycode={code}");
            let today = company.get(&path).await.ok("ExchangeRate");
            assert!(today["Rate"].is_number() && today["Id"].is_null(), "{today}");
            let earlier = company.get(&format!("{path}&asofdate=2026-03-13")).await.ok("ExchangeRate");
            assert_eq!((&earlier["Rate"], &earlier["AsOfDate"]), (&today["Rate"], &json!("2026-03-13")));
            let condition = format!("where SourceCurrencyCode = '{}'", code.to_lowercase());
            assert_eq!(company.rows("ExchangeRate", &condition).await, [today]);
            let condition = format!("where SourceCurrencyCode in ('{code}', 'XXX') and AsOfDate = '2026-03-13'");
            assert_eq!(company.rows("ExchangeRate", &condition).await, [earlier]);
            let counted = company.query(&format!("select count(*) from ExchangeRate {condition}")).await;
            assert_eq!(counted.ok("QueryResponse"), json!({ "totalCount": 1 }));
            count += 1;
        }
    }
    assert!(count >= 8, "{count} currencies");
    let company = bench.company(US).await;
    assert_eq!(company.get("/exchangerate?sourcecurrencycode=USD").await.code(), "2220", "the home currency");
    assert_eq!(company.get("/exchangerate").await.code(), "2020");
    let rate = json!({ "SourceCurrencyCode": "EUR", "Rate": 1.1, "AsOfDate": "2026-03-20" });
    company.post("/exchangerate", rate).await.ok("ExchangeRate");
    for (day, rate) in [("2026-03-19", 1.1), ("2026-03-20", 1.1), ("2026-04-01", 1.1), ("2030-01-01", 1.0842)] {
        let rows =
            company.rows("ExchangeRate", &format!("where SourceCurrencyCode = 'EUR' and AsOfDate = '{day}'")).await;
        assert_eq!(rows[0]["Rate"], json!(rate), "{day}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_items_are_created_and_found_quickly() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    let before = company.query("select count(*) from Item").await.ok("QueryResponse")["totalCount"].as_u64();
    let began = Instant::now();
    bench.control("/quickbooks/items", json!({ "realm_id": US, "count": 100_000 })).await;
    // docs/sandbox/quickbooks.md has the measured time. The bound here is higher, because test machines are shared.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let counted = company.query("select count(*) from Item").await.ok("QueryResponse")["totalCount"].as_u64();
    assert_eq!(counted, before.map(|before| before + 100_000));
    let first = company.rows("Item", "where Sku = 'SKU-000001'").await.remove(0);
    assert_eq!(first["Name"], json!("Item 000001"));
    let id =
        |number: u64| (first["Id"].as_str().expect("an id").parse::<u64>().expect("a number") + number - 1).to_string();
    let ids = [id(3), id(99_999), "1".to_owned(), id(3), "777777777".to_owned()];
    for (rest, count, name) in [
        ("where Sku = 'SKU-099999'".to_owned(), 1, "Item 099999"),
        ("where Name like '%099999'".to_owned(), 1, "Item 099999"),
        ("where Name like 'item 0500%' maxresults 1000".to_owned(), 100, "Item 050099"),
        ("where Name = 'Item 100000'".to_owned(), 1, "Item 100000"),
        (format!("where Id in ('{}')", ids.join("', '")), 3, "Item 099999"),
        (format!("where Id = '{}' and Active = true", id(7)), 1, "Item 000007"),
        ("startposition 99001 maxresults 1000".to_owned(), 1000, ""),
        ("orderby Name desc maxresults 5".to_owned(), 5, ""),
    ] {
        let began = Instant::now();
        let rows = company.rows("Item", &rest).await;
        assert_eq!(rows.len(), count, "{rest}");
        let last = rows.last().map_or(&Value::Null, |row| &row["Name"]);
        assert!(name.is_empty() || *last == json!(name), "{rest}: {last}");
        assert!(began.elapsed() < Duration::from_secs(5), "{rest}: {:?}", began.elapsed());
    }
    let next =
        company.post("/item", json!({ "Name": "One more", "Type": "Service", "IncomeAccountRef": { "value": "1" } }));
    assert_eq!(next.await.ok("Item")["Id"], json!(id(100_001)));
    let twice = json!({ "Name": "item 000042", "Type": "Service", "IncomeAccountRef": { "value": "1" } });
    assert_eq!(company.post("/item", twice).await.code(), "6240");
}
