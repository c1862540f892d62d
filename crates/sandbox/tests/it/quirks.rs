//! Both readings of what nobody has recorded.

use crate::support::{Bench, US, invoice};
use serde_json::json;

#[tokio::test]
async fn a_percentage_is_computed_or_the_amount_beside_it_counts() {
    let bench = Bench::start().await;
    let company = bench.company(US).await;
    for (reading, sent, discount) in [
        ("computed", json!(0), json!(12.5)),
        ("computed", json!(99), json!(12.5)),
        ("computed", json!(null), json!(12.5)),
        ("amount", json!(0), json!(0)),
        ("amount", json!(12.5), json!(12.5)),
        ("amount", json!(null), json!(12.5)),
    ] {
        bench.control("/quickbooks/quirks", json!({ "realm_id": US, "percent_discount": reading })).await;
        let mut body = invoice(125.0);
        let line = json!({ "DetailType": "DiscountLineDetail", "Amount": sent, "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 10 } });
        body["Line"].as_array_mut().expect("lines").push(line);
        let made = company.post("/invoice", body).await.ok("Invoice");
        let line = &made["Line"][2];
        assert_eq!(line["Amount"], discount, "{reading} {sent}");
        assert_eq!(line["DiscountLineDetail"]["DiscountPercent"], json!(10));
        let total = 125.0 - discount.as_f64().expect("a number");
        assert_eq!(made["TotalAmt"].as_f64(), Some(total), "{reading} {sent}");
        let again = company.post("/invoice", made.clone()).await.ok("Invoice");
        assert_eq!((&again["Line"], &again["TotalAmt"]), (&made["Line"], &made["TotalAmt"]), "{reading} {sent}");
    }
}
