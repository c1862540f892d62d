//! Webhooks: signed reports of changes to the app's endpoint, in one of Intuit's two formats.
//!
//! The rules are those of the reference, chapter 7. Events are gathered for a while. A delivery without a successful
//! answer within three seconds is repeated after ten seconds, then at growing intervals, and later events wait behind
//! it. An endpoint that keeps failing is black-listed until the control port enables it again.

use crate::{entity::Entity, events::Event};
use jiff::{SignedDuration, Timestamp};
use sandbox_core::{clock::Clock, mishap::Mishap};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::VecDeque;
use uuid::Uuid;

/// Format of a delivery.
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
    /// Entities to report; all if empty.
    #[serde(default)]
    pub(crate) entities: Vec<Entity>,
    /// Milliseconds during which events are gathered.
    #[serde(default = "default_delay")]
    pub(crate) delay: i64,
}

impl Endpoint {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            verifier_token: default_token(),
            format: default_format(),
            entities: Vec::new(),
            delay: default_delay(),
        }
    }
}

/// Token that signs the webhooks, unless a test sets another one.
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
pub(crate) struct Delivery {
    pub(crate) body: String,
    pub(crate) due: Timestamp,
    attempts: usize,
}

/// One attempt, as the control port lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    at: Timestamp,
    url: String,
    /// Status of the answer; `None` without an answer.
    status: Option<u16>,
    body: String,
}

/// The endpoint and its deliveries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) blacklisted: bool,
    pending: Vec<Event>,
    queue: VecDeque<Delivery>,
    pub(crate) mishaps: VecDeque<Mishap>,
    pub(crate) attempts: VecDeque<Attempt>,
}

/// Seconds until each next attempt. The last interval repeats.
const RETRY_SECONDS: [i64; 9] = [10, 20, 30, 300, 1200, 7200, 14_400, 21_600, 21_600];
/// Failed attempts after which an endpoint is black-listed.
const MAX_FAILURES: usize = 20;
const MAX_ATTEMPTS: usize = 1000;

impl Webhooks {
    /// Queues the changes of a connected company.
    pub(crate) fn enqueue(&mut self, events: Vec<Event>) {
        let Some(endpoint) = &self.endpoint else { return };
        let is_reported = |event: &Event| {
            webhook_name(event.entity).is_some()
                && (endpoint.entities.is_empty() || endpoint.entities.contains(&event.entity))
        };
        for event in events.into_iter().filter(is_reported) {
            // Several changes of one kind to one object become one event with the last time.
            let is_same_change = |other: &Event| {
                (&other.realm_id, other.entity, &other.id, other.operation)
                    == (&event.realm_id, event.entity, &event.id, event.operation)
            };
            match self.pending.iter_mut().find(|other| is_same_change(other)) {
                Some(other) => other.at = event.at,
                None => self.pending.push(event),
            }
        }
    }

    /// Turns the gathered events into a delivery once the endpoint's delay has passed.
    fn gather(&mut self, now: Timestamp) {
        let Some(endpoint) = &self.endpoint else { return };
        let is_ready = self
            .pending
            .first()
            .is_some_and(|first| now.duration_since(first.at).as_millis() >= i128::from(endpoint.delay));
        if !is_ready || self.blacklisted {
            return;
        }
        let mut events = std::mem::take(&mut self.pending);
        let mishap = self.mishaps.pop_front();
        if matches!(mishap, Some(Mishap::Reordered)) {
            events.reverse();
        }
        let body = match endpoint.format {
            Format::Legacy => legacy_body(&events),
            Format::CloudEvents => cloud_events_body(&events),
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

    /// Takes the next due delivery. A failed delivery holds up all others.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Endpoint, Delivery)> {
        self.gather(now);
        let endpoint = self.endpoint.clone().filter(|_| !self.blacklisted)?;
        let blocked = self.queue.front().is_some_and(|first| first.attempts > 0 && first.due > now);
        let at = self.queue.iter().position(|delivery| delivery.due <= now).filter(|_| !blocked)?;
        let delivery = self.queue.remove(at)?;
        Some((endpoint, delivery))
    }

    pub(crate) fn record_answer(
        &mut self,
        endpoint: &Endpoint,
        mut delivery: Delivery,
        status: Option<u16>,
        now: Timestamp,
    ) {
        if self.attempts.len() == MAX_ATTEMPTS {
            self.attempts.pop_front();
        }
        self.attempts.push_back(Attempt { at: now, url: endpoint.url.clone(), status, body: delivery.body.clone() });
        if status.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }
        let wait = RETRY_SECONDS[delivery.attempts.min(RETRY_SECONDS.len() - 1)];
        delivery.attempts += 1;
        delivery.due = now + SignedDuration::from_secs(wait);
        self.blacklisted = delivery.attempts >= MAX_FAILURES;
        self.queue.push_front(delivery);
    }

    /// Ends the black-listing. Waiting deliveries are due at once.
    pub(crate) fn enable(&mut self, clock: Clock) {
        self.blacklisted = false;
        for delivery in &mut self.queue {
            delivery.due = delivery.due.min(clock.now());
            delivery.attempts = 0;
        }
    }

    /// Counts deliveries and events that have not succeeded yet.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len() + self.pending.len()
    }
}

/// Returns the name of an entity in webhooks, or `None` if Intuit does not report it.
fn webhook_name(entity: Entity) -> Option<&'static str> {
    match entity {
        Entity::CompanyInfo | Entity::TaxRate | Entity::TaxCode | Entity::ExchangeRate | Entity::Attachable => None,
        Entity::CompanyCurrency => Some("Currency"),
        other => Some(other.name()),
    }
}

fn legacy_body(events: &[Event]) -> Value {
    let mut realms: Vec<&str> = events.iter().map(|event| event.realm_id.as_str()).collect();
    realms.sort_unstable();
    realms.dedup();
    let notification = |realm: &str| {
        let entities = events.iter().filter(|event| event.realm_id == realm).map(|event| {
            json!({
                "name": webhook_name(event.entity), "id": event.id, "operation": event.operation.legacy_name(),
                "lastUpdated": event.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            })
        });
        json!({ "realmId": realm, "dataChangeEvent": { "entities": entities.collect::<Vec<_>>() } })
    };
    json!({ "eventNotifications": realms.iter().map(|realm| notification(realm)).collect::<Vec<_>>() })
}

fn cloud_events_body(events: &[Event]) -> Value {
    let to_cloud_event = |event: &Event| {
        json!({
            "specversion": "1.0",
            "id": Uuid::new_v4().to_string(),
            "source": "intuit.c2FuZGJveC1xdWlja2Jvb2tzLXdlYmhvb2tz=",
            "type": format!("qbo.{}.{}.v1", webhook_name(event.entity).unwrap_or_default().to_lowercase(), event.operation.cloud_event_name()),
            "datacontenttype": "application/json",
            "time": event.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string(),
            "intuitentityid": event.id,
            "intuitaccountid": event.realm_id,
            "data": {},
        })
    };
    Value::Array(events.iter().map(to_cloud_event).collect())
}
