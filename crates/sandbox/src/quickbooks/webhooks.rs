//! Webhooks: what changed is told to the app's endpoint, signed, in one of Intuit's two formats.
//!
//! Rules: the reference, chapter 7. Events are gathered for a while; a delivery that is not answered with success
//! within three seconds is repeated after ten seconds, then at growing distances, and later events wait behind it. An
//! endpoint that keeps failing is black-listed until the control door enables it again.

use super::entity::Entity;
use crate::{clock::Clock, mishap::Mishap, world::Shared};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::VecDeque, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Void,
    Emailed,
}

impl Operation {
    /// A write to a list, where making inactive is deleting.
    pub(crate) fn of_list(before: Option<&Value>, active: &Value) -> Self {
        match before {
            None => Self::Create,
            Some(before) if before["Active"] != json!(false) && *active == json!(false) => Self::Delete,
            Some(_) => Self::Update,
        }
    }

    /// As the legacy format spells it.
    fn word(self) -> String {
        format!("{self:?}")
    }

    /// As the type of a CloudEvent spells it.
    fn participle(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
            Self::Void => "voided",
            Self::Emailed => "emailed",
        }
    }
}

/// One change, to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) realm_id: String,
    pub(crate) entity: Entity,
    pub(crate) id: String,
    pub(crate) operation: Operation,
    pub(crate) at: Timestamp,
}

/// How a delivery is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Legacy,
    CloudEvents,
}

/// The app's endpoint, as set up in the developer portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    #[serde(default = "default_token")]
    pub(crate) verifier_token: String,
    #[serde(default = "default_format")]
    pub(crate) format: Format,
    /// Entities to tell of; all when empty.
    #[serde(default)]
    pub(crate) entities: Vec<Entity>,
    /// How long events are gathered, in milliseconds.
    #[serde(default = "default_delay")]
    pub(crate) delay: i64,
}

pub(crate) const VERIFIER_TOKEN: &str = "sandbox-quickbooks-verifier-token";

fn default_token() -> String {
    VERIFIER_TOKEN.to_owned()
}

fn default_format() -> Format {
    Format::CloudEvents
}

fn default_delay() -> i64 {
    500
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Delivery {
    body: String,
    due: Timestamp,
    attempts: usize,
}

/// One attempt, as the control door lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    at: Timestamp,
    url: String,
    /// The answer's status; none when there was no answer.
    status: Option<u16>,
    body: String,
}

/// The endpoint, and what is on its way to it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) blacklisted: bool,
    pending: Vec<Event>,
    queue: VecDeque<Delivery>,
    pub(crate) mishaps: VecDeque<Mishap>,
    pub(crate) attempts: VecDeque<Attempt>,
}

/// Seconds until the next attempt after each failed one; the last goes on.
const LADDER: [i64; 9] = [10, 20, 30, 300, 1200, 7200, 14_400, 21_600, 21_600];
/// Failed attempts after which an endpoint is black-listed.
const PATIENCE: usize = 20;
const KEPT: usize = 1000;

impl Webhooks {
    /// Takes in what changed in a connected company.
    pub(crate) fn notice(&mut self, events: Vec<Event>) {
        let Some(endpoint) = &self.endpoint else { return };
        let told = |event: &Event| {
            name(event.entity).is_some() && (endpoint.entities.is_empty() || endpoint.entities.contains(&event.entity))
        };
        for event in events.into_iter().filter(told) {
            // One object's changes of one kind come as one event, with the last time.
            let same = |other: &Event| {
                (&other.realm_id, other.entity, &other.id, other.operation)
                    == (&event.realm_id, event.entity, &event.id, event.operation)
            };
            match self.pending.iter_mut().find(|other| same(other)) {
                Some(other) => other.at = event.at,
                None => self.pending.push(event),
            }
        }
    }

    /// Makes a delivery of what has been gathered long enough.
    fn gather(&mut self, now: Timestamp) {
        let Some(endpoint) = &self.endpoint else { return };
        let ripe = self
            .pending
            .first()
            .is_some_and(|first| now.duration_since(first.at).as_millis() >= i128::from(endpoint.delay));
        if !ripe || self.blacklisted {
            return;
        }
        let mut events = std::mem::take(&mut self.pending);
        let mishap = self.mishaps.pop_front();
        if matches!(mishap, Some(Mishap::Reordered)) {
            events.reverse();
        }
        let body = match endpoint.format {
            Format::Legacy => legacy(&events),
            Format::CloudEvents => cloud_events(&events),
        };
        let delivery = Delivery { body: body.to_string(), due: now, attempts: 0 };
        match mishap {
            Some(Mishap::Lost) => {}
            Some(Mishap::Duplicated) => self.queue.extend([delivery.clone(), delivery]),
            Some(Mishap::Late(milliseconds)) => {
                self.queue.push_back(Delivery { due: now + SignedDuration::from_millis(milliseconds), ..delivery });
            }
            Some(Mishap::Reordered) => self.queue.push_front(delivery),
            None => self.queue.push_back(delivery),
        }
    }

