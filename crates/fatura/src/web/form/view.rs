//! The form as it is drawn: everything written in the person's language.

use super::words;
use crate::{
    config::Config,
    flows::form::{Look, OpenForm},
    format::Writer,
};
use domain::{
    address::Address,
    billing,
    catalogue::{Catalogue, Item},
    customer::{Change, Reason, Suggestion, changes, display_name},
    deal,
    draft::{self, CREATE, FieldError, Form, FormLine, Problem},
    mapping::{Entity, FieldRef},
    tax::{NON_TAXABLE, TAXABLE, TaxMode, TaxModel},
    totals::Totals,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// An `<option>`: value, text, whether it is chosen.
pub(super) type Options = Vec<(String, String, bool)>;

/// Where a number cannot be written.
pub(super) const UNKNOWN: &str = "–";

/// A line of the form with its choices.
pub(super) struct Line<'a> {
    pub(super) at: usize,
    pub(super) line: &'a FormLine,
    /// The chosen item's name, or what would be created.
    pub(super) item_name: String,
    pub(super) tax_codes: Option<Options>,
    pub(super) amount: String,
}

/// A customer to pick.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) currency: String,
    pub(super) reason: String,
}

/// An item to pick.
pub(super) struct ItemChoice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) tax_code: String,
}

/// The sums, written.
pub(super) struct Sums {
    pub(super) subtotal: String,
    pub(super) discount: Option<String>,
    pub(super) taxes: Vec<(String, String)>,
    pub(super) total: String,
    /// QuickBooks adds the tax of the customer's address.
    pub(super) is_before_tax: bool,
}

/// Something that stands in the way of the invoice.
pub(super) struct Missing {
    pub(super) field: String,
    pub(super) text: String,
    /// Said at once; what is merely not filled in yet is said when the person leaves the field.
    pub(super) at_once: bool,
}

/// What follows from the form and changes while it is typed.
pub(super) struct Derived {
    pub(super) amounts: Vec<String>,
    pub(super) sums: Sums,
    pub(super) missing: Vec<Missing>,
    pub(super) changes: Vec<ChangeRow>,
    /// The chosen customer is known: what would change, or that nothing would.
    pub(super) is_customer_known: bool,
    /// The chosen customer, and its page in QuickBooks.
    pub(super) customer_name: String,
    pub(super) customer_page: Option<String>,
    /// The chosen customer is the one that the deal's organization or person is linked with.
    pub(super) is_linked: bool,
    /// More would be billed than the deal is worth.
    pub(super) excess: Option<String>,
    pub(super) long_issued: String,
    pub(super) long_due: String,
    /// The due date by the term, while it follows it.
    pub(super) due: Option<String>,
}

/// Where a value comes from, or that it is missing there.
pub(super) struct Source {
    /// `Organization – Name`.
    pub(super) field: String,
    pub(super) is_filled: bool,
    /// The record in Pipedrive, for filling it in; none where the deal has no such record.
    pub(super) page: Option<String>,
}

/// Where the customer details come from. Nothing for what was typed over, or what the settings do not fill.
pub(super) struct Sources {
    pub(super) to: Option<Source>,
    pub(super) address: Option<Source>,
    pub(super) email: Option<Source>,
    pub(super) tax_id: Option<Source>,
}

