//! The signed-in user of a page, and the frame that surrounds each page.

use super::words::{self, Words};
use crate::{
    app::{App, Extension, Kind},
    clock::PipedriveTime,
    company::Company,
    session::signed_in,
    shared::Shared,
    users::User,
    writer::Writer,
};
use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;

pub(super) fn render_page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// State of the app for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Installed {
    Yes,
    /// An admin has added the app for everyone, and this user has not installed it yet.
    Shared,
    No,
}

/// Answers for the signed-in user, or redirects to the sign-in page.
pub(super) fn with_user(
    shared: &Shared,
    jar: &CookieJar,
    answer: impl FnOnce(&Company, &User, Installed) -> Response,
) -> Response {
    let user_id = signed_in(shared, jar);
    let state = shared.state();
    let Some((company, user)) = user_id.and_then(|id| state.user(id)) else {
        return Redirect::to("/").into_response();
    };
    let installed = if state.grants.is_installed(user.id) {
        Installed::Yes
    } else if company.app_shared {
        Installed::Shared
    } else {
        Installed::No
    };
    answer(company, user, installed)
}

/// Runs `work` on the company as the signed-in user, as Pipedrive's own page does.
pub(super) fn run_as_user(
    shared: &Shared,
    jar: &CookieJar,
    work: impl FnOnce(&mut Company, &Writer) -> Response,
) -> Response {
    let Some(user_id) = signed_in(shared, jar) else { return Redirect::to("/").into_response() };
    let mut state = shared.state_mut();
    let (now, moment) = (shared.clock().pipedrive(), shared.clock().now());
    let Some(company_id) = state.user(user_id).map(|(company, _)| company.id) else {
        return Redirect::to("/").into_response();
    };
    let response = state.with_company(company_id, moment, |company| {
        let writer = company.writer(company.user(user_id)?, &now, "app");
        Some(work(company, &writer))
    });
    response.flatten().unwrap_or_else(|| Redirect::to("/").into_response())
}

/// Data of the frame around every page.
pub(super) struct Frame<'a> {
    pub(super) words: &'static Words,
    pub(super) company: &'a Company,
    pub(super) user: &'a User,
    pub(super) here: &'static str,
    pub(super) app: &'a App,
    installed: Installed,
}

impl<'a> Frame<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        company: &'a Company,
        user: &'a User,
        installed: Installed,
        here: &'static str,
    ) -> Self {
        Self { words: words::for_user(user), company, user, here, app: &shared.app, installed }
    }

    /// Returns the entries of the side bar.
    pub(super) fn entries(&self) -> [(&'static str, &'static str); 5] {
        let words = self.words;
        [
            ("/deals", words.deals),
            ("/persons", words.persons),
            ("/organizations", words.organizations),
            ("/marketplace", words.marketplace),
            ("/settings/marketplace", words.tools),
        ]
    }

    /// Returns currencies to choose from: common ones, the company's, and the current one.
    pub(super) fn currencies(&self, current: &str) -> Vec<String> {
        let mut all: Vec<String> =
            ["BRL", "EUR", "GBP", "USD", &self.company.currency, current].map(str::to_owned).to_vec();
        all.sort();
        all.dedup();
        all
    }

    pub(super) fn installed(&self) -> bool {
        self.installed == Installed::Yes
    }

    pub(super) fn shared(&self) -> bool {
        self.installed == Installed::Shared
    }

    /// Returns the extensions for the host's script.
    pub(super) fn extensions(&self) -> String {
        if self.installed() { self.app.to_host_json().to_string() } else { "[]".into() }
    }

    /// Returns the floating window, if the user may open one.
    pub(super) fn floating_window(&self) -> Option<&Extension> {
        self.app.extensions_of_kind(Kind::FloatingWindow).next().filter(|_| self.installed())
    }
}

#[derive(Template)]
#[template(path = "pipedrive_message.html")]
pub(super) struct MessagePage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) message: String,
}

/// Answers with a page that explains a refusal.
pub(super) fn message(
    shared: &Shared,
    jar: &CookieJar,
    status: StatusCode,
    text: impl FnOnce(&Words) -> String,
) -> Response {
    let page = with_user(shared, jar, |company, user, installed| {
        let frame = Frame::new(shared, company, user, installed, "");
        let message = text(frame.words);
        render_page(&MessagePage { frame, message })
    });
    (status, page).into_response()
}
