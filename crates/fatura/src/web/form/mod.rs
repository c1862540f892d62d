//! The invoice form.

mod view;
pub(super) mod words;

use super::{
    Error, assets, html,
    session::{OfAny, OfDeal, Session, posted},
    tell,
};
use crate::{
    flows::{
        self, acts, catalogue,
        form::{self, Change, Look, OpenForm},
        issue::{self, Pressed},
        ledger::{self, Question},
        panel::{self, Record},
    },
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::Query;
use domain::{
    billing::Part,
    customer::Wanted,
    draft::{FieldError, Form, FormField, FormLine},
    ids::{DealId, InvoiceId},
    invoice::{Act, Snapshot, status},
    mapping::Entity,
    tax::TaxModel,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use serde::Deserialize;
use serde_qs::axum::QsForm;
use std::time::Duration;
use store::{
    drafts::Saved,
    invoices::{Invoice, State},
    quickbooks,
    stuck::{Trouble, Work},
};
use uuid::Uuid;
use view::{Choice, Derived, ItemChoice, Line, Options, Sources};

#[derive(Template)]
#[template(path = "form.html")]
#[expect(clippy::struct_excessive_bools, reason = "each says whether one thing is on the page")]
struct Page<'a> {
    w: Writer,
    deal: i64,
    title: &'a str,
    deal_value: String,
    form: &'a Form,
    restored: Option<String>,
    notices: Vec<String>,
    is_begun: bool,
    is_fully_billed: bool,
    deal_currency: &'a str,
    company: &'a str,
    currencies: Options,
    tax_modes: Options,
    numbers_by_hand: bool,
    invoice_codes: Option<Options>,
    presets: Options,
    /// The company's own fields: id, name, value.
    custom: Vec<(String, String, String)>,
    online_payment: bool,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    typed: &'a str,
    suggestions: Vec<Choice>,
    create: Option<String>,
    sources: Sources,
    derived: Derived,
    /// Lets the form be posted without the page's script.
    posted: String,
    /// What stands in the way, after such a post; as HTML.
    errors: Option<String>,
    no_rate: bool,
    stale: Option<Stale>,
    is_swapped: bool,
}

fn page(app: &App, session: &Session, opened: &OpenForm, errors: Option<String>) -> Result<Response, Error> {
    let w = session.writer();
    let (form, look) = (&opened.form, &opened.look);
    let derived = view::derived(w, form, look, &app.config);
    let blank = FormLine { quantity: "1".into(), ..FormLine::default() };
    let value = Currency::from_code(&opened.deal.currency).map(|currency| w.amount(&opened.deal.value, &currency));
    let custom =
        look.catalogue.custom_fields.iter().map(|field| {
            (field.id.clone(), field.name.clone(), form.custom.get(&field.id).cloned().unwrap_or_default())
        });
    let is_plain = errors.is_some();
    let shown = Page {
        w,
        deal: opened.deal.id,
        title: &opened.deal.title,
        deal_value: value.unwrap_or_default(),
        form,
        restored: opened.restored.map(|at| w.moment(&at, app.clock.now(), &session.profile.time_zone)),
        notices: view::notices(w, opened, |at| w.moment(at, app.clock.now(), &session.profile.time_zone)),
        is_begun: opened.billed.invoices > 0,
        is_fully_billed: view::is_fully_billed(opened),
        deal_currency: &opened.deal.currency,
        company: &look.catalogue.company_name,
        currencies: view::currencies(w, look, form),
        tax_modes: view::tax_modes(w, look, form),
        numbers_by_hand: look.catalogue.numbers_by_hand,
        invoice_codes: view::invoice_codes(w, look, form),
        presets: view::presets(look, form),
        custom: custom.collect(),
        online_payment: look.catalogue.online_payment,
        lines: view::lines(w, form, &look.catalogue, &derived.amounts),
        blank: view::line(w, 0, &blank, &look.catalogue, view::Amount::unknown()),
        typed: &form.customer_name,
        suggestions: view::choices(w, &opened.suggestions),
        create: view::creatable(&form.to, &opened.suggestions),
        sources: view::sources(w, opened, |entity, id| {
            app.config.record_page(&session.tenant.company_domain, entity, id)
        }),
        derived,
        posted: posted::key(app, session, opened.deal.id)?,
        errors,
        no_rate: opened.no_rate,
        stale: None,
        is_swapped: false,
    };
    if is_plain {
        let content = shown.render().map_err(|error| Error::Page(error.to_string()))?;
        return html(&PlainPage { w, content });
    }
    html(&shown)
}

/// The form, or what became of it, as a page of its own: where the script has failed.
#[derive(Template)]
#[template(path = "plain_form.html")]
struct PlainPage {
    w: Writer,
    content: String,
}

pub(crate) async fn show(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
) -> Result<Response, Error> {
    let told = session.told();
    form::may_create(&app, session.tenant.id, session.profile.is_admin).await.map_err(&told)?;
    let opened = Box::pin(form::open(&app, session.tenant.id, session.user, DealId(id), session.writer()))
        .await
        .map_err(&told)?;
    page(&app, &session, &opened, None)
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    w: Writer,
    deal: i64,
    derived: Derived,
    stale: Option<Stale>,
}

/// Why what is typed in this window is not saved any more.
#[derive(Clone, Copy)]
enum Stale {
    /// The form was opened in another window since.
    Elsewhere,
    /// Its invoice was created.
    Ended,
}

fn stale(saved: Saved) -> Option<Stale> {
    match saved {
        Saved::Kept | Saved::Older => None,
        Saved::Elsewhere => Some(Stale::Elsewhere),
        Saved::Ended => Some(Stale::Ended),
    }
}

/// The lines of a form that hold another part of the deal, with all that follows.
#[derive(Template)]
#[template(path = "part.html")]
struct PartApplied<'a> {
    w: Writer,
    deal: i64,
    form: &'a Form,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    derived: Derived,
    stale: Option<Stale>,
    /// It replaces the lines that the page shows.
    is_swapped: bool,
}

