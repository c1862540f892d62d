//! A browser without scripts: follows redirects and keeps cookies. Installs the app and connects QuickBooks.

use crate::{
    person::User,
    providers::{Providers, send},
    test_app::TestApp,
};
use reqwest::{Method, StatusCode, header};
use std::collections::BTreeMap;
use url::Url;

/// A browser, with its cookies for each host.
pub(crate) struct Browser<'a> {
    providers: &'a Providers,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// A loaded page or a redirect.
pub(crate) struct Response {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) location: Option<Url>,
}

impl Response {
    /// Returns the query of the address.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        self.url.query_pairs().into_owned().collect()
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(providers: &'a Providers) -> Self {
        Self { providers, cookies: BTreeMap::new() }
    }

    /// Makes one request: a POST if there is a form, otherwise a GET.
    pub(crate) async fn request(&mut self, url: Url, form: Option<&[(String, String)]>) -> Response {
        let host = url.host_str().unwrap().to_owned();
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = self.providers.http.request(method, url.clone());
        if let Some(form) = form {
            request = request.form(form);
        }
        let cookies = self.cookies.entry(host).or_default();
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = send(request.header(header::COOKIE, pairs.join("; "))).await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get(header::LOCATION).map(|to| url.join(to.to_str().unwrap()).unwrap());
        Response { status: answer.status(), location, url }
    }

    /// Makes a request, and follows redirects.
    pub(crate) async fn navigate(&mut self, url: Url, form: Option<&[(String, String)]>) -> Response {
        let mut response = self.request(url, form).await;
        while let Some(next) = response.location.take() {
            response = self.request(next, None).await;
        }
        response
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Installs the app as this user of Pipedrive, and connects their QuickBooks company unless one is connected.
pub(crate) async fn install(app: &TestApp, user: User) {
    let env = &app.providers.env;
    let mut browser = Browser::new(&app.providers);
    let sign_in = url(&format!("{}/sign-in", env["PIPEDRIVE_WEB_URL"]));
    browser.request(sign_in, Some(&[pair("user_id", &user.id.to_string())])).await;
    let consent = browser.navigate(url(&format!("{}/install", app.url)), None).await;
    let mut answer = consent.query();
    answer.push(pair("decision", "allow"));
    let intuit = browser.navigate(url(&env["PIPEDRIVE_AUTHORIZE_URL"]), Some(&answer)).await;
    if !intuit.url.as_str().starts_with(&env["PIPEDRIVE_WEB_URL"]) {
        allow_access(app, user, &mut browser, &intuit).await;
    }
}

/// Continues from Intuit's sign-in: allows the access and confirms the company.
pub(crate) async fn allow_access(app: &TestApp, user: User, browser: &mut Browser<'_>, intuit: &Response) {
    let env = &app.providers.env;
    let mut answer = intuit.query();
    answer.extend([pair("user", user.sub), pair("realm_id", user.realm), pair("decision", "allow")]);
    let page = browser.navigate(url(&env["QUICKBOOKS_AUTHORIZE_URL"]), Some(&answer)).await;
    let pending = page.query().into_iter().find(|(name, _)| name == "pending");
    let pending = pending.unwrap_or_else(|| panic!("no page to confirm the company at {}", page.url));
    let confirm = url(&format!("{}/quickbooks/confirm", app.url));
    let connected = browser.navigate(confirm, Some(&[pending, pair("decision", "connect")])).await;
    // The settings, or Pipedrive's sign-in.
    assert!(connected.url.as_str().starts_with(&env["PIPEDRIVE_WEB_URL"]), "{}: {}", connected.status, connected.url);
}

/// Connects QuickBooks again, from the settings page.
pub(crate) async fn connect_from_settings(app: &TestApp, user: User) {
    let answer = app.sign_in(user).post_settings("/settings/connect", &[]).await;
    let link: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    let mut browser = Browser::new(&app.providers);
    let intuit = browser.navigate(url(link["url"].as_str().unwrap()), None).await;
    allow_access(app, user, &mut browser, &intuit).await;
}
