//! The Marketplace, the installed apps, and the app's settings page within Pipedrive; sharing and uninstalling.

use super::{Frame, Installed, page, signed_in, with_user};
use crate::{
    pipedrive::{App, User, app::Kind},
    world::Shared,
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
    /// Where *Install* leads.
    install: String,
}

async fn marketplace(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        let consent = format!("{}/oauth/authorize?client_id={}", shared.origins.pipedrive_oauth, shared.app.client_id);
        page(&MarketplacePage {
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
        page(&ToolsPage {
            frame: Frame::new(&shared, company, user, installed, "/settings/marketplace"),
            app: &shared.app,
            has_settings: shared.app.of_kind(Kind::Settings).next().is_some(),
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
        let settings = shared.app.of_kind(Kind::Settings).next();
        let Some(settings) = settings.filter(|_| client == shared.app.client_id && installed == Installed::Yes) else {
            return Redirect::to("/settings/marketplace").into_response();
        };
        page(&AppSettingsPage {
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

/// An admin who has installed the app adds it for everyone, or ends that.
async fn share(State(shared): State<Shared>, jar: CookieJar, Form(form): Form<Share>) -> Response {
    let user_id = signed_in(&shared, &jar);
    let mut world = shared.world();
    let may = |user: &User| user.may("can_share_apps");
    let company =
        user_id.and_then(|id| world.pipedrive.user(id)).filter(|(_, user)| may(user)).map(|(company, _)| company.id);
    if let Some(company) = world.pipedrive.companies.iter_mut().find(|each| Some(each.id) == company) {
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
        let world = shared.world_untouched();
        match world.pipedrive.user(user_id) {
            Some((company, user)) if form.everyone && user.is_admin => {
                company.users.iter().map(|user| user.id).collect()
            }
            _ => vec![user_id],
        }
    };
    end(&shared, &users).await;
    Redirect::to("/settings/marketplace").into_response()
}

/// Ends the app for users: their grants die, and the app is told of each by a signed DELETE on its callback.
pub(crate) async fn end(shared: &Shared, users: &[i64]) {
    let told: Vec<Value> = {
        let mut world = shared.world();
        let timestamp = world.clock.pipedrive();
        let installed: Vec<i64> = users.iter().copied().filter(|id| world.pipedrive.grants.installed(*id)).collect();
        let mut told = Vec::new();
        for user_id in installed {
            let Some(company_id) = world.pipedrive.user(user_id).map(|(company, _)| company.id) else { continue };
            world.pipedrive.uninstall(user_id);
            told.push(json!({ "client_id": shared.app.client_id, "company_id": company_id, "user_id": user_id, "timestamp": timestamp }));
        }
        told
    };
    for body in told {
        let request = shared
            .http
            .delete(&shared.app.callback_url)
            .basic_auth(&shared.app.client_id, Some(&shared.app.client_secret))
            .json(&body);
        #[expect(clippy::disallowed_methods, reason = "the sandbox tells the app; it shares no client with it")]
        if let Err(error) = request.send().await {
            tracing::warn!(%error, "the app did not hear of its uninstallation");
        }
    }
}
