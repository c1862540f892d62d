//! The simulated Pipedrive in the browser: what a salesperson sees, and the pages that embed the app.

mod detail;
mod edit;
mod extensions;
mod fields;
mod format;
mod history;
mod lists;
pub(crate) mod marketplace;
mod sign_in;
mod words;

use super::{App, Company, User, rules::Writer};
use crate::world::Shared;
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use axum_extra::extract::CookieJar;
use words::Words;

/// The name of the session cookie.
pub(crate) const SESSION: &str = "pipedrive_session";

/// What the pages load.
const FILES: [(&str, &str, &str); 4] = [
    ("/host.css", "text/css", include_str!("../../../static/pipedrive/host.css")),
    ("/page.js", "text/javascript", include_str!("../../../static/pipedrive/page.js")),
    ("/host.js", "text/javascript", include_str!("../../../static/pipedrive/host.js")),
    ("/surfaces.js", "text/javascript", include_str!("../../../static/pipedrive/surfaces.js")),
];

pub(crate) fn router(shared: Shared) -> Router {
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(async move || ([(header::CONTENT_TYPE, kind)], content)))
    });
    files
        .route("/version", get(version))
        .merge(sign_in::router())
        .merge(lists::router())
        .merge(detail::router())
        .merge(edit::router())
        .merge(marketplace::router())
        .merge(extensions::router())
        .fallback(nothing)
        .with_state(shared)
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The browser's user: Pipedrive's session cookie, which all ports of the host share.
pub(super) fn signed_in(shared: &Shared, jar: &CookieJar) -> Option<i64> {
    let session = jar.get(SESSION)?.value().to_owned();
    shared.world_untouched().pipedrive.sessions.get(&session).copied()
}

/// How the app stands with a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Installed {
    Yes,
    /// An admin has added it for everyone; this user has not installed it yet.
    Shared,
    No,
}

/// Runs `answer` for the signed-in user; others are sent to the sign-in page.
fn with_user(
    shared: &Shared,
    jar: &CookieJar,
    answer: impl FnOnce(&Company, &User, Installed) -> Response,
) -> Response {
    let user_id = signed_in(shared, jar);
    let world = shared.world_untouched();
    let Some((company, user)) = user_id.and_then(|id| world.pipedrive.user(id)) else {
        return Redirect::to("/").into_response();
    };
    let installed = if world.pipedrive.grants.installed(user.id) {
        Installed::Yes
    } else if company.app_shared {
        Installed::Shared
    } else {
        Installed::No
    };
    answer(company, user, installed)
}

/// Lets the signed-in user act on their company, as through Pipedrive's own page.
fn act(shared: &Shared, jar: &CookieJar, work: impl FnOnce(&mut Company, &Writer) -> Response) -> Response {
    let Some(user_id) = signed_in(shared, jar) else { return Redirect::to("/").into_response() };
    let mut world = shared.world();
    let (now, moment) = (world.clock.pipedrive(), world.clock.now());
    let Some(company_id) = world.pipedrive.user(user_id).map(|(company, _)| company.id) else {
        return Redirect::to("/").into_response();
    };
    let done = world.pipedrive.act(company_id, moment, |company| {
        let writer = Writer::new(company, company.user(user_id)?, &now, "app");
        Some(work(company, &writer))
    });
    done.flatten().unwrap_or_else(|| Redirect::to("/").into_response())
}

/// What every page of a signed-in user has around it.
struct Frame<'a> {
    words: &'static Words,
    company: &'a Company,
    user: &'a User,
    here: &'static str,
    app: &'a App,
    installed: Installed,
}

impl<'a> Frame<'a> {
    fn new(shared: &'a Shared, company: &'a Company, user: &'a User, installed: Installed, here: &'static str) -> Self {
        Self { words: words::of(user), company, user, here, app: &shared.app, installed }
    }

    /// The side bar.
    fn entries(&self) -> [(&'static str, &'static str); 5] {
        let words = self.words;
        [
            ("/deals", words.deals),
            ("/persons", words.persons),
            ("/organizations", words.organizations),
            ("/marketplace", words.marketplace),
            ("/settings/marketplace", words.tools),
        ]
    }

    /// Currencies to choose from: a few, the company's, and the one that is there.
    fn currencies(&self, there: &str) -> Vec<String> {
        let mut all: Vec<String> =
            ["BRL", "EUR", "GBP", "USD", &self.company.currency, there].map(str::to_owned).to_vec();
        all.sort();
        all.dedup();
        all
    }

    fn installed(&self) -> bool {
        self.installed == Installed::Yes
    }

    fn shared(&self) -> bool {
        self.installed == Installed::Shared
    }

    /// Which extensions there are, for the host's script.
    fn extensions(&self) -> String {
        if self.installed() { self.app.for_host().to_string() } else { "[]".into() }
    }

    /// The floating window, if the app has one that this user may open.
    fn floating_window(&self) -> Option<&super::app::Extension> {
        self.app.of_kind(super::app::Kind::FloatingWindow).next().filter(|_| self.installed())
    }
}

#[derive(Template)]
#[template(path = "pipedrive_message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    message: String,
}

/// A page that says why something was not done.
fn message(shared: &Shared, jar: &CookieJar, status: StatusCode, text: impl FnOnce(&Words) -> String) -> Response {
    let page = with_user(shared, jar, |company, user, installed| {
        let frame = Frame::new(shared, company, user, installed, "");
        let message = text(frame.words);
        page(&MessagePage { frame, message })
    });
    (status, page).into_response()
}

/// What this page does not have: leads, campaigns, projects, and whatever else is asked for.
async fn nothing(State(shared): State<Shared>, jar: CookieJar) -> Response {
    message(&shared, &jar, StatusCode::NOT_FOUND, |words| words.not_found.to_owned())
}

/// How much was done in the user's company: a page that is older asks for itself again.
async fn version(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, _, _| company.version.to_string().into_response())
}
