//! The table of all routes and their callers. The router is built only from this table, so no route exists without an entry. Each entry
//! puts its check before its handler. `docs/routes.md` shows the table, and `e2e/routes.test.mjs` calls each route in every role.

use super::{
    brand, connect,
    error::Error,
    form,
    headers::allow_framing,
    health::check_readiness,
    install,
    limits::{MAX_BODY_BYTES, MAX_WEBHOOK_BYTES},
    live, pages, panel, pdf, session,
    session::Surface,
    settings, shell, support_page, webhooks,
};
use crate::{flows::rights, state::App};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{self, MethodRouter},
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody. `/outcome` shows a company's name only to the browser whose flow it was.
    Public,
    /// Anybody: the shell of a page that Pipedrive embeds, without data.
    Shell,
    /// The browser that began the flow, or the holder of its one-time link.
    Link,
    /// A provider, by its signature or its secret.
    Provider,
    /// The holder of a token that Pipedrive signed for the page.
    PipedriveToken,
    /// The holder of the key of an open form, which is valid for one deal and user.
    FormKey,
    /// A user with the right and with a session of one of these pages.
    Session(&'static [Surface], Right),
}

/// The right that a user needs besides the session. If the path names a deal, an invoice or a record, the user must also be allowed to see
/// it in Pipedrive. The table checks the session and [`Right::Administer`] only. The flows check the rest (`flows/rights.rs`), and
/// `e2e/routes.test.mjs` checks that they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// No further right.
    Use,
    /// The settings allow the user to create invoices.
    Create,
    /// The settings allow the user to void and delete, if the action does that.
    Void,
    /// The user created the invoice or is an administrator.
    Own,
    /// The user is an administrator now.
    Administer,
}

/// One method of one path.
pub(super) struct Route {
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test of docs/routes.md reads it"))]
    method: &'static str,
    path: &'static str,
    access: Access,
    max_body_bytes: usize,
    handler: fn() -> MethodRouter<App>,
}

const PANEL: &[Surface] = &[Surface::Panel, Surface::Form];
const SETTINGS: &[Surface] = &[Surface::Settings];
const PAGES: &[Surface] = &[Surface::Panel, Surface::Form, Surface::Settings];
const USER: Access = Access::Session(PANEL, Right::Use);
const CREATOR: Access = Access::Session(PANEL, Right::Create);
const VOIDER: Access = Access::Session(PANEL, Right::Void);
const OWNER: Access = Access::Session(PANEL, Right::Own);
const SETTINGS_USER: Access = Access::Session(SETTINGS, Right::Use);
const ADMIN: Access = Access::Session(SETTINGS, Right::Administer);

macro_rules! routes {
    ($($method:ident $path:literal $access:expr, $handler:expr $(, $body:expr)?;)+) => {
        &[$(Route {
            method: stringify!($method),
            path: $path,
            access: $access,
            max_body_bytes: routes!(@body $($body)?),
            handler: || routing::$method($handler),
        }),+]
    };
    (@body) => { MAX_BODY_BYTES };
    (@body $body:expr) => { $body };
}

static ROUTES: &[Route] = routes! {
    get "/" Access::Public, pages::render_about;
    get "/outcome/{outcome}" Access::Public, pages::render_outcome;
    get "/favicon.ico" Access::Public, async || StatusCode::NO_CONTENT;
    get "/brand/{name}" Access::Public, brand::serve_picture;
    get "/healthz" Access::Public, async || "ok";
    get "/readyz" Access::Public, check_readiness;

    get "/panel" Access::Shell, shell::enter_panel;
    get "/form" Access::Shell, shell::enter_form;
    get "/settings" Access::Shell, shell::enter_settings;
    get "/app/panel" Access::Shell, shell::render_panel;
    get "/app/form" Access::Shell, shell::render_form;
    get "/app/settings" Access::Shell, shell::render_settings;

    get "/install" Access::Public, install::begin;
    get "/pipedrive/callback" Access::Link, install::callback;
    delete "/pipedrive/callback" Access::Provider, install::receive_uninstall, install::MAX_UNINSTALL_BYTES;
    get "/quickbooks/connect" Access::Link, connect::begin;
    get "/quickbooks/callback" Access::Link, connect::callback;
    get "/quickbooks/again" Access::Link, connect::restart;
    get "/quickbooks/confirm" Access::Link, connect::render_confirmation;
    post "/quickbooks/confirm" Access::Link, connect::confirm;
    post "/quickbooks/webhook" Access::Provider, webhooks::receive_quickbooks, MAX_WEBHOOK_BYTES;
    get "/pdf/{invoice}/{ticket}" Access::Link, pdf::serve_pdf;

    post "/session/{surface}" Access::PipedriveToken, session::exchange_token;
    get "/live" Access::Session(PAGES, Right::Use), live::open_event_stream;

    get "/panel/{entity}/{id}" USER, panel::render_panel;
    post "/panel/{entity}/{id}/refresh" USER, panel::refresh_panel;
    post "/panel/{entity}/{id}/unlink" USER, panel::unlink_customer;
    get "/panel/{entity}/{id}/deals" USER, panel::render_billable_deals;
    get "/panel/{entity}/{id}/invoices/{invoice}/recipient" USER, panel::render_recipient_form;
    get "/panel/{entity}/{id}/invoices/{invoice}/{action}/question" VOIDER, panel::read_question;
    post "/panel/{entity}/{id}/invoices/{invoice}/remove" OWNER, panel::remove_invoice;
    post "/panel/{entity}/{id}/invoices/{invoice}/{action}" VOIDER, panel::request_action;

    get "/deals/{deal}/form" CREATOR, form::render_form;
    post "/deals/{deal}/form/preview" CREATOR, form::preview_form;
    post "/deals/{deal}/form/discard" CREATOR, form::discard_draft;
    post "/deals/{deal}/form/change" CREATOR, form::change_form;
    post "/deals/{deal}/form/unlink" USER, form::unlink_customer;
    post "/deals/{deal}/invoices" CREATOR, form::create_invoice;
    post "/posted/deals/{deal}/invoices" Access::FormKey, form::create_from_post;
    get "/invoices/{invoice}/progress" USER, form::render_progress;
    get "/invoices/{invoice}/support" USER, support_page::render_support;
    post "/invoices/{invoice}/again" CREATOR, form::retry_parked;
    post "/invoices/{invoice}/correct" CREATOR, form::correct_invoice;
    post "/invoices/{invoice}/pdf" USER, pdf::issue_link;
    post "/customers/search" CREATOR, form::search_customers;
    get "/items" Access::Session(PAGES, Right::Use), form::search_items;
    post "/items/match" CREATOR, form::match_items;

    get "/settings/page" SETTINGS_USER, settings::render_settings;
    get "/settings/connection" SETTINGS_USER, settings::render_connection;
    get "/settings/fields" SETTINGS_USER, settings::search_fields;
    post "/settings/try" SETTINGS_USER, settings::try_out;
    post "/settings/save" ADMIN, settings::saving::save_settings;
    post "/settings/again" ADMIN, settings::retry_parked;
    post "/settings/connect" ADMIN, settings::issue_connect_link;
    post "/settings/disconnect" ADMIN, settings::disconnect;
};