async fn look(app: &App, session: &Session, deal: i64, form: &Form) -> Result<Look, Error> {
    form::look(app, session.tenant.id, DealId(deal), form).await.map_err(session.told())
}

/// Keeps what was typed and answers what follows from it. Runs shortly after each key. A part that is typed is put into the lines.
pub(crate) async fn preview(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let w = session.writer();
    if let Some(part) = typed_part(&form, w) {
        let change = Change::Part(part);
        let opened = Box::pin(form::change(&app, session.tenant.id, session.user, DealId(id), w, form, change))
            .await
            .map_err(session.told())?;
        return part_applied(&app, &session, &opened);
    }
    let look = look(&app, &session, id, &form).await?;
    let saved = form::keep(&app, session.tenant.id, session.user, DealId(id), &form).await.map_err(session.told())?;
    if saved == Saved::Older {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let derived = view::derived(w, &form, &look, &app.config);
    html(&Preview { w, deal: id, derived, stale: stale(saved) })
}

/// The part that was typed and that the lines do not hold yet; what remains where a part was emptied again.
fn typed_part(form: &Form, w: Writer) -> Option<Part> {
    let is_emptied = form.part.trim().is_empty() && !form.part_applied.is_empty();
    if form.part_is_pending() || is_emptied { Part::typed(form, form.decimal_mark(w.mark())).ok() } else { None }
}

fn part_applied(app: &App, session: &Session, opened: &OpenForm) -> Result<Response, Error> {
    let w = session.writer();
    let (form, look) = (&opened.form, &opened.look);
    let derived = view::derived(w, form, look, &app.config);
    let blank = FormLine { quantity: "1".into(), ..FormLine::default() };
    html(&PartApplied {
        w,
        deal: opened.deal.id,
        form,
        lines: view::lines(w, form, &look.catalogue, &derived.amounts),
        blank: view::line(w, 0, &blank, &look.catalogue, view::Amount::unknown()),
        derived,
        stale: stale(opened.saved),
        is_swapped: true,
    })
}

/// Starts over from the deal as it is now.
pub(crate) async fn discard(state: Extract<App>, OfDeal(session): OfDeal, path: Path<i64>) -> Result<Response, Error> {
    form::discard(&state, session.tenant.id, session.user, DealId(path.0)).await.map_err(session.told())?;
    Box::pin(show(state, OfDeal(session), path)).await
}

/// In which way the form is to be filled in anew.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// `all`, `remaining` or `typed`.
    part: String,
    /// `convert` or `empty`.
    prices: String,
    /// `here` or `new`.
    window: String,
}