/// The sources of an open form; `page` is the address of a record in Pipedrive.
pub(super) fn sources(w: Writer, opened: &OpenForm, page: impl Fn(Entity, i64) -> String) -> Sources {
    let OpenForm { form, details, look: Look { settings, .. }, .. } = opened;
    let source = |chosen: Option<&FieldRef>, typed: &str, given: &str| {
        let chosen = chosen.filter(|_| typed == given)?;
        let field = opened.fields.iter().find(|field| field.reference == *chosen)?;
        let id = match chosen.entity {
            Entity::Deal => Some(opened.deal.id),
            Entity::Organization => opened.deal.organization,
            Entity::Person => opened.deal.person,
        };
        Some(Source { field: w.field(field), is_filled: !given.is_empty(), page: id.map(|id| page(chosen.entity, id)) })
    };
    Sources {
        to: source(details.to_from.as_ref().or(settings.to.as_ref()), &form.to, &details.to),
        address: source(settings.address.as_ref(), &address(form).one_line(), &details.address.one_line()),
        email: source(settings.email.as_ref(), &form.email, &details.email),
        tax_id: source(settings.tax_id.as_ref(), &form.tax_id, &details.tax_id),
    }
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

/// A difference between form and QuickBooks.
pub(super) struct ChangeRow {
    pub(super) field: &'static str,
    pub(super) label: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// All that follows from a form.
pub(super) fn derived(w: Writer, form: &Form, look: &Look, config: &Config) -> Derived {
    let rules = look.rules(w);
    let (lines, totals) = draft::preview(form, &rules);
    let missing = draft::check(form, &rules).err().unwrap_or_default();
    let long = |text: &str| text.parse::<Date>().map(|date| w.long_date(&date)).unwrap_or_default();
    let chosen = look.customer.as_ref();
    let changed = chosen.map(|known| changes(known, &form.email, &form.tax_id, &address(form)));
    let follows = form.due_follows == "on";
    let issued: Option<Date> = form.issued.parse().ok();
    let due =
        issued.filter(|_| follows).map(|issued| look.catalogue.due(issued, look.settings.term_of(form)).to_string());
    Derived {
        amounts: amounts(w, &lines, form),
        sums: sums(w, totals.as_ref(), form),
        missing: missing.iter().map(|error| missing_row(w, error)).collect(),
        is_customer_known: changed.is_some(),
        customer_name: form.customer_name.clone(),
        customer_page: chosen.map(|known| config.customer_page(&look.connection.realm_id, &known.id)),
        is_linked: chosen.is_some_and(|known| known.id == form.linked),
        changes: changed.unwrap_or_default().into_iter().map(|change| change_row(w, change)).collect(),
        excess: excess(w, form, look, totals.as_ref()),
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

fn change_row(w: Writer, change: Change) -> ChangeRow {
    use domain::customer::CustomerField;
    let label = match change.field {
        CustomerField::Address => fl!(w.t, "form-address"),
        CustomerField::Email => fl!(w.t, "form-email"),
        CustomerField::TaxId => fl!(w.t, "form-tax-id"),
    };
    ChangeRow { field: change.field.name(), label, old: change.old, new: change.new }
}

/// `None` when the invoice, with those before it, stays within the deal's value.
fn excess(w: Writer, form: &Form, look: &Look, totals: Option<&Totals>) -> Option<String> {
    let (value, currency) = form.deal_value.split_once(' ')?;
    if currency != form.currency {
        return None;
    }
    let value: Decimal = value.parse().ok()?;
    let totals = totals?;
    let amount = totals.lines.iter().sum::<Decimal>() - totals.invoice_discount;
    let currency = Currency::from_code(currency)?;
    let excess = billing::excess(value, &look.billed(Some(currency)), amount)?;
    Some(fl!(w.t, "form-excess", amount = w.amount(&excess, &currency)))
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

fn amounts(w: Writer, amounts: &[Option<Decimal>], form: &Form) -> Vec<String> {
    let currency = Currency::from_code(&form.currency);
    let written = |amount: &Option<Decimal>| match (amount, &currency) {
        (Some(amount), Some(currency)) => w.amount(amount, currency),
        _ => UNKNOWN.to_owned(),
    };
    amounts.iter().map(written).collect()
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
                    Reason::Linked => fl!(w.t, "reason-linked"),
                    Reason::SameTaxId => fl!(w.t, "reason-tax-id"),
                    Reason::SameName => fl!(w.t, "reason-name"),
                    Reason::SameEmail => fl!(w.t, "reason-email"),
                    Reason::NameContains => String::new(),
                },
            }
        })
        .collect()
}

/// The name under which a customer can be created: not one that QuickBooks has already.
pub(super) fn creatable(name: &str, suggestions: &[Suggestion]) -> Option<String> {
    let name = display_name(name);
    let taken = suggestions.iter().any(|known| known.customer.display_name.to_lowercase() == name.to_lowercase());
    (!name.is_empty() && !taken).then_some(name)
}

/// Items whose name or code holds the text; at most 30.
pub(super) fn item_choices(catalogue: &Catalogue, typed: &str) -> Vec<ItemChoice> {
    let typed = typed.trim().to_lowercase();
    let holds = |item: &&Item| {
        let code = item.sku.as_deref().unwrap_or_default();
        item.name.to_lowercase().contains(&typed) || code.to_lowercase().contains(&typed)
    };
    let tax_code = |item: &Item| match &catalogue.tax {
        TaxModel::None => String::new(),
        TaxModel::SalesTax { .. } | TaxModel::Automated => {
            (if item.taxable { TAXABLE } else { NON_TAXABLE }).to_owned()
        }
        TaxModel::PerLine { .. } => item.tax_code.clone().unwrap_or_default(),
    };
    catalogue
        .items
        .iter()
        .filter(holds)
        .take(30)
        .map(|item| ItemChoice {
            id: item.id.clone(),
            name: item.name.clone(),
            detail: item.sku.clone().unwrap_or_default(),
            tax_code: tax_code(item),
        })
        .collect()
}

pub(super) fn line<'a>(w: Writer, at: usize, line: &'a FormLine, catalogue: &Catalogue, amount: String) -> Line<'a> {
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
    let known = catalogue.items.iter().find(|item| item.id == line.item).map(|item| item.name.clone());
    let item_name = match line.item.as_str() {
        CREATE => draft::item_name(if line.name.is_empty() { &line.description } else { &line.name }),
        _ => known.unwrap_or_else(|| line.item_name.clone()),
    };
    Line { at, line, item_name, tax_codes, amount }
}

