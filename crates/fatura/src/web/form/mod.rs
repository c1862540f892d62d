//! The invoice form.

mod view;
pub(super) mod words;

use super::{
    Error, assets, html,
    session::{OfDeal, Session, posted},
    tell,
};
use crate::{
    flows::{
        self, catalogue,
        form::{self, Change, Look, OpenForm},
        issue::{self, Pressed},
        panel::{self, Record},
    },
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::Query;
use domain::{
    billing::Part,
    customer::Wanted,
    draft::{Form, FormLine},
    ids::{DealId, InvoiceId},
    invoice::Snapshot,
    mapping::Entity,
    number::{parse_amount, parse_percent},
    tax::TaxModel,
    totals::is_within_limit,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_qs::axum::{QsForm, QsQuery};
use std::time::Duration;
use store::{
    invoices::Invoice,
    quickbooks,
    stuck::{Trouble, Work},
};
use uuid::Uuid;
use view::{Choice, Derived, ItemChoice, Line, Options, Sources};

#[derive(Template)]
#[template(path = "form.html")]
struct Page<'a> {
    w: Writer,
    deal: i64,
    title: &'a str,
    deal_value: String,
    form: &'a Form,
    restored: Option<String>,
    earlier: Option<String>,
    company: &'a str,
    currencies: Options,
    tax_modes: Options,
    numbers_by_hand: bool,
    invoice_codes: Option<Options>,
    presets: Options,
    /// The company's own fields: id, name, value.
    custom: Vec<(String, String, String)>,
    online_payment: bool,
    discounts: bool,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    suggestions: Vec<Choice>,
    create: Option<String>,
    sources: Sources,
    derived: Derived,
    /// Lets the form be posted without the page's script.
    posted: String,
    /// What stands in the way, after such a post.
    errors: Option<Mend>,
}

fn page(app: &App, session: &Session, opened: &OpenForm, errors: Option<Mend>) -> Result<Response, Error> {
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
        earlier: view::earlier(w, opened),
        company: &look.catalogue.company_name,
        currencies: view::currencies(w, look, form),
        tax_modes: view::tax_modes(w, look, form),
        numbers_by_hand: look.catalogue.numbers_by_hand,
        invoice_codes: view::invoice_codes(w, look, form),
        presets: view::presets(look, form),
        custom: custom.collect(),
        online_payment: look.catalogue.online_payment,
        discounts: look.catalogue.discounts,
        lines: view::lines(w, form, &look.catalogue, &derived.amounts),
        blank: view::line(w, 0, &blank, &look.catalogue, view::UNKNOWN.to_owned()),
        suggestions: view::choices(w, &opened.suggestions),
        create: view::creatable(&form.to, &opened.suggestions),
        sources: view::sources(w, opened, |entity, id| {
            app.config.record_page(&session.tenant.company_domain, entity, id)
        }),
        derived,
        posted: posted::key(app, session, opened.deal.id)?,
        errors,
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
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
) -> Result<Response, Error> {
    let told = session.told();
    form::may_create(&app, session.tenant.id, session.profile.is_admin).await.map_err(&told)?;
    let opened =
        form::open(&app, session.tenant.id, session.user, DealId(id), session.writer()).await.map_err(&told)?;
    page(&app, &session, &opened, None)
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    w: Writer,
    deal: i64,
    derived: Derived,
}

async fn look(app: &App, session: &Session, deal: i64, form: &Form) -> Result<Look, Error> {
    form::look(app, session.tenant.id, DealId(deal), form).await.map_err(session.told())
}

/// Keeps what was typed and answers what follows from it. Runs shortly after each key.
pub(crate) async fn preview(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let look = look(&app, &session, id, &form).await?;
    form::keep(&app, session.tenant.id, session.user, DealId(id), &form).await.map_err(session.told())?;
    let w = session.writer();
    let derived = view::derived(w, &form, &look, &app.config);
    html(&Preview { w, deal: id, derived })
}

/// Starts over from the deal as it is now.
pub(crate) async fn discard(state: State<App>, OfDeal(session): OfDeal, path: Path<i64>) -> Result<Response, Error> {
    form::discard(&state, session.tenant.id, session.user, DealId(path.0)).await.map_err(session.told())?;
    show(state, OfDeal(session), path).await
}

/// In which way the form is to be filled in anew.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// `all`, `rest` or `typed`; empty for the chosen preset.
    part: String,
}

