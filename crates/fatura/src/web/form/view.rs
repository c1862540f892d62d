//! The content of the form, formatted in the user's language.

use super::words;
use crate::{
    config::Config,
    flows::form::{FormContext, OpenForm},
    format::Writer,
};
use domain::{
    address::Address,
    billing,
    catalogue::{Catalogue, Item},
    customer::{CustomerChange, MatchReason, Suggestion, find_changes, to_display_name},
    deal,
    form::{CREATE, DealValue, FieldError, Form, FormLine, Preview, Problem, preview_form, to_item_name},
    mapping::{Entity, MappedField},
    money::{invoice_decimals, round_half_up},
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::Totals,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// An `<option>`: value, text, whether it is chosen.
pub(super) type Options = Vec<(String, String, bool)>;

/// Text in place of an unknown amount.
pub(super) const UNKNOWN: &str = "–";

/// A line of the form with its options.
pub(super) struct Line<'a> {
    pub(super) at: usize,
    pub(super) line: &'a FormLine,
    /// Name of the chosen item, or of the one to create.
    pub(super) item_name: String,
    pub(super) tax_codes: Option<Options>,
    pub(super) amount: Amount,
}

/// The amount of a line, and its printed form if that differs from the typed one.
#[derive(Clone, Default)]
pub(super) struct Amount {
    pub(super) written: String,
    /// The unit price on the invoice, if it includes a discount.
    pub(super) printed: Option<String>,
    /// Whether the line's tax code is the item's own.
    pub(super) is_items_tax: bool,
}

impl Amount {
    pub(super) fn unknown() -> Self {
        Self { written: UNKNOWN.to_owned(), ..Self::default() }
    }
}

/// A customer to choose.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) currency: String,
    pub(super) reason: String,
}

/// An item to choose.
pub(super) struct ItemChoice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) tax_code: String,
}

/// The formatted totals.
pub(super) struct Sums {
    pub(super) subtotal: String,
    pub(super) discount: Option<String>,
    pub(super) taxes: Vec<(String, String)>,
    pub(super) total: String,
    /// Whether QuickBooks will add the tax, by the customer's address.
    pub(super) is_before_tax: bool,
}

/// A problem that prevents the invoice.
pub(super) struct Missing {
    pub(super) field: String,
    pub(super) text: String,
    /// Whether to show it immediately. A field that is only empty shows its problem when it loses the focus.
    pub(super) at_once: bool,
}

/// Values that follow from the form and change with the input.
pub(super) struct Derived {
    pub(super) amounts: Vec<Amount>,
    pub(super) sums: Sums,
    pub(super) missing: Vec<Missing>,
    pub(super) changes: Vec<ChangeRow>,
    /// Whether the chosen customer was read, so that `changes` is complete.
    pub(super) is_customer_known: bool,
    /// Name of the chosen customer, and its page in QuickBooks.
    pub(super) customer_name: String,
    pub(super) customer_page: Option<String>,
    /// Whether the chosen customer is linked to the deal's organization or person.
    pub(super) is_linked: bool,
    /// A warning that more than the deal's value would be billed.
    pub(super) excess: Option<String>,
    pub(super) long_issued: String,
    pub(super) long_due: String,
    /// The due date from the term, unless the user has typed one.
    pub(super) due: Option<String>,
    /// The currency of the prices and that of the invoice, if they differ.
    pub(super) foreign_prices: Option<(String, String)>,
    /// How discounts will be printed, if there are any.
    pub(super) discount_note: Option<String>,
    /// The version of the form that these values were computed from.
    pub(super) version: String,
}

/// The Pipedrive field that fills a value.
pub(super) struct Source {
    /// `Organization – Name`.
    pub(super) field: String,
    pub(super) is_filled: bool,
    /// Link to the record in Pipedrive; `None` if the deal has no such record.
    pub(super) page: Option<String>,
}

/// The sources of the customer details. A value has none if the user changed it or the settings do not fill it.
pub(super) struct Sources(BTreeMap<MappedField, Source>);