/// Fills the form with another part of the deal, a preset, other prices, or goes on with it in this window.
pub(crate) async fn change(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
    QsForm(mut form): QsForm<Form>,
) -> Result<Response, Error> {
    let w = session.writer();
    let change = match (asked.part.as_str(), asked.prices.as_str(), asked.window.as_str()) {
        ("all", ..) => Change::Part(Part::All),
        ("remaining", ..) => Change::Part(Part::Remaining),
        ("typed", ..) => match Part::typed(&form, form.decimal_mark(w.mark())) {
            Ok(part) => Change::Part(part),
            Err(problem) => {
                let error = FieldError { field: FormField::Part, problem };
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&mend(w, &[error]))?).into_response());
            }
        },
        (_, "convert", _) => Change::Converted,
        (_, "empty", _) => Change::EmptyPrices,
        (.., "here") => Change::Here,
        (.., "new") => Change::Renewed,
        _ => Change::Preset(form.preset.clone()),
    };
    if let Change::Part(Part::All | Part::Remaining) = change {
        form.part.clear();
    }
    let opened = Box::pin(form::change(&app, session.tenant.id, session.user, DealId(id), w, form, change))
        .await
        .map_err(session.told())?;
    page(&app, &session, &opened, None)
}

/// Forgets the customer of the deal's organization or person; what else was typed stays.
pub(crate) async fn unlink(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let (told, tenant) = (session.told(), session.tenant.id);
    panel::unlink(&app, tenant, session.user, Record { entity: Entity::Deal, id }).await.map_err(&told)?;
    let opened =
        Box::pin(form::change(&app, tenant, session.user, DealId(id), session.writer(), form, Change::Unlinked))
            .await
            .map_err(&told)?;
    let mut response = page(&app, &session, &opened, None)?;
    tell(response.headers_mut(), &fl!(session.writer().t, "panel-unlinked"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "suggestions.html")]
struct Suggestions {
    w: Writer,
    typed: String,
    suggestions: Vec<Choice>,
    create: Option<String>,
}

/// What is typed into the customer field.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    customer_name: String,
    email: String,
    tax_id: String,
}

/// Customers for the type-ahead.
pub(crate) async fn search_customers(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    QsForm(typed): QsForm<Typed>,
) -> Result<Response, Error> {
    let told = session.told();
    let connection = catalogue::connection(&app, session.tenant.id).await.map_err(&told)?;
    let wanted = Wanted { name: &typed.customer_name, email: &typed.email, tax_id: &typed.tax_id, linked: None };
    let found = flows::customers::suggest(&app, session.tenant.id, &connection, &wanted).await.map_err(&told)?;
    let create = view::creatable(&typed.customer_name, &found);
    let suggestions = view::choices(session.writer(), &found);
    html(&Suggestions { w: session.writer(), typed: typed.customer_name, suggestions, create })
}

#[derive(Template)]
#[template(path = "items.html")]
struct Items {
    w: Writer,
    typed: String,
    items: Vec<ItemChoice>,
    create: Option<String>,
}

/// What is typed into an item field, and whether that is one of a line: `lines[3][item_name]=…`, which browsers send encoded; or the one
/// of a setting, `item_name=…`.
fn typed_item(query: &str) -> (String, bool) {
    let is_line = |name: &str| name.starts_with("lines[") && name.ends_with("][item_name]");
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "item_name" || is_line(name))
        .map(|(name, typed)| (typed.into_owned(), is_line(&name)))
        .unwrap_or_default()
}

