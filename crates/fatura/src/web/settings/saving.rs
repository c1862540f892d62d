//! Saving the settings page: what is wrong at its field, what somebody else has changed meanwhile, and what was changed.

use super::{
    chosen::{self, Chosen, Defaults, Wrong},
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
    wrong: Vec<Wrong>,
}

/// The answer after saving, if the page itself cannot be rendered again.
#[derive(Template)]
#[template(path = "settings_saved.html")]
struct OnlySaved {
    w: Writer,
    changed: Vec<String>,
    seen: String,
}

/// Nothing was saved, because somebody else has saved since the page was opened.
#[derive(Template)]
#[template(path = "settings_conflict.html")]
struct Conflict {
    w: Writer,
    names: Vec<String>,
    seen: String,
}

/// An answer that is shown in another place than the page.
fn placed(template: &impl Template, status: StatusCode, target: &'static str) -> Result<Response, Error> {
    let mut response = html(template)?;
    *response.status_mut() = status;
    response.headers_mut().insert("hx-retarget", HeaderValue::from_static(target));
    Ok(response)
}

/// Saves all that the page holds, or, where something is wrong, nothing of it: then the page stays as it was typed.
pub(crate) async fn save(session: Session, QsForm(chosen): QsForm<Chosen>) -> Result<Response, Error> {
    let localize = session.localize_error();
    let w = session.writer();
    let wrong = chosen.find_wrong(w);
    if !wrong.is_empty() {
        return placed(&NotSaved { w, wrong }, StatusCode::UNPROCESSABLE_ENTITY, "#settings-wrong");
    }
    let saved = settings::find_settings(&session).await.map_err(&localize)?;
    let wanted = chosen.settings(saved.clone());
    let seen = Some(chosen.seen.as_str()).filter(|seen| !seen.is_empty());
    let outcome = settings::save(&session, &wanted, seen).await.map_err(&localize)?;
    let saved = if let Outcome::ChangedSince(current) = &outcome { (**current).clone() } else { saved };
    let lists = catalogue::read_connected_catalogue(&session).await.ok().map(|(_, lists)| lists);
    let account = lists.as_ref().and_then(|lists| lists.income_accounts.first()).map(|account| account.id.as_str());
    let defaults = Defaults { income_account: account };
    let changed = chosen::changed(w, &saved, &wanted, &defaults);
    if let Outcome::ChangedSince(current) = &outcome {
        let conflict = Conflict { w, names: changed, seen: settings::compute_fingerprint(&session.app, current) };
        return placed(&conflict, StatusCode::CONFLICT, "#settings-wrong");
    }
    let mut response = if let Ok(response) = render(&session, changed.clone()).await {
        response
    } else {
        let seen = settings::compute_fingerprint(&session.app, &wanted);
        placed(&OnlySaved { w, changed, seen }, StatusCode::OK, "#settings-status")?
    };
    add_snackbar(response.headers_mut(), &fl!(w.t, "settings-saved"));
    Ok(response)
}
