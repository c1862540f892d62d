//! The Marketplace, the installed apps and the app's settings page. Sharing and uninstalling.

use super::frame::{Frame, Installed, render_page, with_user};
use crate::{
    app::{App, Kind},
    clock::PipedriveTime,
    session::signed_in,
    shared::Shared,
    users::User,
};
use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/marketplace", get(marketplace))
        .route("/settings/marketplace", get(tools))
        .route("/settings/marketplace/app/{client}/app-settings", get(app_settings))
        .route("/settings/marketplace/share", post(share))
        .route("/settings/marketplace/uninstall", post(uninstall))
}

#[derive(Template)]
#[template(path = "pipedrive_marketplace.html")]
struct MarketplacePage<'a> {
    frame: Frame<'a>,
    app: &'a App,
    /// Target of *Install*.
    install: String,
}

async fn marketplace(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        let consent = format!("{}/oauth/authorize?client_id={}", shared.origins.oauth, shared.app.client_id);
        render_page(&MarketplacePage {
            frame: Frame::new(&shared, company, user, installed, "/marketplace"),
            app: &shared.app,
            install: shared.app.installation_url.clone().unwrap_or(consent),
        })
    })
}

#[derive(Template)]
#[template(path = "pipedrive_tools.html")]
struct ToolsPage<'a> {
    frame: Frame<'a>,
    app: &'a App,
    has_settings: bool,
}

async fn tools(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        render_page(&ToolsPage {
            frame: Frame::new(&shared, company, user, installed, "/settings/marketplace"),
            app: &shared.app,
            has_settings: shared.app.extensions_of_kind(Kind::Settings).next().is_some(),
        })
    })
}

#[derive(Template)]
#[template(path = "pipedrive_app_settings.html")]
struct AppSettingsPage<'a> {
    frame: Frame<'a>,
    app: &'a App,
    surface: &'a str,
    here: String,
}

async fn app_settings(State(shared): State<Shared>, jar: CookieJar, Path(client): Path<String>) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        let settings = shared.app.extensions_of_kind(Kind::Settings).next();
        let Some(settings) = settings.filter(|_| client == shared.app.client_id && installed == Installed::Yes) else {
            return Redirect::to("/settings/marketplace").into_response();
        };
        render_page(&AppSettingsPage {
            frame: Frame::new(&shared, company, user, installed, "/settings/marketplace"),
            app: &shared.app,
            surface: &settings.id,
            here: format!("/settings/marketplace/app/{client}/app-settings"),
        })
    })
}

#[derive(Debug, Deserialize)]
struct Share {
    shared: bool,
}

/// Adds the app for everyone, or stops sharing it. Only an admin may do this.
async fn share(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<Share>) -> Response {
    let user_id = signed_in(&shared, &jar);
    let mut state = shared.state_mut();
    let may = |user: &User| user.may("can_share_apps");
    let company = user_id.and_then(|id| state.user(id)).filter(|(_, user)| may(user)).map(|(company, _)| company.id);
    if let Some(company) = state.companies.iter_mut().find(|each| Some(each.id) == company) {
        company.app_shared = form.shared;
        company.version += 1;
    }
    Redirect::to("/settings/marketplace").into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Uninstall {
    everyone: bool,
}

async fn uninstall(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<Uninstall>) -> Response {
    let Some(user_id) = signed_in(&shared, &jar) else { return Redirect::to("/").into_response() };
    let users: Vec<i64> = {
        let state = shared.state();
        match state.user(user_id) {
            Some((company, user)) if form.everyone && user.is_admin => {
                company.users.iter().map(|user| user.id).collect()
            }
            _ => vec![user_id],
        }
    };
    uninstall_users(&shared, &users).await;
    Redirect::to("/settings/marketplace").into_response()
}

/// Uninstalls the app for users. Their tokens end, and the app gets a signed DELETE on its callback for each user.
pub(crate) async fn uninstall_users(shared: &Shared, users: &[i64]) {
    let notifications: Vec<Value> = {
        let mut state = shared.state_mut();
        let timestamp = shared.clock().pipedrive();
        let installed: Vec<i64> = users.iter().copied().filter(|id| state.grants.is_installed(*id)).collect();
        let mut notifications = Vec::new();
        for user_id in installed {
            let Some(company_id) = state.user(user_id).map(|(company, _)| company.id) else { continue };
            state.uninstall(user_id);
            notifications.push(json!({ "client_id": shared.app.client_id, "company_id": company_id, "user_id": user_id, "timestamp": timestamp }));
        }
        notifications
    };
    for body in notifications {
        let request = shared
            .http()
            .delete(&shared.app.callback_url)
            .basic_auth(&shared.app.client_id, Some(&shared.app.client_secret))
            .json(&body);
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares no client with the product")]
        if let Err(error) = request.send().await {
            tracing::warn!(%error, "the app could not be notified of its uninstallation");
        }
    }
}
