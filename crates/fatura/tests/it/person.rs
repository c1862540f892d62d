//! A Pipedrive user with open pages of the service: makes the requests of the pages' script, with a session.

use crate::{
    form::{Fields, Form},
    page::{Answer, Outcome},
    panel::{Panel, Row},
    providers::send,
    test_app::TestApp,
    waiting::wait_within,
};
use jsonwebtoken::{EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::sync::OnceCell;

/// A user of a seeded Pipedrive company, with the QuickBooks company to connect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    /// Id of the company in Pipedrive.
    pub(crate) company: i64,
    /// Id in Pipedrive.
    pub(crate) id: i64,
    /// Intuit's id of the user.
    pub(crate) sub: &'static str,
    /// Id of the company in QuickBooks.
    pub(crate) realm: &'static str,
}

/// Ana Souza, an administrator of the Brazilian company.
pub(crate) const BR: User =
    User { company: 7_710_001, id: 910_001, sub: "9130000000000002", realm: "9341452200000002" };
/// Dana Whitfield, an administrator of the company in the United States.
pub(crate) const US: User =
    User { company: 7_720_002, id: 920_001, sub: "9130000000000001", realm: "9341452200000001" };
/// Miguel Ortega of the same company, not an administrator.
pub(crate) const MIGUEL: User = User { id: 920_002, ..US };

/// An existing customer of the company in the United States.
pub(crate) const CASCADE: &[(&str, &str)] =
    &[("customer", "3"), ("customer_name", "Cascade Robotics, Inc."), ("customer_currency", "USD")];
/// A line for 10 dollars without tax.
pub(crate) const LINE: &[(&str, &str)] = &[
    ("lines[0][item]", "12"),
    ("lines[0][quantity]", "1"),
    ("lines[0][unit_price]", "10"),
    ("lines[0][discount]", ""),
    ("lines[0][tax_code]", "NON"),
    ("discount", ""),
];

/// Upper bound for the outcome of an operation.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// The place of a page in Pipedrive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Surface {
    Panel,
    Form,
    Settings,
}

impl Surface {
    fn name(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Form => "form",
            Self::Settings => "settings",
        }
    }
}

/// A signed-in user.
pub(crate) struct Person<'a> {
    app: &'a TestApp,
    /// URL of the service or of a replica.
    url: String,
    pub(crate) user: User,
    bearers: [OnceCell<String>; 3],
}

impl<'a> Person<'a> {
    pub(crate) fn new(app: &'a TestApp, url: &str, user: User) -> Self {
        Self { app, url: url.to_owned(), user, bearers: Default::default() }
    }