impl Sources {
    pub(super) fn of(&self, field: MappedField) -> Option<&Source> {
        self.0.get(&field)
    }
}

/// Returns the sources of an open form. `record_page` returns the URL of a record in Pipedrive.
pub(super) fn sources(w: Writer, opened: &OpenForm, record_page: impl Fn(Entity, i64) -> String) -> Sources {
    let OpenForm { form, details, .. } = opened;
    let source = |mapped: MappedField| {
        let mapped_text = details.text(mapped);
        let typed = match mapped {
            MappedField::To => form.to.clone(),
            MappedField::Address => address(form).to_one_line(),
            MappedField::Email => form.email.clone(),
            MappedField::TaxId => form.tax_id.clone(),
        };
        let from = details.from.get(mapped).filter(|_| typed == mapped_text)?;
        let field = opened.fields.iter().find(|field| field.reference == *from)?;
        let id = match from.entity {
            Entity::Deal => Some(opened.deal.id),
            Entity::Organization => opened.deal.organization,
            Entity::Person => opened.deal.person,
        };
        let page = id.map(|id| record_page(from.entity, id));
        Some((mapped, Source { field: w.field(field), is_filled: !mapped_text.is_empty(), page }))
    };
    Sources(MappedField::ALL.into_iter().filter_map(source).collect())
}

fn address(form: &Form) -> Address {
    Address {
        street: form.street.clone(),
        city: form.city.clone(),
        state: form.state.clone(),
        postal_code: form.postal_code.clone(),
        country: form.country.clone(),
    }
}