/// Items for the type-ahead. A setting names an item that is there; a line may also create one.
pub(crate) async fn search_items(
    Extract(app): Extract<App>,
    OfAny(session): OfAny,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let (typed, is_line) = typed_item(query.as_deref().unwrap_or_default());
    let (catalogue, found) = flows::items::search(&app, session.tenant.id, &typed).await.map_err(session.told())?;
    let name = domain::draft::item_name(&typed);
    let is_taken = found.iter().any(|item| item.name.to_lowercase() == name.to_lowercase());
    let items = view::item_choices(&catalogue, found);
    let create = (is_line && !name.is_empty() && !is_taken).then_some(name);
    html(&Items { w: session.writer(), typed, items, create })
}

#[derive(Template)]
#[template(path = "mend.html")]
struct Mend {
    w: Writer,
    errors: Vec<(String, String)>,
}

/// What has to be confirmed before the invoice is created.
#[derive(Template)]
#[template(path = "ask.html")]
struct Ask {
    w: Writer,
    texts: Vec<String>,
    token: String,
}

async fn ask(app: &App, session: &Session, question: &Question) -> Result<Ask, Error> {
    let w = session.writer();
    let mut texts = Vec::new();
    if let Some(changed) = &question.changed {
        let name = match changed.newest_by {
            Some(user) => ledger::user_name(app, session.tenant.id, user).await.map_err(session.told())?,
            None => None,
        };
        let amount = match changed.currency {
            Some(currency) => w.amount(&changed.amount, &currency),
            None => w.number(&changed.amount),
        };
        let count = i64::try_from(changed.invoices).unwrap_or(i64::MAX);
        texts.push(fl!(w.t, "ask-changed", count = count, amount = amount));
        texts.extend(name.map(|name| fl!(w.t, "ask-newest", name = name)));
    }
    if let Some((excess, currency)) = &question.excess {
        texts.push(fl!(w.t, "ask-excess", amount = w.amount(excess, currency)));
    }
    Ok(Ask { w, texts, token: question.token.clone() })
}

#[derive(Template)]
#[template(path = "issued.html")]
struct Issued {
    w: Writer,
    deal: i64,
    number: String,
    total: String,
    link: String,
    /// The same form made it earlier; what was typed since was not sent.
    earlier: bool,
    invoice: Uuid,
    /// QuickBooks computed another total than the person had seen.
    difference: Option<Difference>,
}

/// The total of a new invoice that is not the one that the form showed, and what it takes to correct it.
struct Difference {
    expected: String,
    /// What the person sees of the invoice.
    seen: String,
    /// Makes two clicks one correction.
    key: Uuid,
    /// Why it was not corrected, if that was tried.
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "checking.html")]
struct Checking {
    w: Writer,
    invoice: Uuid,
}

#[derive(Template)]
#[template(path = "stuck.html")]
struct Stuck {
    w: Writer,
    invoice: Uuid,
    title: String,
    text: String,
    /// Whether it may be sent again.
    is_doubt: bool,
}

/// How long somebody who has an invoice looked for waits to be told.
const LOOKING: Duration = Duration::from_secs(5);

/// What somebody says who has looked.
#[derive(Deserialize)]
pub(crate) struct Again {
    /// It is not in QuickBooks.
    resend: Option<String>,
}

/// *Create invoice* was pressed.
pub(crate) async fn create(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let pressed = press(&app, &session, id, form).await?;
    answer(&app, &session, pressed).await
}

async fn press(app: &App, session: &Session, deal: i64, form: Form) -> Result<Pressed, Error> {
    let (tenant, is_admin) = (session.tenant.id, session.profile.is_admin);
    issue::press(app, tenant, session.user, is_admin, DealId(deal), form, session.writer())
        .await
        .map_err(session.told())
}

