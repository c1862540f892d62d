//! Saving the settings: problems at their fields, conflicts with another user's changes, and the list of changes.

use super::{
    chosen::{self, Defaults, FieldProblem, SettingsForm},
    render,
};
use crate::{
    flows::{
        catalogue,
        settings::{self, Outcome},
    },
    format::Writer,
    web::{
        error::Error,
        page::{add_snackbar, html},
        session::Session,
    },
};
use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode},
    response::Response,
};
use i18n_embed_fl::fl;
use serde_qs::axum::QsForm;

#[derive(Template)]
#[template(path = "settings_wrong.html")]
struct NotSaved {
    w: Writer,
    problems: Vec<FieldProblem>,
}

/// The response after saving if the page itself cannot be rendered.
#[derive(Template)]
#[template(path = "settings_saved.html")]
struct OnlySaved {
    w: Writer,
    changed: Vec<String>,
    seen: String,
}

/// The response if nothing was saved, because another user has saved since the page was opened.
#[derive(Template)]
#[template(path = "settings_conflict.html")]
struct Conflict {
    w: Writer,
    names: Vec<String>,
    seen: String,
}

/// Renders a template that replaces only the given target on the page.
fn render_into(template: &impl Template, status: StatusCode, target: &'static str) -> Result<Response, Error> {
    let mut response = html(template)?;
    *response.status_mut() = status;
    response.headers_mut().insert("hx-retarget", HeaderValue::from_static(target));
    Ok(response)
}

/// Saves the settings of the page. If there is a problem, saves nothing, and the page keeps its input.
pub(crate) async fn save_settings(session: Session, QsForm(posted): QsForm<SettingsForm>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let problems = posted.find_problems(w);
    if !problems.is_empty() {
        return render_into(&NotSaved { w, problems }, StatusCode::UNPROCESSABLE_ENTITY, "#settings-wrong");
    }
    let saved = settings::find_settings(&session).await.map_err(&localize)?;
    let new = posted.to_settings(saved.clone());
    let seen = Some(posted.seen.as_str()).filter(|seen| !seen.is_empty());
    let outcome = settings::save(&session, &new, seen).await.map_err(&localize)?;
    let saved = if let Outcome::ChangedSince(current) = &outcome { (**current).clone() } else { saved };
    let lists = catalogue::read_connected_catalogue(&session).await.ok().map(|(_, lists)| lists);
    let account = lists.as_ref().and_then(|lists| lists.income_accounts.first()).map(|account| account.id.as_str());
    let defaults = Defaults { income_account: account };
    let changed = chosen::list_changes(w, &saved, &new, &defaults);
    if let Outcome::ChangedSince(current) = &outcome {
        let conflict = Conflict { w, names: changed, seen: settings::compute_fingerprint(&session.app, current) };
        return render_into(&conflict, StatusCode::CONFLICT, "#settings-wrong");
    }
    let mut response = if let Ok(response) = render(&session, changed.clone()).await {
        response
    } else {
        let seen = settings::compute_fingerprint(&session.app, &new);
        render_into(&OnlySaved { w, changed, seen }, StatusCode::OK, "#settings-status")?
    };
    add_snackbar(response.headers_mut(), &fl!(w.t, "settings-saved"));
    Ok(response)
}