/// A difference between the form and the customer in QuickBooks.
pub(super) struct ChangeRow {
    pub(super) field: &'static str,
    pub(super) label: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// Computes the values that follow from a form.
pub(super) fn derive_values(w: Writer, form: &Form, form_context: &FormContext, config: &Config) -> Derived {
    let follows_term = form.due_follows;
    let issued: Option<Date> = form.issued.parse().ok();
    let due = issued
        .filter(|_| follows_term)
        .map(|issued| form_context.catalogue.due_date(issued, form_context.settings.term_for_form(form)).to_string());
    // The page takes over this due date, so the form is checked with it.
    let form = &Form { due: due.clone().unwrap_or_else(|| form.due.clone()), ..form.clone() };
    let rules = form_context.rules(form, w);
    let preview = preview_form(form, &rules);
    let totals = preview.totals();
    let missing = form_context.check(form, w).err().unwrap_or_default();
    let long = |text: &str| text.parse::<Date>().map(|date| w.long_date(&date)).unwrap_or_default();
    let chosen = form_context.customer.as_ref();
    let changed = chosen.map(|known| find_changes(known, &form.email, &form.tax_id, &address(form)));
    Derived {
        amounts: amounts(w, &preview, form, form_context),
        sums: sums(w, totals, form),
        missing: missing.iter().map(|error| missing_row(w, error)).collect(),
        is_customer_known: changed.is_some(),
        customer_name: form.customer_name.clone(),
        customer_page: chosen.map(|known| config.customer_page(&form_context.connection.realm_id, &known.id)),
        is_linked: chosen.is_some_and(|known| known.id == form.linked),
        changes: changed.unwrap_or_default().into_iter().map(|change| change_row(w, change)).collect(),
        excess: warn_of_excess(w, form, form_context, totals),
        foreign_prices: form.prices_are_foreign().then(|| (form.priced_in.clone(), form.currency.clone())),
        discount_note: discount_note(w, &preview, form_context),
        version: form.version.map(|version| version.to_string()).unwrap_or_default(),
        long_issued: long(&form.issued),
        long_due: long(due.as_deref().unwrap_or(&form.due)),
        due,
    }
}

fn missing_row(w: Writer, error: &FieldError) -> Missing {
    Missing {
        field: words::field_id(error.field),
        text: words::message(w, error),
        at_once: error.problem != Problem::Missing,
    }
}

fn change_row(w: Writer, change: CustomerChange) -> ChangeRow {
    use domain::customer::CustomerField;
    let label = match change.field {
        CustomerField::Address => fl!(w.t, "form-address"),
        CustomerField::Email => fl!(w.t, "form-email"),
        CustomerField::TaxId => fl!(w.t, "form-tax-id"),
    };
    ChangeRow { field: change.field.name(), label, old: change.old, new: change.new }
}

/// Returns a warning if the invoice and the earlier ones exceed the deal's value.
fn warn_of_excess(w: Writer, form: &Form, form_context: &FormContext, totals: Option<&Totals>) -> Option<String> {
    let DealValue { amount: value, currency: code } = form.deal_value.as_ref()?;
    let currency = Currency::from_code(code)?;
    let mut amount = deal::total_as_priced(totals?, form.tax_mode);
    if *code != form.currency {
        let rate = form.exchange_rate()?;
        amount = round_half_up(amount.checked_div(rate)?, invoice_decimals(currency));
    }
    let billed = form_context.billed(None, code);
    let excess = w.amount(&billing::compute_excess(*value, billed.amount, amount)?, &currency);
    Some(if billed.invoices == 0 {
        fl!(w.t, "form-excess-first", amount = excess)
    } else {
        fl!(w.t, "form-excess", amount = excess)
    })
}

/// Describes how discounts are printed, if there are any.
fn discount_note(w: Writer, preview: &Preview, form_context: &FormContext) -> Option<String> {
    let printed = preview.printed.as_ref().filter(|printed| !printed.totals.discount.is_zero())?;
    let is_in_prices = printed.lines.iter().any(|line| !line.discount_percent.is_zero());
    match (is_in_prices, form_context.catalogue.discount_line) {
        (true, false) => Some(fl!(w.t, "form-discount-no-line")),
        (true, true) => Some(fl!(w.t, "form-discount-in-prices")),
        (false, _) => Some(fl!(w.t, "form-discount-one-line")),
    }
}

pub(super) fn sums(w: Writer, totals: Option<&Totals>, form: &Form) -> Sums {
    let (Some(totals), Some(currency)) = (totals, Currency::from_code(&form.currency)) else {
        let total = UNKNOWN.into();
        return Sums { subtotal: UNKNOWN.into(), discount: None, taxes: Vec::new(), total, is_before_tax: false };
    };
    let written = |amount: &Decimal| w.amount(amount, &currency);
    let taxes = totals
        .taxes
        .iter()
        .map(|tax| (format!("{} {} %", tax.rate.name, w.number(&tax.rate.percent)), written(&tax.amount)));
    Sums {
        subtotal: written(&totals.subtotal),
        discount: (!totals.discount.is_zero()).then(|| written(&-totals.discount)),
        taxes: taxes.collect(),
        total: written(&totals.total),
        is_before_tax: totals.is_before_tax,
    }
}

fn amounts(w: Writer, preview: &Preview, form: &Form, form_context: &FormContext) -> Vec<Amount> {
    let currency = Currency::from_code(&form.currency);
    let printed = |at: usize| {
        let line = preview.printed.as_ref()?.lines.get(at).filter(|line| !line.discount_percent.is_zero())?;
        Some(fl!(w.t, "form-printed-price", price = w.number(&line.net_unit_price()?)))
    };
    let is_items_tax = |line: &FormLine| {
        let item = form_context.catalogue.item(&line.item);
        let own = item.map(|item| item_tax_code(&form_context.catalogue, item)).unwrap_or_default();
        !own.is_empty() && own == line.tax_code && own != NON_TAXABLE
    };
    let written = |(at, amount): (usize, &Option<Decimal>)| Amount {
        written: match (amount, &currency) {
            (Some(amount), Some(currency)) => w.amount(amount, currency),
            _ => UNKNOWN.to_owned(),
        },
        printed: printed(at),
        is_items_tax: form.lines.get(at).is_some_and(is_items_tax),
    };
    preview.lines.iter().enumerate().map(written).collect()
}

pub(super) fn choices(w: Writer, suggestions: &[Suggestion]) -> Vec<Choice> {
    suggestions
        .iter()
        .filter(|suggestion| suggestion.customer.active)
        .map(|suggestion| {
            let customer = &suggestion.customer;
            let parts = [customer.email.clone().unwrap_or_default(), customer.address.city.clone()];
            Choice {
                id: customer.id.clone(),
                name: customer.display_name.clone(),
                detail: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
                currency: customer.currency.clone().unwrap_or_default(),
                reason: match suggestion.reason {
                    MatchReason::Linked => fl!(w.t, "reason-linked"),
                    MatchReason::SameTaxId => fl!(w.t, "reason-tax-id"),
                    MatchReason::SameName => fl!(w.t, "reason-name"),
                    MatchReason::SameEmail => fl!(w.t, "reason-email"),
                    MatchReason::NameContains => String::new(),
                },
            }
        })
        .collect()
}

/// Returns the name under which a customer can be created; `None` if QuickBooks already has it.
pub(super) fn find_creatable_name(name: &str, suggestions: &[Suggestion]) -> Option<String> {
    let name = to_display_name(name);
    let is_taken =
        suggestions.iter().any(|suggestion| suggestion.customer.display_name.to_lowercase() == name.to_lowercase());
    (!name.is_empty() && !is_taken).then_some(name)
}

/// Returns the tax code that a line takes from its item.
pub(super) fn item_tax_code(catalogue: &Catalogue, item: &Item) -> String {
    match &catalogue.tax {
        TaxModel::None => String::new(),
        TaxModel::SalesTax { .. } | TaxModel::Automated => {
            (if item.taxable { TAXABLE } else { NON_TAXABLE }).to_owned()
        }
        TaxModel::PerLine { .. } => item.tax_code.clone().unwrap_or_default(),
    }
}

/// Formats items for the type-ahead.
pub(super) fn item_choices(catalogue: &Catalogue, items: Vec<Item>) -> Vec<ItemChoice> {
    items
        .into_iter()
        .map(|item| ItemChoice {
            tax_code: item_tax_code(catalogue, &item),
            id: item.id,
            name: item.name,
            detail: item.sku.unwrap_or_default(),
        })
        .collect()
}

pub(super) fn line<'a>(w: Writer, at: usize, line: &'a FormLine, catalogue: &Catalogue, amount: Amount) -> Line<'a> {
    let tax_codes = match &catalogue.tax {
        TaxModel::None => None,
        TaxModel::SalesTax { .. } | TaxModel::Automated => Some(vec![
            (TAXABLE.to_owned(), fl!(w.t, "form-taxable"), line.tax_code == TAXABLE),
            (NON_TAXABLE.to_owned(), fl!(w.t, "form-not-taxable"), line.tax_code == NON_TAXABLE),
        ]),
        TaxModel::PerLine { codes, .. } => {
            Some(codes.iter().map(|code| (code.id.clone(), code.name.clone(), code.id == line.tax_code)).collect())
        }
    };
    let known = catalogue.item(&line.item).map(|item| item.name.clone());
    let item_name = match line.item.as_str() {
        CREATE => to_item_name(if line.name.is_empty() { &line.description } else { &line.name }),
        _ => known.unwrap_or_else(|| line.item_name.clone()),
    };
    Line { at, line, item_name, tax_codes, amount }
}