/// The same, posted by the browser itself: with a key in the form instead of a bearer, answered with a whole page.
pub(crate) async fn create_posted(
    Extract(app): Extract<App>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Response, Error> {
    let session = posted::session(&app, &body, id).await?;
    let form: Form =
        serde_qs::Config::new().use_form_encoding(true).deserialize_bytes(&body).map_err(|_| Error::Unauthenticated)?;
    let w = session.writer();
    match press(&app, &session, id, form).await? {
        pressed @ (Pressed::Mend(_) | Pressed::Ask(_)) => {
            let opened = Box::pin(form::open(&app, session.tenant.id, session.user, DealId(id), w))
                .await
                .map_err(session.told())?;
            let notice = match &pressed {
                Pressed::Ask(question) => ask(&app, &session, question).await?.render(),
                Pressed::Mend(errors) => mend(w, errors).render(),
                _ => Ok(String::new()),
            };
            let notice = notice.map_err(|error| Error::Page(error.to_string()))?;
            let mut response = page(&app, &session, &opened, Some(notice))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        pressed => {
            let content = answer(&app, &session, pressed).await?;
            let bytes = axum::body::to_bytes(content.into_body(), 1 << 20)
                .await
                .map_err(|error| Error::Page(error.to_string()))?;
            html(&PlainPage { w, content: String::from_utf8_lossy(&bytes).into_owned() })
        }
    }
}

/// How an invoice that is being checked stands now.
pub(crate) async fn progress(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(invoice): Path<Uuid>,
) -> Result<Response, Error> {
    let outcome =
        issue::outcome(&app, session.tenant.id, InvoiceId(invoice), Duration::ZERO).await.map_err(session.told())?;
    answer(&app, &session, outcome).await
}

/// Somebody has looked at an invoice that is stuck: it is looked for once more, and sent again where they say that it did
/// not arrive.
pub(crate) async fn again(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(invoice): Path<Uuid>,
    QsForm(again): QsForm<Again>,
) -> Result<Response, Error> {
    let told = session.told();
    let (tenant, user) = (session.tenant.id, session.user);
    panel::visible(&app, tenant, user, InvoiceId(invoice)).await.map_err(&told)?;
    form::may_create(&app, tenant, session.profile.is_admin).await.map_err(&told)?;
    match flows::stuck::retry(&app, tenant, user, (Work::Invoice, invoice), again.resend.is_some()).await {
        // Somebody else was quicker: it is shown how it stands.
        Ok(()) | Err(flows::Error::NotFound) => {}
        Err(error) => return Err(told(error)),
    }
    let outcome = issue::outcome(&app, tenant, InvoiceId(invoice), LOOKING).await.map_err(&told)?;
    answer(&app, &session, outcome).await
}

/// What the person saw of the invoice that is to be corrected.
#[derive(Deserialize)]
pub(crate) struct Correction {
    seen: String,
    key: Option<Uuid>,
}

/// Gives an invoice the taxes and the total that its form showed, where QuickBooks computed others.
pub(crate) async fn correct(
    Extract(app): Extract<App>,
    OfDeal(session): OfDeal,
    Path(invoice): Path<Uuid>,
    QsForm(correction): QsForm<Correction>,
) -> Result<Response, Error> {
    let (told, tenant, user) = (session.told(), session.tenant.id, session.user);
    let id = InvoiceId(invoice);
    let before = panel::visible(&app, tenant, user, id).await.map_err(&told)?;
    let wanted = acts::Wanted {
        invoice: id,
        act: Act::Correct,
        seen: correction.seen,
        recipient: String::new(),
        key: correction.key,
    };
    let outcome = acts::request(&app, tenant, user, session.profile.is_admin, wanted).await.map_err(&told)?;
    let refused = match outcome {
        acts::Outcome::Refused(reason) => {
            let zone = form::time_zone(&app, tenant, &before).await.map_err(&told)?;
            let State::Issued(snapshot) = &before.state else { return Err(told(flows::Error::NotFound)) };
            let status = status(snapshot, app.clock.today(&zone));
            Some(super::refused(session.writer(), Act::Correct, &reason, &super::badge(session.writer(), status)))
        }
        acts::Outcome::Done | acts::Outcome::Pending => None,
    };
    let now = panel::visible(&app, tenant, user, id).await.map_err(&told)?;
    let State::Issued(snapshot) = &now.state else { return Err(told(flows::Error::NotFound)) };
    issued(&app, &session, &now, snapshot, false, refused).await
}

fn stuck(w: Writer, invoice: &Invoice) -> Stuck {
    let is_doubt = invoice.trouble == Some(Trouble::Doubt);
    let text = if is_doubt { fl!(w.t, "stuck-doubt") } else { fl!(w.t, "stuck-failed") };
    Stuck { w, invoice: invoice.id.0, title: fl!(w.t, "stuck-title"), text, is_doubt }
}

fn mend(w: Writer, errors: &[domain::draft::FieldError]) -> Mend {
    let worded = errors.iter().map(|error| (words::field_id(error.field), words::message(w, error)));
    Mend { w, errors: worded.collect() }
}

async fn answer(app: &App, session: &Session, pressed: Pressed) -> Result<Response, Error> {
    let w = session.writer();
    match pressed {
        Pressed::Mend(errors) => Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&mend(w, &errors))?).into_response()),
        Pressed::Ask(question) => {
            let asked = ask(app, session, &question).await?;
            Ok((StatusCode::CONFLICT, html(&asked)?).into_response())
        }
        Pressed::Checking(invoice) => html(&Checking { w, invoice: invoice.0 }),
        Pressed::Stuck(invoice) => html(&stuck(w, &invoice)),
        Pressed::Issued(invoice, snapshot) => issued(app, session, &invoice, &snapshot, false, None).await,
        Pressed::Different(invoice) => match &invoice.state {
            State::Issued(snapshot) => {
                Ok((StatusCode::CONFLICT, issued(app, session, &invoice, snapshot, true, None).await?).into_response())
            }
            _ if invoice.trouble.is_some() => html(&stuck(w, &invoice)),
            _ => html(&Checking { w, invoice: invoice.id.0 }),
        },
    }
}

