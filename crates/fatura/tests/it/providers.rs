//! Both simulated providers: triggers events and faults, and reads their data.

use crate::{
    person::User,
    waiting::{wait_until, wait_within},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// The running sandbox and its control port.
pub(crate) struct Providers {
    pub(crate) http: reqwest::Client,
    /// URLs and credentials.
    pub(crate) env: BTreeMap<String, String>,
    _sandbox: Sandbox,
}

/// Settings of the service that have the same name in the sandbox.
const SAME_NAME: [&str; 14] = [
    "PIPEDRIVE_CLIENT_ID",
    "PIPEDRIVE_CLIENT_SECRET",
    "PIPEDRIVE_JWT_SECRET_PANEL",
    "PIPEDRIVE_JWT_SECRET_FORM",
    "PIPEDRIVE_JWT_SECRET_SETTINGS",
    "PIPEDRIVE_AUTHORIZE_URL",
    "PIPEDRIVE_TOKEN_URL",
    "PIPEDRIVE_REVOKE_URL",
    "QUICKBOOKS_CLIENT_ID",
    "QUICKBOOKS_CLIENT_SECRET",
    "QUICKBOOKS_AUTHORIZE_URL",
    "QUICKBOOKS_TOKEN_URL",
    "QUICKBOOKS_REVOKE_URL",
    "QUICKBOOKS_VERIFIER_TOKEN",
];

#[expect(clippy::disallowed_methods, reason = "tests check raw answers")]
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Response> {
    request.send().await
}

impl Providers {
    /// Starts the sandbox for a service at this URL.
    pub(crate) async fn start(app_url: &str) -> Self {
        let options = Options {
            app_url: app_url.to_owned(),
            webhook_url: Some(format!("{app_url}/quickbooks/webhook")),
            limits: true,
            ..Default::default()
        };
        let sandbox = sandbox::start(options).await.unwrap();
        let env = sandbox.env();
        let pairs = env.lines().filter_map(|line| line.split_once('='));
        let env = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // Connections are not reused, because the service closes a connection if it has not read the whole request.
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).pool_max_idle_per_host(0).build();
        let http = http.unwrap();
        Self { http, env, _sandbox: sandbox }
    }

    /// Returns the service's settings for the sandbox.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let of = |name: &str| self.env[name].clone();
        let (web, books) = (of("PIPEDRIVE_WEB_URL"), of("QUICKBOOKS_WEB_URL"));
        let page = |page: &str| format!("{books}/app/login?pagereq={page}&deeplinkcompanyid={{realm}}");
        let others = [
            ("pipedrive_api", of("PIPEDRIVE_API_URL")),
            ("pipedrive_frame_ancestors", web.clone()),
            ("pipedrive_settings_url", format!("{web}/settings/marketplace/app/{{client_id}}/app-settings")),
            ("pipedrive_record_url", format!("{web}/{{entity}}/{{id}}")),
            ("pipedrive_poll_seconds", "5".to_owned()),
            ("quickbooks_environment", "sandbox".to_owned()),
            ("quickbooks_api_url", of("QUICKBOOKS_API_URL")),
            ("quickbooks_customer_url", page("customerdetail%3FnameId%3D{id}")),
            ("quickbooks_invoice_url", page("invoice%3FtxnId%3D{id}")),
        ];
        let same = SAME_NAME.iter().map(|name| (name.to_lowercase(), of(name)));
        same.chain(others.map(|(name, value)| (name.to_owned(), value))).collect()
    }

    /// Calls the control port. Returns its answer, or null if the answer is empty.
    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.env["CONTROL_URL"]));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = send(request).await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// Posts a command to the control port. Returns its answer.
    pub(crate) async fn post_control(&self, path: &str, body: Value) -> Value {
        self.control(Method::POST, path, Some(body)).await
    }

    /// Injects a fault into the next call to QuickBooks with this method and a path that contains `path`.
    pub(crate) async fn inject_quickbooks_fault(&self, method: Method, path: &str, effect: Value) {
        self.inject_fault("quickbooks", method, path, 1, effect).await;
    }

    /// Injects a fault into the next `times` calls to a provider with this method and a path that contains `path`.
    pub(crate) async fn inject_fault(&self, provider: &str, method: Method, path: &str, times: u32, effect: Value) {
        let fault =
            json!({ "provider": provider, "method": method.as_str(), "path": path, "times": times, "effect": effect });
        self.post_control("/faults", fault).await;
    }

    /// Waits until all faults were used.
    pub(crate) async fn wait_for_faults(&self) {
        wait_until("all faults were used", async || {
            self.control(Method::GET, "/faults", None).await.as_array().unwrap().is_empty()
        })
        .await;
    }

    /// Removes all faults.
    pub(crate) async fn clear_faults(&self) {
        self.control(Method::DELETE, "/faults", None).await;
    }

    /// Advances the sandbox's clock by one second, so that timestamps in whole seconds differ.
    pub(crate) async fn advance_to_next_second(&self) {
        self.post_control("/clock", json!({ "advance_seconds": 1 })).await;
    }

    /// Turns off Pipedrive's call limits.
    pub(crate) async fn lift_pipedrive_limits(&self) {
        self.post_control("/pipedrive/limits", json!({ "burst": 0, "daily_for_each_seat": 0 })).await;
    }

    /// Sets quirks of a QuickBooks company. Resets all other quirks to their defaults.
    pub(crate) async fn set_quirks(&self, user: User, mut quirks: Value) {
        quirks["realm_id"] = json!(user.realm);
        self.post_control("/quickbooks/quirks", quirks).await;
    }

    /// Lists a company's objects of one kind.
    pub(crate) async fn list_objects(&self, user: User, entity: &str) -> Vec<Value> {
        let books = self.post_control("/quickbooks/books", json!({ "realm_id": user.realm, "entity": entity })).await;
        books.as_array().unwrap().clone()
    }

    /// Lists a company's invoices.
    pub(crate) async fn invoices(&self, user: User) -> Vec<Value> {
        self.list_objects(user, "Invoice").await
    }

    /// Returns the invoice with this number. Panics if there is none.
    pub(crate) async fn invoice(&self, user: User, number: &str) -> Value {
        self.find_invoice(user, number).await.unwrap_or_else(|| panic!("no invoice {number}"))
    }

    /// Finds an invoice by its number.
    pub(crate) async fn find_invoice(&self, user: User, number: &str) -> Option<Value> {
        self.invoices(user).await.into_iter().find(|invoice| invoice["DocNumber"] == json!(number))
    }

    /// Records a payment of the customer: the whole balance, or `amount`.
    pub(crate) async fn pay_invoice(&self, user: User, invoice: &Value, amount: Option<u32>) {
        let mut payment = json!({ "realm_id": user.realm, "invoice_id": invoice["Id"] });
        if let Some(amount) = amount {
            payment["amount"] = json!(amount);
        }
        self.post_control("/quickbooks/payment", payment).await;
    }

    /// Lists the e-mails that QuickBooks has sent to an address for a company, by the ids of their invoices.
    pub(crate) async fn emails(&self, user: User, to: &str) -> Vec<Value> {
        let sent = self.post_control("/quickbooks/outbox", json!({ "realm_id": user.realm })).await;
        let mails = sent.as_array().unwrap().iter().filter(|mail| mail["to"] == json!(to));
        mails.map(|mail| mail["id"].clone()).collect()
    }

    /// Counts the e-mails that QuickBooks has sent to an address for a company.
    pub(crate) async fn count_emails(&self, user: User, to: &str) -> usize {
        self.emails(user, to).await.len()
    }

    /// Lists the calls to both providers whose path contains `path`.
    pub(crate) async fn calls(&self, path: &str) -> Vec<Value> {
        let mut calls = self.control(Method::GET, "/calls", None).await.as_array().unwrap().clone();
        calls.retain(|call| call["path"].as_str().unwrap().contains(path));
        calls
    }

    /// Calls Pipedrive's API as a user, with an API token, so that no access token is replaced. Returns the data.
    pub(crate) async fn call_pipedrive(&self, user: User, method: Method, path: &str, body: Option<Value>) -> Value {
        let grant = json!({ "company_id": user.company, "user_id": user.id });
        let grant = self.post_control("/pipedrive/grants", grant).await;
        loop {
            let url = format!("{}/api/{path}", self.env["PIPEDRIVE_API_URL"]);
            let mut request = self.http.request(method.clone(), url);
            request = request.header("x-api-token", grant["api_token"].as_str().unwrap());
            if let Some(body) = &body {
                request = request.json(body);
            }
            let answer = send(request).await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            // Polling tests exceed Pipedrive's call limits.
            if status == StatusCode::TOO_MANY_REQUESTS {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            assert!(status.is_success(), "{path}: {status} {text}");
            return serde_json::from_str::<Value>(&text).unwrap()["data"].take();
        }
    }

    /// Creates a deal with title, organization, person and currency of another one. Its value is large enough to bill it
    /// many times. Returns its id.
    pub(crate) async fn create_large_deal(&self, user: User, template: i64) -> i64 {
        let other = self.call_pipedrive(user, Method::GET, &format!("v2/deals/{template}"), None).await;
        let mut deal = json!({ "value": 900_000_000 });
        for member in ["title", "org_id", "person_id", "currency"] {
            deal[member] = other[member].clone();
        }
        self.call_pipedrive(user, Method::POST, "v2/deals", Some(deal)).await["id"].as_i64().unwrap()
    }

    /// Creates a deal worth 1000 dollars. Returns its id.
    pub(crate) async fn create_deal(&self, user: User, title: &str, links: Value) -> i64 {
        let mut deal = json!({ "title": title, "value": 1000, "currency": "USD" });
        deal.as_object_mut().unwrap().extend(links.as_object().unwrap().clone());
        self.call_pipedrive(user, Method::POST, "v2/deals", Some(deal)).await["id"].as_i64().unwrap()
    }

    /// Lists the notes of a deal, the oldest first.
    pub(crate) async fn notes(&self, user: User, deal: i64) -> Vec<String> {
        let path = format!("v1/notes?deal_id={deal}&limit=500&sort=add_time%20ASC");
        let notes = self.call_pipedrive(user, Method::GET, &path, None).await;
        let notes = notes.as_array().cloned().unwrap_or_default();
        notes.iter().map(|note| note["content"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a deal has at least `count` notes. Returns all notes.
    pub(crate) async fn wait_for_notes(&self, user: User, deal: i64, count: usize) -> Vec<String> {
        // A note whose answer was lost is looked up twice, ten seconds apart.
        wait_within(Duration::from_secs(45), &format!("deal {deal} has {count} notes"), async || {
            let notes = self.notes(user, deal).await;
            (notes.len() >= count).then_some(notes)
        })
        .await
    }
}