    /// Exchanges a signed token, as Pipedrive creates it, for a bearer.
    async fn exchange_token(&self, surface: Surface) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({ "companyId": self.user.company, "userId": self.user.id, "iat": now, "exp": now + 300 });
        let secret = &self.app.providers.env[&format!("PIPEDRIVE_JWT_SECRET_{}", surface.name().to_uppercase())];
        let token = jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()));
        let url = format!("{}/session/{}", self.url, surface.name());
        let answer = send(self.app.providers.http.post(url).bearer_auth(token.unwrap())).await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "no session: {status} {text}");
        serde_json::from_str::<Value>(&text).unwrap()["bearer"].as_str().unwrap().to_owned()
    }

    /// Returns the bearer of a page's session.
    pub(crate) async fn bearer(&self, surface: Surface) -> &str {
        self.bearers[surface as usize].get_or_init(|| self.exchange_token(surface)).await
    }

    /// Makes a request with the session of a page: a POST if there are fields, otherwise a GET. Returns an error if the
    /// connection fails.
    pub(crate) async fn try_call(
        &self,
        surface: Surface,
        path: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> reqwest::Result<Answer> {
        let bearer = self.bearer(surface).await;
        let method = if fields.is_some() { Method::POST } else { Method::GET };
        let mut request = self.app.providers.http.request(method, format!("{}{path}", self.url));
        if let Some(fields) = fields {
            request = request.form(fields);
        }
        let answer = send(request.bearer_auth(bearer)).await?;
        let status = answer.status();
        Ok(Answer { status, text: answer.text().await? })
    }

    pub(crate) async fn get(&self, surface: Surface, path: &str) -> Answer {
        self.try_call(surface, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, surface: Surface, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_call(surface, path, Some(fields)).await.unwrap()
    }

    /// Makes a GET request of the settings page.
    pub(crate) async fn get_settings(&self, path: &str) -> Answer {
        self.get(Surface::Settings, path).await
    }

    /// Posts from the settings page.
    pub(crate) async fn post_settings(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post(Surface::Settings, path, fields).await
    }

    /// Searches for customers.
    pub(crate) async fn search_customers(&self, name: &str) -> Answer {
        self.post(Surface::Form, "/customers/search", &[("customer_name", name)]).await
    }

    /// Requests the form of a deal.
    pub(crate) async fn try_open_form(&self, deal: i64) -> Answer {
        self.get(Surface::Form, &format!("/deals/{deal}/form")).await
    }

    /// Opens the form of a deal.
    pub(crate) async fn open_form(&self, deal: i64) -> Form<'_> {
        let answer = self.try_open_form(deal).await;
        assert!(answer.status.is_success(), "the form of deal {deal}: {} {}", answer.status, answer.text);
        Form { person: self, deal, fields: Fields::of_page(&answer.text), text: answer.text }
    }

    /// Opens the form of a deal with a customer of the United States and one line for 10 dollars.
    pub(crate) async fn open_simple_form(&self, deal: i64) -> Form<'_> {
        self.open_form(deal).await.with_first_line_only().with(CASCADE).with(LINE)
    }

    /// Discards the draft of a deal.
    pub(crate) async fn discard_form(&self, deal: i64) {
        let answer = self.post(Surface::Form, &format!("/deals/{deal}/form/discard"), &[]).await;
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
    }

    /// Bills 10 dollars of a deal. Returns the invoice number.
    pub(crate) async fn bill_deal(&self, deal: i64) -> String {
        self.open_simple_form(deal).await.create().await.number()
    }

    /// Loads the panel of a deal, with all invoices.
    pub(crate) async fn open_panel(&self, deal: i64) -> Panel {
        self.open_panel_of("deal", deal).await
    }

    /// Loads the panel of a `deal`, an `organization` or a `person`, with all invoices.
    pub(crate) async fn open_panel_of(&self, kind: &str, id: i64) -> Panel {
        let answer = self.get(Surface::Panel, &format!("/panel/{kind}/{id}?rows=1000000")).await;
        assert!(answer.status.is_success(), "the panel of {kind} {id}: {} {}", answer.status, answer.text);
        Panel::read(&answer.text)
    }

    /// Reloads the invoices of a deal from QuickBooks, as the button of the panel does.
    pub(crate) async fn refresh_panel(&self, deal: i64) -> Answer {
        self.post(Surface::Panel, &format!("/panel/deal/{deal}/refresh"), &[]).await
    }

    /// Requests a link to the PDF of an invoice, which works once.
    pub(crate) async fn request_pdf_link(&self, invoice: &str) -> String {
        let answer = self.post(Surface::Panel, &format!("/invoices/{invoice}/pdf"), &[]).await;
        serde_json::from_str::<Value>(&answer.text).unwrap()["url"].as_str().unwrap().to_owned()
    }

    /// Posts an action on an invoice of a deal.
    pub(crate) async fn post_action(&self, deal: i64, invoice: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.post(Surface::Panel, &format!("/panel/deal/{deal}/invoices/{invoice}/{action}"), fields).await
    }

    /// Voids an invoice in the state of the row.
    pub(crate) async fn void_invoice(&self, deal: i64, row: &Row) -> Answer {
        self.post_action(deal, &row.id, "void", &[("seen", row.seen.as_deref().unwrap())]).await
    }

    /// Deletes an invoice in the state of the row.
    pub(crate) async fn delete_invoice(&self, deal: i64, row: &Row) -> Answer {
        self.post_action(deal, &row.id, "delete", &[("seen", row.seen.as_deref().unwrap())]).await
    }

    /// Starts another lookup of a parked invoice.
    pub(crate) async fn retry_lookup(&self, invoice: &str) -> Answer {
        self.post(Surface::Form, &format!("/invoices/{invoice}/again"), &[]).await
    }

    /// Opens the form that e-mails an invoice. Returns its idempotency key.
    pub(crate) async fn open_email_form(&self, deal: i64, invoice: &str) -> String {
        let page = self.get(Surface::Panel, &format!("/panel/deal/{deal}/invoices/{invoice}/recipient")).await;
        page.find_attribute("input[name=key]", "value").unwrap()
    }

    /// Requests the progress of an operation once.
    pub(crate) async fn get_progress(&self, invoice: &str) -> Answer {
        self.get(Surface::Form, &format!("/invoices/{invoice}/progress")).await
    }

    /// Polls the progress of an operation until it has an outcome.
    pub(crate) async fn wait_for_outcome(&self, answer: Answer) -> Answer {
        let mut last = Some(answer);
        wait_within(OPERATION_TIMEOUT, "the operation ends", async || {
            let answer = last.take().unwrap();
            let Outcome::Checking { invoice } = answer.outcome() else { return Some(answer) };
            last = Some(self.get_progress(&invoice).await);
            None
        })
        .await
    }
}
