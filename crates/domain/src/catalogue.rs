//! What the connected QuickBooks company offers: the lists from which a form chooses.

use crate::{
    tax::TaxModel,
    terms::{Rule, Term, due_date},
};
use iso_currency::Currency;
use jiff::civil::Date;

/// QuickBooks gives no more rows in one answer.
pub const ITEMS_LISTED: usize = 1000;

/// A product or service of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// QuickBooks' id.
    pub id: String,
    /// Unique.
    pub name: String,
    /// Stock-keeping unit.
    pub sku: Option<String>,
    /// The item's own tax code: of lines where codes are per line.
    pub tax_code: Option<String>,
    /// Whether sales tax applies (US companies).
    pub taxable: bool,
}

/// A payment term of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTerm {
    /// QuickBooks' id.
    pub id: String,
    /// As the company calls it.
    pub name: String,
    /// What it says.
    pub rule: Rule,
}

/// An account for income.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// QuickBooks' id.
    pub id: String,
    /// As the company calls it.
    pub name: String,
}

/// A field of the company's own on its invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// QuickBooks' `DefinitionId`.
    pub id: String,
    /// As the company calls it.
    pub name: String,
}

/// The company's lists and the preferences that matter for invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a preference of its own, as QuickBooks has it")]
pub struct Catalogue {
    /// The company's name.
    pub company_name: String,
    /// Two letters.
    pub country: String,
    /// IANA name; empty where QuickBooks does not say.
    pub time_zone: String,
    /// The currency of its books.
    pub home_currency: Currency,
    /// All currencies that invoices may have, the home currency first.
    pub currencies: Vec<Currency>,
    /// How it taxes sales.
    pub tax: TaxModel,
    /// Its terms.
    pub terms: Vec<NamedTerm>,
    /// Its active items; the first [`ITEMS_LISTED`] where there are more.
    pub items: Vec<Item>,
    /// Whether the company has more items than are listed: others are found by asking QuickBooks.
    pub has_more_items: bool,
    /// Its income accounts.
    pub income_accounts: Vec<Account>,
    /// Whether invoices are numbered by hand.
    pub numbers_by_hand: bool,
    /// Whether invoices carry a currency at all.
    pub multicurrency: bool,
    /// Whether an invoice can hold a discount line: not where the company has turned discounts off, and not in France.
    pub discount_line: bool,
    /// Whether customers can pay online (`QuickBooks Payments`).
    pub online_payment: bool,
    /// The books are closed up to and including this day.
    pub closed_until: Option<Date>,
    /// The company's own fields on invoices.
    pub custom_fields: Vec<CustomField>,
}

impl Catalogue {
    /// When an invoice issued on `issued` falls due by a term; by the usual seven days when the term is gone.
    pub fn due(&self, issued: Date, term: &Term) -> Date {
        let rule = match term {
            Term::Days(days) => Rule::Days(*days),
            Term::QuickBooks(id) => {
                self.terms.iter().find(|term| term.id == *id).map_or(Rule::Days(7), |term| term.rule)
            }
        };
        due_date(issued, rule)
    }

    /// The company's term that gives this due date: the wanted one if it does, else one of so many days.
    pub fn term_for(&self, issued: Date, due: Date, wanted: &Term) -> Option<&NamedTerm> {
        let fits = |term: &&NamedTerm| due_date(issued, term.rule) == due;
        let chosen = self.terms.iter().find(|term| *wanted == Term::QuickBooks(term.id.clone())).filter(fits);
        chosen.or_else(|| self.terms.iter().filter(|term| matches!(term.rule, Rule::Days(_))).find(fits))
    }

    /// An item by QuickBooks' id.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The catalogue with more items.
    #[must_use]
    pub fn with_items(&self, more: impl IntoIterator<Item = Item>) -> Self {
        let mut all = self.clone();
        for item in more {
            if all.item(&item.id).is_none() {
                all.items.push(item);
            }
        }
        all
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jiff::civil::date;

    /// A company with nothing in its lists.
    pub(crate) fn catalogue() -> Catalogue {
        Catalogue {
            company_name: String::new(),
            country: "BR".into(),
            time_zone: String::new(),
            home_currency: Currency::BRL,
            currencies: Vec::new(),
            tax: TaxModel::None,
            terms: Vec::new(),
            items: Vec::new(),
            has_more_items: false,
            income_accounts: Vec::new(),
            numbers_by_hand: false,
            multicurrency: false,
            discount_line: true,
            online_payment: true,
            closed_until: None,
            custom_fields: Vec::new(),
        }
    }

    #[test]
    fn an_invoice_has_the_term_that_gives_its_due_date() {
        let term = |id: &str, rule| NamedTerm { id: id.into(), name: id.into(), rule };
        let on_the_20th = Rule::DayOfMonth { day: 20, next_month_within: 0 };
        let terms =
            vec![term("1", on_the_20th), term("2", Rule::Days(7)), term("3", Rule::Days(30)), term("4", Rule::Days(7))];
        let company = Catalogue { terms, ..catalogue() };
        let issued = date(2026, 3, 13);
        let by_id = |id: &str| Term::QuickBooks(id.into());
        let dues = [by_id("1"), by_id("3"), by_id("9"), Term::Days(10)].map(|term| company.due(issued, &term));
        assert_eq!(dues, [date(2026, 3, 20), date(2026, 4, 12), date(2026, 3, 20), date(2026, 3, 23)]);
        let found = |due, wanted: &Term| company.term_for(issued, due, wanted).map(|term| term.id.as_str());
        assert_eq!(found(date(2026, 3, 20), &by_id("1")), Some("1"));
        assert_eq!(found(date(2026, 3, 20), &by_id("4")), Some("4"), "the wanted one of two");
        assert_eq!(found(date(2026, 3, 20), &by_id("3")), Some("2"), "the wanted one gives another date");
        assert_eq!(found(date(2026, 4, 12), &Term::Days(30)), Some("3"));
        assert_eq!(found(date(2026, 4, 20), &by_id("1")), None);
        assert_eq!(found(date(2026, 3, 21), &Term::Days(8)), None);
    }

    #[test]
    fn each_item_is_listed_once() {
        let item =
            |id: &str, name: &str| Item { id: id.into(), name: name.into(), sku: None, tax_code: None, taxable: false };
        let company =
            catalogue().with_items([item("1", "a"), item("2", "b")]).with_items([item("2", "c"), item("3", "d")]);
        let names = ["1", "2", "3", "4"].map(|id| company.item(id).map(|item| item.name.as_str()));
        assert_eq!((names, company.items.len()), ([Some("a"), Some("b"), Some("d"), None], 3));
    }
}
