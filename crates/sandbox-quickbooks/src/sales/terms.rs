//! Due dates of forms.

use crate::{
    company::Company,
    entity::Entity,
    fault::Fault,
    objects::draft::{Draft, resolve},
};
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

/// Sets the term (of the form, the customer or the company) and the due date. A due date in the request takes precedence.
pub(super) fn set_due_date(
    company: &Company,
    entity: Entity,
    draft: &mut Draft,
    customer: Option<&Value>,
) -> Result<(), Fault> {
    let mut term = resolve(company, &mut draft.row, "SalesTermRef", Entity::Term)?;
    if term.is_none() && draft.before.is_none() && !draft.row.contains_key("Id") {
        let default = &company.preferences()["SalesFormsPrefs"]["DefaultTerms"]["value"];
        let customer_term = customer.map(|customer| &customer["SalesTermRef"]["value"]).filter(|id| id.is_string());
        let id = customer_term.unwrap_or(default).as_str().unwrap_or_default();
        term = company.get(Entity::Term, id).filter(|term| term["Active"] != json!(false));
        if let Some(term) = &term {
            draft.row.insert("SalesTermRef".into(), json!({ "value": term["Id"], "name": term["Name"] }));
        }
    }
    let uses_term = draft.request.get("SalesTermRef").is_some_and(|sent| !sent.is_null())
        && draft.request.get("DueDate").is_none_or(Value::is_null);
    if entity == Entity::Invoice && (uses_term || !draft.row.contains_key("DueDate")) {
        let issued: Date = draft.row["TxnDate"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
        let due = term.map_or(issued, |term| due_date_by_term(&term, issued));
        draft.row.insert("DueDate".into(), json!(due.to_string()));
    }
    Ok(())
}

/// Returns the date on which an invoice issued on a day is due.
fn due_date_by_term(term: &Value, issued: Date) -> Date {
    if let Some(days) = term["DueDays"].as_i64() {
        return issued.checked_add(days.days()).unwrap_or(issued);
    }
    let day = i8::try_from(term["DayOfMonthDue"].as_i64().unwrap_or(1)).unwrap_or(1);
    let due_day_in = |month: Date| month.with().day(day.min(month.days_in_month())).build().unwrap_or(month);
    let in_month = due_day_in(issued);
    let grace = term["DueNextMonthDays"].as_i64().unwrap_or(0);
    let is_too_near = grace > 0 && in_month.checked_sub(grace.days()).is_ok_and(|from| issued >= from);
    if issued > in_month || is_too_near {
        due_day_in(issued.first_of_month().checked_add(1.month()).unwrap_or(issued))
    } else {
        in_month
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_near_due_day_moves_to_the_next_month() {
        let term = json!({ "DayOfMonthDue": 31, "DueNextMonthDays": 5 });
        assert_eq!(due_date_by_term(&term, date(2026, 2, 10)), date(2026, 2, 28));
        assert_eq!(due_date_by_term(&term, date(2026, 2, 24)), date(2026, 3, 31));
        assert_eq!(due_date_by_term(&json!({ "DayOfMonthDue": 10 }), date(2026, 12, 11)), date(2027, 1, 10));
        assert_eq!(due_date_by_term(&json!({ "DueDays": 30 }), date(2026, 1, 31)), date(2026, 3, 2));
    }
}
