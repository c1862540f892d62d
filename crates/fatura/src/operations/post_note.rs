//! Writes an entry of a deal history as a note in Pipedrive.

use super::{LOOKUP_WINDOW, classify, describe};
use crate::{
    flows::{Error, company_language, context::TenantContext},
    format::Writer,
};
use domain::{
    ids::{EntryId, UserId},
    invoice::Status,
    operation::{Failure, Operation, Phase, Repetition, Step},
};
use engine::{Attempt, Kind, Lease};
use i18n_embed_fl::fl;
use providers::ProviderError;
use std::ops::ControlFlow;
use store::{
    Tx, grants,
    history::{self, CREATED, Entry},
};
use uuid::Uuid;

/// Makes one attempt at writing an entry.
pub(crate) async fn attempt(context: &TenantContext, id: EntryId) -> Result<Attempt, Error> {
    let mut tx = context.app.db.begin().await?;
    let lease = Lease::new(context.tenant, id, context.app.clock.now());
    let claimed = history::claim(&mut tx, context.tenant, id, lease.owner, lease.since, lease.until()).await?;
    tx.commit().await?;
    let Some((entry, phase, attempts)) = claimed else { return Ok(Attempt::Done) };
    let mut note = PostNote { context, entry: &entry, phase, attempts, owner: lease.owner };
    engine::attempt(&context.app, &lease, &mut note).await
}

/// One entry.
struct PostNote<'a> {
    context: &'a TenantContext,
    entry: &'a Entry,
    phase: Phase,
    attempts: i32,
    owner: Uuid,
}

/// What became of an entry.
enum Note {
    /// Pipedrive has it, with this id.
    Written(i64),
    /// No user could write it.
    Dropped,
}

impl PostNote<'_> {
    /// Lists the users who may write the note, the user of the entry first.
    async fn list_authors(&self) -> Result<Vec<UserId>, Error> {
        let mut tx = self.context.app.db.read().await?;
        let users = grants::list_users(&mut tx, self.context.tenant).await?;
        let mut authors: Vec<UserId> = users.into_iter().map(|(user, _)| user).collect();
        authors.sort_by_key(|user| *user != self.entry.user);
        Ok(authors)
    }

    async fn format(&self) -> Result<String, Error> {
        Ok(format_note(Writer::new(company_language::read_locale(self.context).await?), self.entry))
    }

    fn drop_entry(&self) -> Note {
        let (tenant, deal) = (self.context.tenant, self.entry.deal);
        tracing::warn!(tenant.id = %tenant.0, deal = deal.0, "a history entry was dropped, because no user could write it");
        Note::Dropped
    }
}

/// Whether a user may not see or write to the deal, or has left, so that the next one is tried.
fn is_about_author(error: &Error) -> bool {
    matches!(
        error,
        Error::NotInstalled
            | Error::NotFound
            | Error::Pipedrive(ProviderError::Refused(_) | ProviderError::NotPermitted(_))
    )
}

impl Kind for PostNote<'_> {
    type Id = EntryId;
    type Done = Note;
    type Prepared = (Vec<UserId>, String);
    type Error = Error;
    type StoreError = Error;
    const IS_SHOWN: bool = false;

    fn describe(&self) -> Operation {
        describe(self.phase, Repetition::Accepted, self.entry.made_at, self.attempts)
    }

    fn classify(&self, _: Step, error: &Error) -> Failure {
        classify(&self.context.app, error)
    }

    /// Finds a note with the same content that is not of another entry.
    async fn look_up(&mut self) -> Result<Option<Note>, Error> {
        let Self { context, entry, .. } = *self;
        let (content, since) = (self.format().await?, entry.made_at - LOOKUP_WINDOW);
        for reader in self.list_authors().await? {
            let found =
                context.pipedrive_as(reader).call(async |api| api.find_notes(entry.deal, &content, since).await);
            let notes = match found.await {
                Err(error) if is_about_author(&error) => continue,
                notes => notes?,
            };
            let mut tx = context.app.db.read().await?;
            for note in notes {
                if !history::is_ours(&mut tx, context.tenant, note).await? {
                    return Ok(Some(Note::Written(note)));
                }
            }
            return Ok(None);
        }
        Ok(Some(self.drop_entry()))
    }

    async fn prepare(&mut self) -> Result<ControlFlow<Note, Self::Prepared>, Error> {
        let (authors, content) = (self.list_authors().await?, self.format().await?);
        Ok(ControlFlow::Continue((authors, content)))
    }

    async fn send(&mut self, (authors, content): Self::Prepared) -> Result<Note, Error> {
        for author in authors {
            let deal = self.entry.deal;
            let written = self.context.pipedrive_as(author).call(async |api| api.create_note(deal, &content).await);
            match written.await {
                Ok(note) => return Ok(Note::Written(note)),
                Err(error) if is_about_author(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.drop_entry())
    }

    async fn record(&mut self, tx: &mut Tx, result: Result<Note, Error>) -> Result<(), Error> {
        let note = match result? {
            Note::Written(id) => Some(id),
            Note::Dropped => None,
        };
        Ok(history::mark_written(tx, self.context.tenant, self.entry.id, self.owner, note).await?)
    }
}

/// Formats the note as HTML.
fn format_note(w: Writer, entry: &Entry) -> String {
    let snapshot = &entry.snapshot;
    let number = snapshot.doc_number.clone().unwrap_or_else(|| snapshot.quickbooks_id.clone());
    let (total, balance) = (w.money(&snapshot.total), w.money(&snapshot.balance));
    let (due, customer) = (w.date(&snapshot.due), snapshot.customer_name.as_str());
    let text = match entry.event.as_str() {
        CREATED => fl!(w.t, "history-created", number = number, total = total, customer = customer, due = due),
        announced if announced == Status::PartiallyPaid.name() => {
            fl!(w.t, "history-partially-paid", number = number, balance = balance, total = total)
        }
        announced if announced == Status::Paid.name() => fl!(w.t, "history-paid", number = number, total = total),
        announced if announced == Status::Overdue.name() => {
            fl!(w.t, "history-overdue", number = number, balance = balance, due = due)
        }
        announced if announced == Status::Voided.name() => fl!(w.t, "history-voided", number = number),
        announced if announced == Status::Deleted.name() => fl!(w.t, "history-deleted", number = number),
        _ => fl!(w.t, "history-open", number = number, balance = balance, due = due),
    };
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<p>{escaped}</p>")
}
