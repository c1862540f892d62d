//! A running sandbox, and calls to it.

use reqwest::{Method, StatusCode};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

pub(crate) const US: &str = "9341452200000001";
pub(crate) const BR: &str = "9341452200000002";

/// Returns the realm of the seeded company with a preset.
pub(crate) fn realm(preset: &str) -> &'static str {
    match preset {
        "us" => US,
        "br" => BR,
        "us-ast" => "9341452200000003",
        "us-no-tax" => "9341452200000004",
        "ca" => "9341452200000005",
        "gb" => "9341452200000006",
        "au" => "9341452200000007",
        "in" => "9341452200000008",
        "fr" => "9341452200000010",
        "jp" => "9341452200000011",
        "kw" => "9341452200000012",
        other => panic!("no company of preset {other}"),
    }
}

pub(crate) struct Bench {
    sandbox: Sandbox,
    http: reqwest::Client,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    /// Returns the object of the answer, or fails the test.
    pub(crate) fn ok(mut self, entity: &str) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        let object = self.body[entity].take();
        assert!(!object.is_null(), "no {entity} in {}", self.body);
        object
    }

    /// Returns the code of the answer's fault.
    pub(crate) fn code(&self) -> &str {
        self.body["Fault"]["Error"][0]["code"].as_str().unwrap_or_else(|| panic!("no fault in {}", self.body))
    }
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options { only_quickbooks: true, ..Default::default() };
        change(&mut options);
        let sandbox = sandbox::start(options).await.expect("the sandbox starts");
        let http = reqwest::Client::builder().build().expect("a client");
        Self { sandbox, http }
    }

    /// Connects to a company.
    pub(crate) async fn company(&self, realm: &str) -> Company<'_> {
        let tokens = self.control("/quickbooks/grants", json!({ "realm_id": realm })).await;
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        Company { bench: self, realm: realm.to_owned(), token }
    }

    /// Loads Intuit's consent page for a signed-in user.
    pub(crate) async fn consent_page(&self, sub: &str) -> String {
        let env = self.sandbox.env();
        let value = |key: &str| env.lines().find_map(|line| line.strip_prefix(&format!("{key}="))).unwrap_or_default();
        let query = [
            ("client_id", value("QUICKBOOKS_CLIENT_ID")),
            ("response_type", "code"),
            ("scope", "com.intuit.quickbooks.accounting"),
            ("redirect_uri", &format!("{}/quickbooks/callback", value("FATURA_URL"))),
            ("state", "s"),
            ("user", sub),
        ];
        let answer = send(self.http.get(value("QUICKBOOKS_AUTHORIZE_URL")).query(&query)).await.expect("a page");
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.text().await.expect("a text")
    }

    /// Loads a web page of QuickBooks.
    pub(crate) async fn web_page(&self, path: &str) -> String {
        let answer = send(self.http.get(format!("{}{path}", self.sandbox.origins.quickbooks_web))).await;
        answer.expect("a page").text().await.expect("a text")
    }

    /// Posts to the control port, and returns the status.
    pub(crate) async fn control_status(&self, path: &str, body: Value) -> StatusCode {
        let url = format!("{}{path}", self.sandbox.origins.control);
        send(self.http.post(url).json(&body)).await.expect("the control port answers").status()
    }

    /// Posts to the control port, and returns the answer.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let method = if body.is_null() { Method::GET } else { Method::POST };
        let mut request = self.http.request(method, format!("{}{path}", self.sandbox.origins.control));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = send(request).await.expect("the control port answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let text = answer.text().await.expect("a text");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

#[expect(clippy::disallowed_methods, reason = "these tests do not use the product's client")]
async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
    request.send().await
}

/// One company, with the access token of a connected app.
pub(crate) struct Company<'a> {
    bench: &'a Bench,
    pub(crate) realm: String,
    pub(crate) token: String,
}

impl Company<'_> {
    /// Calls the API. Returns `None` if the connection breaks.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        accept: &str,
    ) -> Option<reqwest::Response> {
        let url = format!("{}/v3/company/{}{path}", self.bench.sandbox.origins.quickbooks_api, self.realm);
        let mut request = self.bench.http.request(method, url).bearer_auth(&self.token).header("accept", accept);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        send(request).await.ok()
    }

    async fn answer(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let response =
            self.call(method, path, body.map(|body| body.to_string()), "application/json").await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        Answer { status, body: serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.answer(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.answer(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn query(&self, text: &str) -> Answer {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        self.get(&format!("/query?query={encoded}&minorversion=75")).await
    }

    /// Queries rows.
    pub(crate) async fn rows(&self, entity: &str, rest: &str) -> Vec<Value> {
        let answer = self.query(&format!("select * from {entity} {rest}")).await;
        let body = answer.ok("QueryResponse");
        body[entity].as_array().cloned().unwrap_or_default()
    }
}

/// Builds a line that sells item 1.
pub(crate) fn line(amount: f64, code: &str) -> Value {
    json!({ "DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": { "ItemRef": { "value": "1" }, "TaxCodeRef": { "value": code } } })
}

/// Builds an invoice with one line and no tax, for a company in the United States.
pub(crate) fn invoice(amount: f64) -> Value {
    json!({ "CustomerRef": { "value": "1" }, "Line": [line(amount, "NON")] })
}