/// Fills the form with another part of the deal, or with a preset.
pub(crate) async fn change(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let w = session.writer();
    let positive = |typed: &Decimal| *typed > Decimal::ZERO && is_within_limit(*typed);
    let amount = || parse_amount(&form.part, w.mark(), Currency::from_code(&form.currency)).ok().filter(positive);
    let percent = || parse_percent(&form.part, w.mark()).filter(positive);
    let change = match asked.part.as_str() {
        "all" => Change::Part(Part::All),
        "rest" => Change::Part(Part::Rest),
        "typed" if form.part_kind == "amount" => Change::Part(amount().map_or(Part::All, Part::Amount)),
        "typed" => Change::Part(percent().map_or(Part::All, Part::Percent)),
        _ => Change::Preset(form.preset.clone()),
    };
    let opened = form::change(&app, session.tenant.id, session.user, DealId(id), w, form, change)
        .await
        .map_err(session.told())?;
    page(&app, &session, &opened, None)
}

/// Forgets the customer of the deal's organization or person; what else was typed stays.
pub(crate) async fn unlink(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let (told, tenant) = (session.told(), session.tenant.id);
    panel::unlink(&app, tenant, session.user, Record { entity: Entity::Deal, id }).await.map_err(&told)?;
    let opened = form::change(&app, tenant, session.user, DealId(id), session.writer(), form, Change::Unlinked)
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
    State(app): State<App>,
    OfDeal(session): OfDeal,
    QsForm(typed): QsForm<Typed>,
) -> Result<Response, Error> {
    let told = session.told();
    let connection = catalogue::connection(&app, session.tenant.id).await.map_err(&told)?;
    let wanted = Wanted { name: &typed.customer_name, email: &typed.email, tax_id: &typed.tax_id, linked: None };
    let found = form::suggest(&app, session.tenant.id, &connection, &wanted).await.map_err(&told)?;
    let create = view::creatable(&typed.customer_name, &found);
    html(&Suggestions { w: session.writer(), suggestions: view::choices(session.writer(), &found), create })
}

#[derive(Template)]
#[template(path = "items.html")]
struct Items {
    w: Writer,
    items: Vec<ItemChoice>,
    create: Option<String>,
}

/// Items for the type-ahead, of the line whose field asks.
pub(crate) async fn search_items(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    QsQuery(asked): QsQuery<Form>,
) -> Result<Response, Error> {
    let told = session.told();
    let (_, catalogue) = catalogue::connected(&app, session.tenant.id).await.map_err(&told)?;
    let typed = asked.lines.into_iter().next().unwrap_or_default().item_name;
    let items = view::item_choices(&catalogue, &typed);
    let name = domain::draft::item_name(&typed);
    let is_taken = catalogue.items.iter().any(|item| item.name.to_lowercase() == name.to_lowercase());
    html(&Items { w: session.writer(), items, create: (!name.is_empty() && !is_taken).then_some(name) })
}

#[derive(Template)]
#[template(path = "mend.html")]
struct Mend {
    w: Writer,
    errors: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "issued.html")]
struct Issued {
    w: Writer,
    number: String,
    total: String,
    link: String,
    /// The same form made it earlier; what was typed since was not sent.
    earlier: bool,
    /// What the person had seen as total, where QuickBooks computed another.
    expected: Option<String>,
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
    State(app): State<App>,
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
pub(crate) async fn create_posted(State(app): State<App>, Path(id): Path<i64>, body: Bytes) -> Result<Response, Error> {
    let session = posted::session(&app, &body, id).await?;
    let form: Form =
        serde_qs::Config::new().use_form_encoding(true).deserialize_bytes(&body).map_err(|_| Error::Unauthenticated)?;
    let w = session.writer();
    match press(&app, &session, id, form).await? {
        Pressed::Mend(errors) => {
            let opened =
                form::open(&app, session.tenant.id, session.user, DealId(id), w).await.map_err(session.told())?;
            let mut response = page(&app, &session, &opened, Some(mend(w, &errors)))?;
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
    State(app): State<App>,
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
    State(app): State<App>,
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
        Pressed::Checking(invoice) => html(&Checking { w, invoice: invoice.0 }),
        Pressed::Stuck(invoice) => html(&stuck(w, &invoice)),
        Pressed::Issued(invoice, snapshot) => issued(app, session, &invoice, &snapshot, false).await,
        Pressed::Different(invoice) => match &invoice.state {
            store::invoices::State::Issued(snapshot) => {
                Ok((StatusCode::CONFLICT, issued(app, session, &invoice, snapshot, true).await?).into_response())
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
        number: snapshot.doc_number.clone().unwrap_or_default(),
        total: w.money(&snapshot.total),
        link,
        earlier,
        expected: differs.then(|| w.amount(&invoice.draft.total, &invoice.draft.currency)),
    })
}