    /// The delivery whose turn it is. The others wait behind a failed one.
    fn next(&mut self, now: Timestamp) -> Option<(Endpoint, Delivery)> {
        self.gather(now);
        let endpoint = self.endpoint.clone().filter(|_| !self.blacklisted)?;
        let blocked = self.queue.front().is_some_and(|first| first.attempts > 0 && first.due > now);
        let at = self.queue.iter().position(|delivery| delivery.due <= now).filter(|_| !blocked)?;
        let delivery = self.queue.remove(at)?;
        Some((endpoint, delivery))
    }

    fn answered(&mut self, endpoint: &Endpoint, mut delivery: Delivery, status: Option<u16>, now: Timestamp) {
        if self.attempts.len() == KEPT {
            self.attempts.pop_front();
        }
        self.attempts.push_back(Attempt { at: now, url: endpoint.url.clone(), status, body: delivery.body.clone() });
        if status.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }
        let wait = LADDER[delivery.attempts.min(LADDER.len() - 1)];
        delivery.attempts += 1;
        delivery.due = now + SignedDuration::from_secs(wait);
        self.blacklisted = delivery.attempts >= PATIENCE;
        self.queue.push_front(delivery);
    }

    /// Ends the black-listing; what waited is tried at once.
    pub(crate) fn enable(&mut self, clock: Clock) {
        self.blacklisted = false;
        for delivery in &mut self.queue {
            delivery.due = delivery.due.min(clock.now());
            delivery.attempts = 0;
        }
    }

    /// Deliveries and events that have not got through yet.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len() + self.pending.len()
    }
}

/// An entity's name in webhooks; `None` where Intuit tells nothing of it.
fn name(entity: Entity) -> Option<&'static str> {
    match entity {
        Entity::CompanyInfo | Entity::TaxRate | Entity::TaxCode | Entity::ExchangeRate | Entity::Attachable => None,
        Entity::CompanyCurrency => Some("Currency"),
        other => Some(other.name()),
    }
}

fn legacy(events: &[Event]) -> Value {
    let mut realms: Vec<&str> = events.iter().map(|event| event.realm_id.as_str()).collect();
    realms.sort_unstable();
    realms.dedup();
    let of = |realm: &str| {
        let entities = events.iter().filter(|event| event.realm_id == realm).map(|event| {
            json!({
                "name": name(event.entity), "id": event.id, "operation": event.operation.word(),
                "lastUpdated": event.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            })
        });
        json!({ "realmId": realm, "dataChangeEvent": { "entities": entities.collect::<Vec<_>>() } })
    };
    json!({ "eventNotifications": realms.iter().map(|realm| of(realm)).collect::<Vec<_>>() })
}

fn cloud_events(events: &[Event]) -> Value {
    let one = |event: &Event| {
        json!({
            "specversion": "1.0",
            "id": Uuid::new_v4().to_string(),
            "source": "intuit.c2FuZGJveC1xdWlja2Jvb2tzLXdlYmhvb2tz=",
            "type": format!("qbo.{}.{}.v1", name(event.entity).unwrap_or_default().to_lowercase(), event.operation.participle()),
            "datacontenttype": "application/json",
            "time": event.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string(),
            "intuitentityid": event.id,
            "intuitaccountid": event.realm_id,
            "data": {},
        })
    };
    Value::Array(events.iter().map(one).collect())
}

/// The signature that Intuit puts beside a body.
fn signature(verifier_token: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, verifier_token.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, body))
}

/// Delivers until the sandbox stops.
pub(crate) async fn deliver(shared: Shared, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = {
            let mut world = shared.world_untouched();
            let now = world.clock.now();
            world.quickbooks.webhooks.next(now)
        };
        let Some((endpoint, delivery)) = next else {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            continue;
        };
        let created = delivery.due.to_string();
        let request = shared
            .http
            .post(&endpoint.url)
            .timeout(Duration::from_secs(3))
            .header("content-type", "application/json")
            .header("user-agent", "intuit_notification_server/0.1")
            .header("intuit-signature", signature(&endpoint.verifier_token, delivery.body.as_bytes()))
            .header("intuit-created-time", created)
            .header("intuit-t-id", Uuid::new_v4().to_string())
            .header("intuit-notification-schema-version", "0.1")
            .body(delivery.body.clone());
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares no client with the product")]
        let status = request.send().await.ok().map(|answer| answer.status().as_u16());
        let mut world = shared.world();
        let now = world.clock.now();
        world.quickbooks.webhooks.answered(&endpoint, delivery, status, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hash_of_the_body() {
        // Computed with another program: printf '{}' | openssl dgst -sha256 -hmac secret -binary | base64
        assert_eq!(signature("secret", b"{}"), "dzJZAsrKgS3CWXM6rNBGtzgXNyx3e42VtAJkdHRRbhM=");
    }
}
