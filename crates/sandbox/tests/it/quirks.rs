//! Both settings of each quirk.

use crate::support::{Bench, US, invoice};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_discount_counts_by_its_percentage_or_by_its_amount() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    for (setting, sent, discount) in [
        ("computed", json!(0), json!(12.5)),
        ("computed", json!(99), json!(12.5)),
        ("computed", json!(null), json!(12.5)),
        ("amount", json!(0), json!(0)),
        ("amount", json!(12.5), json!(12.5)),
        ("amount", json!(null), json!(12.5)),
    ] {
        bench.control("/quickbooks/quirks", json!({ "realm_id": US, "percent_discount": setting })).await;
        let mut body = invoice(125.0);
        let line = json!({ "DetailType": "DiscountLineDetail", "Amount": sent, "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 10 } });
        body["Line"].as_array_mut().expect("lines").push(line);
        let created = company.post("/invoice", body).await.ok("Invoice");
        let line = &created["Line"][2];
        assert_eq!(line["Amount"], discount, "{setting} {sent}");
        assert_eq!(line["DiscountLineDetail"]["DiscountPercent"], json!(10));
        let total = 125.0 - discount.as_f64().expect("a number");
        assert_eq!(created["TotalAmt"].as_f64(), Some(total), "{setting} {sent}");
        let again = company.post("/invoice", created.clone()).await.ok("Invoice");
        assert_eq!((&again["Line"], &again["TotalAmt"]), (&created["Line"], &created["TotalAmt"]), "{setting} {sent}");
    }
}

#[tokio::test]
async fn deleting_a_paid_invoice_unlinks_payments_or_is_refused() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    for operation in ["delete", "void"] {
        for setting in ["unlinks", "refused"] {
            let balance = company.get("/customer/1").await.ok("Customer")["Balance"].as_f64().expect("a balance");
            let created = company.post("/invoice", invoice(100.0)).await.ok("Invoice");
            let pay = json!({ "realm_id": US, "invoice_id": created["Id"], "amount": 40 });
            let payment = bench.control("/quickbooks/payment", pay).await;
            let quirk = format!("{operation}_paid");
            bench.control("/quickbooks/quirks", json!({ "realm_id": US, quirk: setting })).await;
            let reference = json!({ "Id": created["Id"], "SyncToken": "1" });
            let answer = company.post(&format!("/invoice?operation={operation}"), reference).await;
            let id = payment["Id"].as_str().expect("an id");
            let after = company.get(&format!("/payment/{id}")).await.ok("Payment");
            let now = company.get("/customer/1").await.ok("Customer")["Balance"].as_f64();
            if setting == "refused" {
                assert_eq!(answer.code(), "6540", "{operation}");
                assert_eq!((&after["UnappliedAmt"], now), (&json!(0), Some(balance + 60.0)), "{operation}");
            } else {
                assert_eq!(answer.status, StatusCode::OK, "{operation}: {}", answer.body);
                assert_eq!((&after["UnappliedAmt"], now), (&json!(40), Some(balance - 40.0)), "{operation}");
                assert_eq!((&after["TotalAmt"], &after["Line"]), (&json!(40), &json!([])), "{operation}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_quirk_is_refused() {
    let bench = Bench::start().await;
    for (body, status) in [
        (json!({ "realm_id": US, "delete_payed": "refused" }), StatusCode::BAD_REQUEST),
        (json!({ "realm_id": US, "delete_paid": "denied" }), StatusCode::BAD_REQUEST),
        (json!({ "realm_id": "1", "delete_paid": "refused" }), StatusCode::NOT_FOUND),
        (json!({ "realm_id": US }), StatusCode::NO_CONTENT),
    ] {
        assert_eq!(bench.control_status("/quickbooks/quirks", body.clone()).await, status, "{body}");
    }
}
