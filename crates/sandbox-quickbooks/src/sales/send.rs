//! E-mails of forms to customers. The outbox of the company keeps them.

use crate::{
    clock::PacificTime,
    company::{Company, Mail, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    schema::is_email,
};
use jiff::ToSpan;
use serde_json::{Value, json};

pub(crate) fn is_sent_by_email(entity: Entity) -> bool {
    entity.is_sales_form()
}

/// Answers `POST /{entity}/{id}/send?sendTo=…`.
pub(crate) fn send(
    company: &mut Company,
    entity: Entity,
    id: &str,
    to: Option<&str>,
    context: &WriteContext,
) -> Result<Value, Fault> {
    let mut row = company.read(entity, id)?.value();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let to = match to.map(str::trim).filter(|to| !to.is_empty()) {
        Some(to) if to.split(',').all(|to| is_email(to.trim())) => to.to_owned(),
        Some(_) => return Err(Fault::email("sendTo")),
        None => text(&row["BillEmail"]["Address"]),
    };
    if to.is_empty() {
        return Err(Fault::no_email_address());
    }
    let now = context.clock.now();
    let today = company.outbox.iter().rev().take_while(|mail| mail.time > now - 24.hours()).count();
    let most = company.quirks.emails_a_day;
    if today >= most {
        return Err(Fault::validation(
            "6440",
            "Email delivery error",
            format!("Business Validation Error: The limit of {most} emails a day is reached."),
            "",
        ));
    }
    row["BillEmail"] = json!({ "Address": to });
    row["EmailStatus"] = json!("EmailSent");
    row["DeliveryInfo"] = json!({ "DeliveryType": "Email", "DeliveryTime": context.clock.quickbooks_seconds() });
    // As in Intuit's sample, the token stays and the time of the last change advances.
    row["MetaData"]["LastUpdatedTime"] = json!(context.clock.quickbooks_seconds());
    let prefs = &company.preferences()["EmailMessagesPrefs"];
    let message = &prefs[match entity {
        Entity::Estimate => "EstimateMessage",
        Entity::SalesReceipt | Entity::RefundReceipt => "SalesReceiptMessage",
        _ => "InvoiceMessage",
    }];
    let number = text(&row["DocNumber"]);
    let mail = Mail {
        time: now,
        to,
        cc: text(&row["BillEmailCc"]["Address"]),
        bcc: text(&row["BillEmailBcc"]["Address"]),
        subject: text(&message["Subject"]),
        message: text(&message["Message"]),
        entity,
        id: id.to_owned(),
        attached: std::iter::once(format!("{}_{}.pdf", entity.name(), if number.is_empty() { id } else { &number }))
            .chain(files_to_send(company, entity, id))
            .collect(),
    };
    company.put_without_event(entity, &row);
    company.record_event(entity, id, Operation::Emailed, context);
    company.outbox.push(mail);
    Ok(row)
}

/// Lists the attachments that are linked with `IncludeOnSend`.
fn files_to_send(company: &Company, entity: Entity, id: &str) -> Vec<String> {
    company
        .all(Entity::Attachable)
        .filter(|attachable| {
            attachable["AttachableRef"].as_array().into_iter().flatten().any(|link| {
                link["IncludeOnSend"] == json!(true)
                    && link["EntityRef"]["value"] == json!(id)
                    && link["EntityRef"]["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case(entity.name()))
            })
        })
        .filter_map(|attachable| attachable["FileName"].as_str().map(str::to_owned))
        .collect()
}
