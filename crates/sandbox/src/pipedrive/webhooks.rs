//! Webhooks v2: what changes in a company is told to its subscribers.
//!
//! Rules: Pipedrive's documentation. An answer other than 2xx within ten seconds is tried again after 3, 30 and 150
//! seconds; after ten first attempts that failed in a row, nothing is sent for half an hour and what happens then is lost;
//! a subscription without any success for three days is removed. Nothing is told of what its user may not see.

use super::{Company, User, fields, records::Resource};
use crate::{mishap::Mishap, world::Shared};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::VecDeque, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Seconds until each further attempt.
const LADDER: [i64; 3] = [3, 30, 150];
const PATIENCE: SignedDuration = SignedDuration::from_hours(72);
/// First attempts that may fail in a row, and how long nothing is sent then.
const FAILURES_MOST: u64 = 10;
const BAN: SignedDuration = SignedDuration::from_mins(30);

/// Something that was done to a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) resource: Resource,
    pub(crate) id: i64,
    pub(crate) user: i64,
    /// `api` or `app`.
    pub(crate) source: String,
    /// The record before; null for a new one.
    pub(crate) before: Value,
    /// The record after; null for a deleted one.
    pub(crate) after: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Delivery {
    company: i64,
    webhook: i64,
    body: Value,
    due: Timestamp,
    attempts: usize,
}

/// What is on its way to subscribers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    queue: VecDeque<Delivery>,
    pub(crate) mishaps: VecDeque<Mishap>,
}

impl Change {
    fn action(&self) -> &'static str {
        match (self.before.is_null(), self.after.is_null()) {
            (true, _) => "create",
            (_, true) => "delete",
            _ => "change",
        }
    }

    /// Of a change, the old values of what changed; of a deletion, all.
    fn previous(&self) -> Value {
        match (&self.before, &self.after) {
            (Value::Object(before), Value::Object(after)) => {
                let mut old = changed(before, after);
                if let (Some(Value::Object(before)), Some(Value::Object(after))) =
                    (old.get("custom_fields"), after.get("custom_fields"))
                {
                    // A field that was not filled in before was null.
                    let before = after.keys().map(|code| (code.clone(), before.get(code).cloned().unwrap_or_default()));
                    let fields = changed(&before.collect(), after);
                    old.insert("custom_fields".into(), Value::Object(fields));
                }
                Value::Object(old)
            }
            (before, _) => before.clone(),
        }
    }
}

/// The members whose values are others afterwards, as they were before.
fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let old = before.iter().filter(|(name, value)| after.get(*name) != Some(*value));
    old.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Webhooks {
    /// Takes in what was done in a company, for each subscription that wants it.
    pub(crate) fn notice(&mut self, company: &Company, changes: Vec<Change>, now: Timestamp) {
        for change in changes {
            let (object, action) = (change.resource.word(), change.action());
            let row = if change.after.is_null() { &change.before } else { &change.after };
            let permitted: Vec<&User> =
                company.users.iter().filter(|user| company.sees(user, change.resource, row)).collect();
            for (id, webhook) in company.records.all(Resource::Webhook) {
                let wants = |member: &str, word: &str| matches!(webhook[member].as_str(), Some(wanted) if wanted == "*" || wanted == word);
                let sees = permitted.iter().any(|user| webhook["user_id"] == json!(user.id));
                let banned = moment(&webhook["banned_until"]).is_some_and(|until| now < until);
                if object.is_empty()
                    || !wants("event_object", object)
                    || !wants("event_action", action)
                    || !sees
                    || banned
                {
                    continue;
                }
                let body = json!({
                    "data": fields::with_kinds(company, change.resource, change.after.clone()),
                    "previous": fields::with_kinds(company, change.resource, change.previous()),
                    "meta": {
                        "action": action, "company_id": company.id.to_string(), "correlation_id": Uuid::new_v4().to_string(),
                        "entity_id": change.id.to_string(), "entity": object, "id": Uuid::new_v4().to_string(), "is_bulk_edit": false,
                        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(), "type": webhook["type"], "user_id": change.user.to_string(),
                        "version": "2.0", "webhook_id": id.to_string(), "webhook_owner_id": webhook["owner_id"].to_string(),
                        "change_source": change.source, "permitted_user_ids": permitted.iter().map(|user| user.id.to_string()).collect::<Vec<_>>(),
                        "attempt": 1, "host": format!("{}.pipedrive.com", company.domain),
                    },
                });
                self.enqueue(Delivery { company: company.id, webhook: id, body, due: now, attempts: 0 });
            }
        }
    }

    fn enqueue(&mut self, delivery: Delivery) {
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

    /// How many deliveries have not been made yet.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn next(&mut self, now: Timestamp) -> Option<Delivery> {
        let at = self.queue.iter().position(|delivery| delivery.due <= now)?;
        self.queue.remove(at)
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Notes how a delivery went, and what follows from it.
fn answered(
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
        webhook["failures"] = json!(failures % FAILURES_MOST);
        if failures == FAILURES_MOST {
            webhook["banned_until"] = json!((now + BAN).to_string());
        }
    }
    let since = moment(&webhook["failing_since"]).unwrap_or(now);
    webhook["failing_since"] = json!(since.to_string());
    if now.duration_since(since) > PATIENCE {
        company.records.remove(Resource::Webhook, delivery.webhook);
        return;
    }
    if let Some(wait) = LADDER.get(delivery.attempts) {
        delivery.attempts += 1;
        delivery.body["meta"]["attempt"] = json!(delivery.attempts + 1);
        delivery.due = now + SignedDuration::from_secs(*wait);
        webhooks.queue.push_back(delivery);
    }
}

/// Delivers until the sandbox stops.
pub(crate) async fn deliver(shared: Shared, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = {
            let mut world = shared.world_untouched();
            let now = world.clock.now();
            let delivery = world.pipedrive.webhooks.next(now);
            delivery.and_then(|delivery| {
                let company = world.pipedrive.company(delivery.company)?;
                let webhook = company.records.get(Resource::Webhook, delivery.webhook)?.clone();
                Some((delivery, webhook))
            })
        };
        let Some((delivery, webhook)) = next else {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            continue;
        };
        let mut request = shared
            .http
            .post(webhook["subscription_url"].as_str().unwrap_or_default())
            .timeout(Duration::from_secs(10))
            .json(&delivery.body);
        if let Some(user) = webhook["http_auth_user"].as_str() {
            request = request.basic_auth(user, webhook["http_auth_password"].as_str());
        }
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares no client with the product")]
        let status = request.send().await.ok().map(|answer| answer.status().as_u16());
        let mut world = shared.world();
        let now = world.clock.now();
        let state = &mut world.pipedrive;
        if let Some(company) = state.companies.iter_mut().find(|company| company.id == delivery.company) {
            answered(&mut state.webhooks, company, delivery, status, now);
        }
    }
}
