//! Webhooks v2: reports of changes to a company's subscribers.
//!
//! The rules are those of Pipedrive's documentation. A delivery that is not answered with 2xx within ten seconds is
//! repeated after 3, 30 and 150 seconds. After ten first attempts that failed in a row, nothing is sent for half an
//! hour, and changes of that time are lost. A subscription without success for three days is removed. Users get no
//! report of records that they may not see.

use crate::{changes::Change, company::Company, fields, records::Resource, users::User};
use jiff::{SignedDuration, Timestamp};
use sandbox_core::mishap::Mishap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::VecDeque;
use uuid::Uuid;

/// Seconds until each further attempt.
const RETRY_SECONDS: [i64; 3] = [3, 30, 150];
const MAX_FAILING_DURATION: SignedDuration = SignedDuration::from_hours(72);
/// First attempts that fail in a row before deliveries pause.
const MAX_FAILURES: u64 = 10;
const BAN_DURATION: SignedDuration = SignedDuration::from_mins(30);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) company: i64,
    pub(crate) webhook: i64,
    pub(crate) body: Value,
    due: Timestamp,
    attempts: usize,
}

/// Deliveries that are waiting, and the mishaps for the next ones.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    queue: VecDeque<Delivery>,
    pub(crate) mishaps: VecDeque<Mishap>,
}

impl Webhooks {
    /// Queues the changes of a company for each matching subscription.
    pub(crate) fn enqueue(&mut self, company: &Company, changes: Vec<Change>, now: Timestamp) {
        for change in changes {
            let (object, action) = (change.resource.word(), change.action());
            let row = if change.after.is_null() { &change.before } else { &change.after };
            let permitted: Vec<&User> =
                company.users.iter().filter(|user| company.user_may_see(user, change.resource, row)).collect();
            for (id, webhook) in company.records.all(Resource::Webhook) {
                let wants = |member: &str, word: &str| matches!(webhook[member].as_str(), Some(wanted) if wanted == "*" || wanted == word);
                let may_see = permitted.iter().any(|user| webhook["user_id"] == json!(user.id));
                let is_banned = parse_time(&webhook["banned_until"]).is_some_and(|until| now < until);
                if object.is_empty()
                    || !wants("event_object", object)
                    || !wants("event_action", action)
                    || !may_see
                    || is_banned
                {
                    continue;
                }
                let body = json!({
                    "data": fields::with_field_types(company, change.resource, change.after.clone()),
                    "previous": fields::with_field_types(company, change.resource, change.previous()),
                    "meta": {
                        "action": action, "company_id": company.id.to_string(), "correlation_id": Uuid::new_v4().to_string(),
                        "entity_id": change.id.to_string(), "entity": object, "id": Uuid::new_v4().to_string(), "is_bulk_edit": false,
                        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(), "type": webhook["type"], "user_id": change.user.to_string(),
                        "version": "2.0", "webhook_id": id.to_string(), "webhook_owner_id": webhook["owner_id"].to_string(),
                        "change_source": change.source, "permitted_user_ids": permitted.iter().map(|user| user.id.to_string()).collect::<Vec<_>>(),
                        "attempt": 1, "host": format!("{}.pipedrive.com", company.domain),
                    },
                });
                self.push(Delivery { company: company.id, webhook: id, body, due: now, attempts: 0 });
            }
        }
    }

    fn push(&mut self, delivery: Delivery) {
        match self.mishaps.pop_front() {
            Some(Mishap::Lost) => {}
            Some(Mishap::Duplicated) => self.queue.extend([delivery.clone(), delivery]),
            Some(Mishap::Late(milliseconds)) => {
                let due = delivery.due + SignedDuration::from_millis(milliseconds);
                self.queue.push_back(Delivery { due, ..delivery });
            }
            Some(Mishap::Reordered) => self.queue.push_front(delivery),
            None => self.queue.push_back(delivery),
        }
    }

    /// Counts waiting deliveries.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Delivery> {
        let at = self.queue.iter().position(|delivery| delivery.due <= now)?;
        self.queue.remove(at)
    }
}

fn parse_time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Records the result of a delivery, and its consequences.
pub(crate) fn record_answer(
    webhooks: &mut Webhooks,
    company: &mut Company,
    mut delivery: Delivery,
    status: Option<u16>,
    now: Timestamp,
) {
    let Some(webhook) = company.records.get_mut(Resource::Webhook, delivery.webhook) else { return };
    let success = status.is_some_and(|status| (200..300).contains(&status));
    webhook["last_http_status"] = json!(status);
    if success {
        webhook["last_delivery_time"] = json!(now.strftime("%Y-%m-%d %H:%M:%S").to_string());
        webhook["failing_since"] = Value::Null;
        webhook["failures"] = json!(0);
        return;
    }
    if delivery.attempts == 0 {
        let failures = webhook["failures"].as_u64().unwrap_or(0) + 1;
        webhook["failures"] = json!(failures % MAX_FAILURES);
        if failures == MAX_FAILURES {
            webhook["banned_until"] = json!((now + BAN_DURATION).to_string());
        }
    }
    let since = parse_time(&webhook["failing_since"]).unwrap_or(now);
    webhook["failing_since"] = json!(since.to_string());
    if now.duration_since(since) > MAX_FAILING_DURATION {
        company.records.remove(Resource::Webhook, delivery.webhook);
        return;
    }
    if let Some(wait) = RETRY_SECONDS.get(delivery.attempts) {
        delivery.attempts += 1;
        delivery.body["meta"]["attempt"] = json!(delivery.attempts + 1);
        delivery.due = now + SignedDuration::from_secs(*wait);
        webhooks.queue.push_back(delivery);
    }
}
