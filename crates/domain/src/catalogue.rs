//! The lists of the connected QuickBooks company: items, terms, tax codes and accounts that a form offers.

use crate::{
    tax::TaxModel,
    terms::{DueRule, Term, compute_due_date},
};
use iso_currency::Currency;
use jiff::civil::Date;

/// Maximum of items in a catalogue. QuickBooks returns at most 1000 rows in one answer.
pub const MAX_LISTED_ITEMS: usize = 1000;

/// A product or service of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// QuickBooks' id.
    pub id: String,
    /// The name, unique among the company's items.
    pub name: String,
    /// Stock-keeping unit.
    pub sku: Option<String>,
    /// The item's own tax code, for companies that tax each line.
    pub tax_code: Option<String>,
    /// Whether sales tax applies (US companies).
    pub taxable: bool,
}

/// A payment term of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTerm {
    /// QuickBooks' id.
    pub id: String,
    /// The company's name for it.
    pub name: String,
    /// How the term computes the due date.
    pub rule: DueRule,
}

/// An income account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// QuickBooks' id.
    pub id: String,
    /// The company's name for it.
    pub name: String,
}

/// A custom field on the company's invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// QuickBooks' `DefinitionId`.
    pub id: String,
    /// The company's name for it.
    pub name: String,
}

/// The company's lists, and the preferences that apply to invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate preference in QuickBooks")]
pub struct Catalogue {
    /// The company's name.
    pub company_name: String,
    /// Country code of two letters.
    pub country: String,
    /// IANA name of the time zone; empty if QuickBooks returns none.
    pub time_zone: String,
    /// The currency of its books.
    pub home_currency: Currency,
    /// The currencies that invoices may have, the home currency first.
    pub currencies: Vec<Currency>,
    /// How the company taxes sales.
    pub tax: TaxModel,
    /// Its payment terms.
    pub terms: Vec<NamedTerm>,
    /// Its active items, at most [`MAX_LISTED_ITEMS`].
    pub items: Vec<Item>,
    /// Whether the company has items that are not listed. Those are looked up in QuickBooks.
    pub has_more_items: bool,
    /// Its income accounts.
    pub income_accounts: Vec<Account>,
    /// Whether people number invoices by hand.
    pub numbers_by_hand: bool,
    /// Whether invoices carry a currency.
    pub multicurrency: bool,
    /// Whether an invoice can hold a discount line. It cannot if the company has turned discounts off, or in France.
    pub discount_line: bool,
    /// Whether customers can pay online with QuickBooks Payments.
    pub online_payment: bool,
    /// The last day of the closed period: the books are closed up to and including this day.
    pub closed_until: Option<Date>,
    /// The company's custom fields on invoices.
    pub custom_fields: Vec<CustomField>,
}

impl Catalogue {
    /// The due date of an invoice under a term. If the term no longer exists, the default of seven days applies.
    pub fn due_date(&self, issued: Date, term: &Term) -> Date {
        let rule = match term {
            Term::Days(days) => DueRule::Days(*days),
            Term::QuickBooks(id) => {
                self.terms.iter().find(|term| term.id == *id).map_or(DueRule::Days(7), |term| term.rule)
            }
        };
        compute_due_date(issued, rule)
    }

    /// Finds a term of the company that results in this due date: the preferred term if it does, else a term in days.
    pub fn find_term(&self, issued: Date, due: Date, preferred: &Term) -> Option<&NamedTerm> {
        let fits = |term: &&NamedTerm| compute_due_date(issued, term.rule) == due;
        let term = self.terms.iter().find(|term| *preferred == Term::QuickBooks(term.id.clone())).filter(fits);
        term.or_else(|| self.terms.iter().filter(|term| matches!(term.rule, DueRule::Days(_))).find(fits))
    }

    /// The item with this QuickBooks id.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Finds the item whose name or SKU is this text, ignoring case and extra spaces. Returns `None` if no item or
    /// several items have it.
    pub fn find_item_named(&self, text: &str) -> Option<&Item> {
        let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let text = fold(text);
        let is_named =
            |item: &&Item| fold(&item.name) == text || item.sku.as_deref().is_some_and(|sku| fold(sku) == text);
        let mut matches = self.items.iter().filter(|_| !text.is_empty()).filter(is_named);
        matches.next().filter(|_| matches.next().is_none())
    }

    /// Adds items that are not listed yet.
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

    /// A company with empty lists.
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
    fn finds_the_term_of_a_due_date() {
        let term = |id: &str, rule| NamedTerm { id: id.into(), name: id.into(), rule };
        let on_the_20th = DueRule::DayOfMonth { day: 20, next_month_within: 0 };
        let terms = vec![
            term("1", on_the_20th),
            term("2", DueRule::Days(7)),
            term("3", DueRule::Days(30)),
            term("4", DueRule::Days(7)),
        ];
        let company = Catalogue { terms, ..catalogue() };
        let issued = date(2026, 3, 13);
        let by_id = |id: &str| Term::QuickBooks(id.into());
        let dues = [by_id("1"), by_id("3"), by_id("9"), Term::Days(10)].map(|term| company.due_date(issued, &term));
        assert_eq!(dues, [date(2026, 3, 20), date(2026, 4, 12), date(2026, 3, 20), date(2026, 3, 23)]);
        let find = |due, preferred: &Term| company.find_term(issued, due, preferred).map(|term| term.id.as_str());
        assert_eq!(find(date(2026, 3, 20), &by_id("1")), Some("1"));
        assert_eq!(find(date(2026, 3, 20), &by_id("4")), Some("4"), "the preferred one of two terms");
        assert_eq!(find(date(2026, 3, 20), &by_id("3")), Some("2"), "the preferred term results in another date");
        assert_eq!(find(date(2026, 4, 12), &Term::Days(30)), Some("3"));
        assert_eq!(find(date(2026, 4, 20), &by_id("1")), None);
        assert_eq!(find(date(2026, 3, 21), &Term::Days(8)), None);
    }

    #[test]
    fn finds_an_item_by_its_whole_name_or_sku() {
        let item = |id: &str, name: &str, sku: &str| Item {
            id: id.into(),
            name: name.into(),
            sku: (!sku.is_empty()).then(|| sku.into()),
            tax_code: None,
            taxable: false,
        };
        let company = catalogue().with_items([
            item("1", "Licença anual", "LIC-1"),
            item("2", "Cabo", ""),
            item("3", "CABO", ""),
            item("4", "C++", "5"),
            item("5", "C#", ""),
            item("6", "5", ""),
        ]);
        let find = |text: &str| company.find_item_named(text).map(|item| item.id.as_str());
        assert_eq!(["licença  ANUAL", " lic-1", "c++", "C#"].map(find), [Some("1"), Some("1"), Some("4"), Some("5")]);
        for (text, why) in [
            ("", "empty"),
            ("Licenca anual", "another word"),
            ("Licença", "a part of a name"),
            ("cabo", "two names"),
            ("5", "an SKU and a name"),
        ] {
            assert_eq!(find(text), None, "{why}");
        }
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
