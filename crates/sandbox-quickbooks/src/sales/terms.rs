//! Due dates of forms.

use crate::{
    company::Company,
    entity::Entity,
    fault::Fault,
    objects::draft::{Draft, resolve},
};
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

/// Sets the term (of the form, the customer or the company) and the due date. A due date in the request wins.
pub(super) fn set_due_date(
    company: &Company,
    entity: Entity,
    draft: &mut Draft,
    customer: Option<&Value>,
) -> Result<(), Fault> {
    let mut term = resolve(company, &mut draft.row, "SalesTermRef", Entity::Term)?;
    if term.is_none() && draft.before.is_none() && !draft.row.contains_key("Id") {
        let default = &company.preferences()["SalesFormsPrefs"]["DefaultTerms"]["value"];
        let of_customer = customer.map(|customer| &customer["SalesTermRef"]["value"]).filter(|id| id.is_string());
        let id = of_customer.unwrap_or(default).as_str().unwrap_or_default();
        term = company.get(Entity::Term, id).filter(|term| term["Active"] != json!(false));
        if let Some(term) = &term {
            draft.row.insert("SalesTermRef".into(), json!({ "value": term["Id"], "name": term["Name"] }));
        }
    }
    let by_term = draft.sent.get("SalesTermRef").is_some_and(|sent| !sent.is_null())
        && draft.sent.get("DueDate").is_none_or(Value::is_null);
    if entity == Entity::Invoice && (by_term || !draft.row.contains_key("DueDate")) {
        let issued: Date = draft.row["TxnDate"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
        let due = term.map_or(issued, |term| by(&term, issued));
        draft.row.insert("DueDate".into(), json!(due.to_string()));
    }
    Ok(())
}

/// Returns the date on which an invoice issued on a day is due.
fn by(term: &Value, issued: Date) -> Date {
    if let Some(days) = term["DueDays"].as_i64() {
        return issued.checked_add(days.days()).unwrap_or(issued);
    }
    let day = i8::try_from(term["DayOfMonthDue"].as_i64().unwrap_or(1)).unwrap_or(1);
    let on = |month: Date| month.with().day(day.min(month.days_in_month())).build().unwrap_or(month);
    let this = on(issued);
    let grace = term["DueNextMonthDays"].as_i64().unwrap_or(0);
    let too_near = grace > 0 && this.checked_sub(grace.days()).is_ok_and(|from| issued >= from);
    if issued > this || too_near { on(issued.first_of_month().checked_add(1.month()).unwrap_or(issued)) } else { this }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_near_due_day_moves_to_the_next_month() {
        let term = json!({ "DayOfMonthDue": 31, "DueNextMonthDays": 5 });
        assert_eq!(by(&term, date(2026, 2, 10)), date(2026, 2, 28));
        assert_eq!(by(&term, date(2026, 2, 24)), date(2026, 3, 31));
        assert_eq!(by(&json!({ "DayOfMonthDue": 10 }), date(2026, 12, 11)), date(2027, 1, 10));
        assert_eq!(by(&json!({ "DueDays": 30 }), date(2026, 1, 31)), date(2026, 3, 2));
    }
}