/// All lines of an open form.
pub(super) fn lines<'a>(w: Writer, form: &'a Form, catalogue: &Catalogue, amounts: &[String]) -> Vec<Line<'a>> {
    let shown = amounts.iter().cloned();
    form.lines.iter().zip(shown).enumerate().map(|(at, (of, amount))| line(w, at, of, catalogue, amount)).collect()
}

pub(super) fn currencies(w: Writer, look: &Look, form: &Form) -> Options {
    look.catalogue
        .currencies
        .iter()
        .map(|currency| (currency.code().to_owned(), w.currency(currency), currency.code() == form.currency))
        .collect()
}

pub(super) fn tax_modes(w: Writer, look: &Look, form: &Form) -> Options {
    let chosen = TaxMode::named(&form.tax_mode);
    let text = |mode| match mode {
        TaxMode::Excluded => fl!(w.t, "tax-excluded"),
        TaxMode::Included => fl!(w.t, "tax-included"),
        TaxMode::None => fl!(w.t, "tax-none"),
    };
    look.catalogue.tax.modes().iter().map(|mode| (mode.name().to_owned(), text(*mode), *mode == chosen)).collect()
}

/// The codes for the whole invoice in a US company.
pub(super) fn invoice_codes(w: Writer, look: &Look, form: &Form) -> Option<Options> {
    let TaxModel::SalesTax { codes, .. } = &look.catalogue.tax else { return None };
    let named = codes.iter().map(|code| {
        let text = format!("{} ({} %)", code.name, w.number(&code.percent()));
        (code.id.clone(), text, code.id == form.invoice_code)
    });
    Some(named.collect())
}

pub(super) fn presets(look: &Look, form: &Form) -> Options {
    let name =
        |preset: &domain::mapping::Preset| (preset.name.clone(), preset.name.clone(), preset.name == form.preset);
    look.settings.presets.iter().map(name).collect()
}

/// What the deal was billed already, if anything.
pub(super) fn earlier(w: Writer, opened: &OpenForm) -> Option<String> {
    let currency = Currency::from_code(&opened.deal.currency)?;
    let billed = opened.look.billed(Some(currency));
    let (amount, value) = (w.amount(&billed.amount, &currency), w.amount(&deal::worth(&opened.deal), &currency));
    (billed.invoices > 0)
        .then(|| fl!(w.t, "form-already-billed", count = billed.invoices, amount = amount, value = value))
}