/// Builds the router from the table, with each route behind its check.
pub(super) fn router(app: &App) -> Router<App> {
    let mut router = Router::new();
    for route in ROUTES {
        let mut handler = (route.handler)()
            .route_layer(middleware::from_fn_with_state((app.clone(), route.access), authorize))
            .route_layer(DefaultBodyLimit::max(route.max_body_bytes));
        if matches!(route.access, Access::Shell | Access::FormKey) {
            handler = handler.route_layer(middleware::from_fn_with_state(app.clone(), allow_framing));
        }
        router = router.route(route.path, handler);
    }
    router
}

/// Runs the check of a route. Passes the session to the handler, or rejects the request.
async fn authorize(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    match access {
        // A HEAD request would use up a one-time link without showing anything.
        Access::Link if request.method() == Method::HEAD => {
            return Ok((StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response());
        }
        Access::Session(surfaces, right) => {
            let mut session = session::authenticate(&app, request.headers(), surfaces).await?;
            if right == Right::Administer {
                match rights::require_admin(&session).await {
                    Ok(profile) => session.profile = profile,
                    Err(error) => {
                        let mut response = session.localize_error()(error).into_response();
                        // Keeps the content of the form on the page.
                        response.headers_mut().insert("hx-retarget", HeaderValue::from_static("#settings-wrong"));
                        response.headers_mut().insert("hx-reswap", HeaderValue::from_static("innerHTML"));
                        return Ok(response);
                    }
                }
            }
            request.extensions_mut().insert(session);
        }
        Access::Public | Access::Shell | Access::Link | Access::Provider | Access::PipedriveToken | Access::FormKey => {
        }
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fmt::Write, fs, path::Path};

    fn caller(access: Access) -> (String, &'static str) {
        match access {
            Access::Public => ("anybody".into(), ""),
            Access::Shell => ("anybody, in Pipedrive's frame".into(), ""),
            Access::Link => ("the browser or the one-time link of the flow".into(), ""),
            Access::Provider => ("the provider, by its signature".into(), ""),
            Access::PipedriveToken => ("a token signed by Pipedrive".into(), ""),
            Access::FormKey => ("the key of an open form".into(), "create"),
            Access::Session(surfaces, right) => {
                let names: Vec<String> = surfaces.iter().map(|surface| format!("{surface:?}").to_lowercase()).collect();
                let right = match right {
                    Right::Use => "",
                    Right::Create => "create",
                    Right::Void => "void",
                    Right::Own => "own",
                    Right::Administer => "administer",
                };
                (format!("session: {}", names.join(", ")), right)
            }
        }
    }

    fn visible_object(path: &str) -> &'static str {
        let contains = |part: &str| path.contains(part);
        if contains("{invoice}") {
            "invoice"
        } else if contains("{deal}") {
            "deal"
        } else if contains("{entity}/{id}") {
            "record"
        } else {
            ""
        }
    }

    /// `e2e/routes.test.mjs` reads this page. `WRITE_DOCS=1` writes it.
    #[test]
    fn the_page_of_routes_matches_the_table() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.md");
        let page = fs::read_to_string(&file).unwrap();
        let (prose, _) = page.split_once("| method |").unwrap();
        let mut wanted =
            format!("{prose}| method | path | caller | right | has to see |\n| --- | --- | --- | --- | --- |\n");
        for route in ROUTES {
            let (caller, right) = caller(route.access);
            let method = route.method.to_uppercase();
            let (path, object) = (route.path, visible_object(route.path));
            writeln!(wanted, "| {method} | `{path}` | {caller} | {right} | {object} |").unwrap();
        }
        if std::env::var_os("WRITE_DOCS").is_some() {
            fs::write(&file, &wanted).unwrap();
        }
        assert!(
            page == wanted || std::env::var_os("WRITE_DOCS").is_some(),
            "docs/routes.md differs from the table. `WRITE_DOCS=1` updates it:\n{wanted}"
        );
    }
}