async fn issued(
    app: &App,
    session: &Session,
    invoice: &Invoice,
    snapshot: &Snapshot,
    earlier: bool,
    refused: Option<String>,
) -> Result<Response, Error> {
    let w = session.writer();
    let told = session.told();
    let mut tx = app.db.read().await.map_err(|error| told(flows::Error::Store(error)))?;
    let connection = quickbooks::find(&mut tx, &app.vault, session.tenant.id, invoice.connection)
        .await
        .map_err(|error| told(flows::Error::Store(error)))?;
    drop(tx);
    let link = connection.as_ref().map(|known| app.config.invoice_page(&known.realm_id, &snapshot.quickbooks_id));
    let link = link.unwrap_or_default();
    // Only what the person saw as the whole total can be compared.
    let known = match &connection {
        Some(connection) => catalogue::catalogue(app, session.tenant.id, connection).await.ok(),
        None => None,
    };
    let is_whole = known.is_some_and(|known| known.tax != TaxModel::Automated);
    let differs = is_whole && !earlier && invoice.draft.total != snapshot.total.amount();
    html(&Issued {
        w,
        deal: invoice.deal.0,
        number: snapshot.doc_number.clone().unwrap_or_default(),
        total: w.money(&snapshot.total),
        link,
        earlier,
        invoice: invoice.id.0,
        difference: differs.then(|| Difference {
            expected: w.amount(&invoice.draft.total, &invoice.draft.currency),
            seen: snapshot.seen(),
            key: Uuid::new_v4(),
            refused,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_of_whatever_line() {
        for query in [
            "lines%5B0%5D%5Bitem_name%5D=Hou+rs",
            "lines%5B17%5D%5Bitem_name%5D=Hou%20rs",
            "lines[2][item_name]=Hou rs",
        ] {
            assert_eq!(typed_item(query), ("Hou rs".to_owned(), true), "{query}");
        }
        assert_eq!(typed_item("item_name=Serv%C3%A7"), ("Servç".to_owned(), false));
        assert_eq!(typed_item("lines[0][quantity]=3"), (String::new(), false));
    }
}