/// Formats all lines of a form.
pub(super) fn lines<'a>(w: Writer, form: &'a Form, catalogue: &Catalogue, amounts: &[Amount]) -> Vec<Line<'a>> {
    let pairs = form.lines.iter().zip(amounts.iter().cloned());
    pairs.enumerate().map(|(at, (form_line, amount))| line(w, at, form_line, catalogue, amount)).collect()
}

pub(super) fn currencies(w: Writer, form_context: &FormContext, form: &Form) -> Options {
    form_context
        .catalogue
        .currencies
        .iter()
        .map(|currency| (currency.code().to_owned(), w.currency(currency), currency.code() == form.currency))
        .collect()
}

pub(super) fn tax_modes(w: Writer, form_context: &FormContext, form: &Form) -> Options {
    let chosen = form.tax_mode;
    let text = |mode| match mode {
        TaxMode::Excluded => fl!(w.t, "tax-excluded"),
        TaxMode::Included => fl!(w.t, "tax-included"),
        TaxMode::None => fl!(w.t, "tax-none"),
    };
    form_context
        .catalogue
        .tax
        .modes()
        .iter()
        .map(|mode| (mode.name().to_owned(), text(*mode), *mode == chosen))
        .collect()
}

/// The tax codes for the whole invoice, in a company with sales tax.
pub(super) fn invoice_codes(w: Writer, form_context: &FormContext, form: &Form) -> Option<Options> {
    let TaxModel::SalesTax { codes, .. } = &form_context.catalogue.tax else { return None };
    let named = codes.iter().map(|code| {
        let text = format!("{} ({} %)", code.name, w.number(&code.percent()));
        (code.id.clone(), text, code.id == form.invoice_code)
    });
    Some(named.collect())
}

