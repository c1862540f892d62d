//! Filters, order and optional members of lists.

use super::include;
use crate::{
    api::answer::{Page, Refusal},
    company::Company,
    filters,
    records::{Resource, is_id},
    schema,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The parameters of lists and of single records.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    #[serde(flatten)]
    page: Page,
    filter_id: Option<String>,
    ids: Option<String>,
    owner_id: Option<String>,
    person_id: Option<String>,
    org_id: Option<String>,
    deal_id: Option<String>,
    lead_id: Option<String>,
    pipeline_id: Option<String>,
    stage_id: Option<String>,
    status: Option<String>,
    done: Option<String>,
    updated_since: Option<String>,
    updated_until: Option<String>,
    sort_by: Option<String>,
    sort_direction: Option<String>,
    custom_fields: Option<String>,
    include_fields: Option<String>,
    include_option_labels: Option<String>,
    include_labels: Option<String>,
}

/// Ids that the parameter `ids` may hold.
const MAX_IDS: usize = 100;
const MAX_CUSTOM_FIELDS: usize = 15;

/// Whether a member has the value of a parameter. `done` may be 1.
fn equals_parameter(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Bool(value) => *value == matches!(wanted, "true" | "1"),
        Value::String(value) => value == wanted,
        value => is_id(value, wanted),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Sorts rows by one of the members that the API allows.
pub(super) fn sorted(
    mut rows: Vec<Value>,
    by: Option<&str>,
    direction: Option<&str>,
    allowed: &[&str],
) -> Result<Vec<Value>, Refusal> {
    let by = by.unwrap_or("id");
    if !allowed.contains(&by) {
        return Err(Refusal::invalid(format!("sort_by must be one of {}", allowed.join(", "))));
    }
    rows.sort_by(|a, b| match (&a[by], &b[by]) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => a.as_i64().cmp(&b.as_i64()),
    });
    match direction.unwrap_or("asc") {
        "asc" => {}
        "desc" => rows.reverse(),
        _ => return Err(Refusal::invalid("sort_direction must be one of asc, desc")),
    }
    Ok(rows)
}

fn sort_members(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Product => &["id", "name", "add_time", "update_time"],
        Resource::Activity => &["id", "update_time", "add_time", "due_date"],
        Resource::Stage => &["id", "update_time", "add_time", "order_nr"],
        _ => &["id", "update_time", "add_time"],
    }
}

impl Filter {
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// Whether the list includes deleted records.
    pub(super) fn wants_deleted(&self) -> bool {
        self.status.as_deref().is_some_and(|status| words(status).any(|word| word == "deleted"))
    }

    /// Filters and sorts rows.
    pub(super) fn apply(&self, company: &Company, resource: Resource, rows: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        let moment = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) if schema::is_time(text) => Ok(text.parse::<Timestamp>().ok()),
            Some(_) => Err(Refusal::invalid(format!("{name} is not a valid datetime"))),
        };
        let since = moment("updated_since", &self.updated_since)?;
        let until = moment("updated_until", &self.updated_until)?;
        let rows = match &self.filter_id {
            Some(id) => filters::apply(company, resource, id, rows)?,
            None => self.filter_by_parameters(company, resource, rows)?,
        };
        let rows = rows
            .into_iter()
            .filter(|row| {
                let updated = row["update_time"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
                since.is_none_or(|since| updated.is_some_and(|updated| updated >= since))
                    && until.is_none_or(|until| updated.is_some_and(|updated| updated < until))
            })
            .collect();
        sorted(rows, self.sort_by.as_deref(), self.sort_direction.as_deref(), sort_members(resource))
    }

    fn filter_by_parameters(
        &self,
        company: &Company,
        resource: Resource,
        rows: Vec<Value>,
    ) -> Result<Vec<Value>, Refusal> {
        let ids: Option<Vec<&str>> = self.ids.as_deref().map(|ids| words(ids).collect());
        if ids.as_ref().is_some_and(|ids| ids.len() > MAX_IDS) {
            return Err(Refusal::invalid("ids must have 100 items at most"));
        }
        if let Some(id) = ids.iter().flatten().find(|id| id.parse::<i64>().is_err()) {
            return Err(Refusal::invalid(format!("ids must be a comma separated list of integers, not {id}")));
        }
        let statuses: Option<Vec<&str>> = self.status.as_deref().map(|text| words(text).collect());
        if let Some(status) = statuses.iter().flatten().find(|word| !["open", "won", "lost", "deleted"].contains(word))
        {
            return Err(Refusal::invalid(format!("status must be one of open, won, lost, deleted, not {status}")));
        }
        let equal = [
            ("owner_id", &self.owner_id),
            ("person_id", &self.person_id),
            ("org_id", &self.org_id),
            ("pipeline_id", &self.pipeline_id),
            ("stage_id", &self.stage_id),
            ("lead_id", &self.lead_id),
            ("done", &self.done),
        ];
        let of_deal = |row: &Value, deal: &str| match resource {
            // A person belongs to a deal as its contact or as a participant.
            Resource::Person => deal.parse().is_ok_and(|deal| {
                company.records.get(Resource::Deal, deal).is_some_and(|deal| deal["person_id"] == row["id"])
                    || company
                        .records
                        .find_by(Resource::Participant, "deal_id", deal)
                        .any(|(_, part)| part["person_id"] == row["id"])
            }),
            _ => equals_parameter(&row["deal_id"], deal),
        };
        Ok(rows
            .into_iter()
            .filter(|row| {
                ids.as_ref().is_none_or(|ids| ids.iter().any(|id| equals_parameter(&row["id"], id)))
                    && equal.iter().all(|(member, wanted)| {
                        wanted.as_ref().is_none_or(|wanted| equals_parameter(&row[*member], wanted))
                    })
                    && self.deal_id.as_deref().is_none_or(|deal| of_deal(row, deal))
                    && statuses
                        .as_ref()
                        .is_none_or(|words| row["status"].as_str().is_some_and(|status| words.contains(&status)))
            })
            .collect())
    }

    /// Drops custom fields that were not requested, and adds members on request.
    pub(super) fn add_and_drop_members(
        &self,
        company: &Company,
        resource: Resource,
        row: &mut Value,
    ) -> Result<(), Refusal> {
        if let (Some(wanted), Some(fields)) =
            (&self.custom_fields, row.get_mut("custom_fields").and_then(Value::as_object_mut))
        {
            if words(wanted).count() > MAX_CUSTOM_FIELDS {
                return Err(Refusal::invalid("custom_fields must have 15 items at most"));
            }
            fields.retain(|code, _| words(wanted).any(|wanted| wanted == code));
        }
        for name in self.include_fields.as_deref().into_iter().flat_map(words) {
            row[name] = include::included_member(company, resource, row, name)
                .ok_or_else(|| Refusal::invalid(format!("include_fields: {name} is not one of the allowed values")))?;
        }
        let is_set = |flag: &Option<String>| flag.as_deref().is_some_and(|flag| matches!(flag, "true" | "1"));
        if is_set(&self.include_labels) {
            row["labels"] = include::labels(company, resource, &row["label_ids"]);
        }
        if is_set(&self.include_option_labels) {
            include::option_labels(company, resource, row);
        }
        if resource == Resource::Activity && self.include_fields.is_none() {
            row.as_object_mut().map(|row| row.remove("attendees"));
        }
        Ok(())
    }
}

/// Parses ids: `1,2,3` in one parameter, or several parameters.
pub(in crate::api) fn ids(texts: &[String]) -> Vec<i64> {
    texts.iter().flat_map(|text| words(text)).filter_map(|id| id.parse().ok()).collect()
}