pub(super) fn presets(form_context: &FormContext, form: &Form) -> Options {
    let name =
        |preset: &domain::settings::Preset| (preset.name.clone(), preset.name.clone(), preset.name == form.preset);
    form_context.settings.presets.iter().map(name).collect()
}

/// Whether nothing of the deal remains to be billed.
pub(super) fn is_fully_billed(opened: &OpenForm) -> bool {
    opened.billed.invoices > 0 && opened.billed.amount >= opened.worth
}

/// The notices above the form: billed amounts, invoices in progress, drafts of colleagues, changes of the deal.
pub(super) fn notices(w: Writer, opened: &OpenForm, format_time: impl Fn(&Timestamp) -> String) -> Vec<String> {
    let mut notices = Vec::new();
    if opened.deal.is_incomplete {
        notices.push(fl!(w.t, "form-deal-incomplete"));
    }
    let billed = &opened.billed;
    if let Some(currency) = Currency::from_code(&opened.deal.currency)
        && billed.invoices > 0
    {
        let (amount, value) = (w.amount(&billed.amount, &currency), w.amount(&opened.worth, &currency));
        let count = i64::try_from(billed.invoices).unwrap_or(i64::MAX);
        let basis = words::basis(w, deal::total_tax_mode(&opened.deal, &opened.form_context.catalogue));
        notices.push(if is_fully_billed(opened) {
            fl!(w.t, "form-fully-billed", count = count, amount = amount, value = value, basis = basis)
        } else {
            fl!(w.t, "form-already-billed", count = count, amount = amount, value = value, basis = basis)
        });
    }
    if !billed.foreign.is_empty() {
        let amounts: Vec<String> = billed.foreign.iter().map(|amount| w.money(amount)).collect();
        notices.push(fl!(w.t, "form-billed-foreign", amounts = amounts.join(" + ")));
    }
    for (name, total, currency) in &opened.under_way {
        notices.push(fl!(w.t, "form-under-way", name = name.as_str(), total = w.amount(total, currency)));
    }
    for (name, at) in &opened.colleagues {
        notices.push(fl!(w.t, "form-colleague-draft", name = name.as_str(), time = format_time(at)));
    }
    if let Some(before) = &opened.worth_before {
        let written = |value: Decimal, code: &str| match Currency::from_code(code) {
            Some(currency) => w.amount(&value, &currency),
            None => w.number(&value),
        };
        let before = written(before.amount, &before.currency);
        notices.push(fl!(
            w.t,
            "form-deal-changed",
            before = before,
            now = written(opened.worth, &opened.deal.currency)
        ));
    }
    notices
}
