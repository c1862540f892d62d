//! Customers in QuickBooks: what may be their name, and which one a deal most likely means.

use crate::{
    address::Address,
    search::{core, holds},
};
use serde::{Deserialize, Serialize};

/// A customer as QuickBooks has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// QuickBooks' id.
    pub id: String,
    /// Unique over customers, vendors and employees.
    pub display_name: String,
    /// Primary e-mail, if any.
    pub email: Option<String>,
    /// ISO code of the currency that all its invoices have.
    pub currency: Option<String>,
    /// As QuickBooks shows it: masked but for the last characters.
    pub tax_id: Option<String>,
    /// Bill-to address.
    pub address: Address,
    /// Whether it can be billed; QuickBooks keeps deleted and merged customers as inactive.
    pub active: bool,
    /// Counts QuickBooks' changes; needed to change it.
    pub sync_token: String,
}

/// What of a customer can be exported to QuickBooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerField {
    /// Bill-to address.
    Address,
    /// Primary e-mail.
    Email,
    /// Tax number.
    TaxId,
}

impl CustomerField {
    /// All fields.
    pub const ALL: [Self; 3] = [Self::Address, Self::Email, Self::TaxId];

    /// As in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Email => "email",
            Self::TaxId => "tax_id",
        }
    }
}

/// A field in which the form and QuickBooks differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub field: CustomerField,
    /// What QuickBooks has, for showing; may be empty.
    pub old: String,
    /// What the form says, for showing.
    pub new: String,
}

/// What would change in QuickBooks if the form's customer details were exported. What the form leaves empty erases
/// nothing; addresses and tax numbers are compared by their letters and digits, because QuickBooks rearranges the
/// former and masks the latter.
pub fn changes(customer: &Customer, email: &str, tax_id: &str, address: &Address) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut change = |field, old: &str, new: &str| {
        changes.push(Change { field, old: old.to_owned(), new: new.to_owned() });
    };
    let (old, new) = (customer.address.one_line(), address.one_line());
    if !address.is_empty() && letters(&old) != letters(&new) {
        change(CustomerField::Address, &old, &new);
    }
    let old = customer.email.as_deref().unwrap_or_default();
    if !email.trim().is_empty() && fold(old) != fold(email) {
        change(CustomerField::Email, old, email.trim());
    }
    let old = customer.tax_id.as_deref().unwrap_or_default();
    if !tax_id.trim().is_empty() && !same_tax_id(old, tax_id) {
        change(CustomerField::TaxId, old, tax_id.trim());
    }
    changes
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Why a customer is suggested; the best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// This organization or person was billed to it before.
    Linked,
    /// The same tax number (its readable end, where QuickBooks masks it).
    SameTaxId,
    /// The same name.
    SameName,
    /// The same e-mail address.
    SameEmail,
    /// The name holds what was typed.
    NameContains,
}

/// A customer worth offering, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The customer.
    pub customer: Customer,
    /// The strongest reason.
    pub reason: Reason,
}

/// What is known about who is billed.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// What the person typed, or the name from the deal.
    pub name: &'a str,
    /// E-mail from the deal.
    pub email: &'a str,
    /// Tax number from the deal.
    pub tax_id: &'a str,
    /// QuickBooks id of the customer that the deal's organization or person is linked with.
    pub linked: Option<&'a str>,
}

/// Ranks customers: the best reason first, then by name. Those without any reason are left out.
pub fn rank(customers: Vec<Customer>, wanted: &Wanted<'_>) -> Vec<Suggestion> {
    let mut suggestions: Vec<Suggestion> = customers
        .into_iter()
        .filter_map(|customer| reason(&customer, wanted).map(|reason| Suggestion { customer, reason }))
        .collect();
    suggestions.sort_by(|a, b| (a.reason, &a.customer.display_name).cmp(&(b.reason, &b.customer.display_name)));
    suggestions.dedup_by(|a, b| a.customer.id == b.customer.id);
    suggestions
}

fn reason(customer: &Customer, wanted: &Wanted<'_>) -> Option<Reason> {
    if wanted.linked == Some(customer.id.as_str()) {
        return Some(Reason::Linked);
    }
    if customer.tax_id.as_deref().is_some_and(|masked| same_tax_id(masked, wanted.tax_id)) {
        return Some(Reason::SameTaxId);
    }
    if looks_like_tax_id(wanted.name) && customer.tax_id.as_deref().is_some_and(|known| same_tax_id(known, wanted.name))
    {
        return Some(Reason::SameTaxId);
    }
    let typed = core(wanted.name);
    if !typed.is_empty() && core(&customer.display_name) == typed {
        return Some(Reason::SameName);
    }
    let email = customer.email.as_deref().unwrap_or_default();
    if !email.is_empty() && fold(email) == fold(wanted.email) {
        return Some(Reason::SameEmail);
    }
    holds(&customer.display_name, wanted.name).then_some(Reason::NameContains)
}

/// Whether a text may be a tax number rather than a name: at least five digits, and more of them than letters.
pub fn looks_like_tax_id(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 5 && digits > text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Compares by letters and digits; of a masked number (`XXXXXX56789`) only the readable end counts.
fn same_tax_id(masked: &str, wanted: &str) -> bool {
    let wanted = significant(wanted);
    let known = significant(masked);
    let readable = known.trim_start_matches('x');
    let masked = readable.len() < known.len();
    wanted.len() >= 4 && if masked { readable.len() >= 4 && wanted.ends_with(readable) } else { wanted == known }
}

fn significant(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The longest name that QuickBooks takes.
pub const DISPLAY_NAME_MAX: usize = 500;

/// A name without what QuickBooks forbids in names: no colon, tab or line break, trimmed. Of any length.
pub(crate) fn clean_name(wanted: &str) -> String {
    let replaced = wanted.replace(':', " -").replace(['\t', '\r', '\n'], " ");
    replaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that QuickBooks takes as `DisplayName`: no colon, tab or line break, trimmed, at most 500 characters.
pub fn display_name(wanted: &str) -> String {
    clean_name(wanted).chars().take(DISPLAY_NAME_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(id: &str, name: &str, email: &str, tax_id: &str) -> Customer {
        Customer {
            id: id.into(),
            display_name: name.into(),
            email: (!email.is_empty()).then(|| email.into()),
            currency: None,
            tax_id: (!tax_id.is_empty()).then(|| tax_id.into()),
            address: Address::default(),
            active: true,
            sync_token: "0".into(),
        }
    }

    #[test]
    fn only_what_differs_would_be_exported() {
        let mut known = customer("1", "Acme", "ap@acme.example", "XXXXXXXXX00019");
        known.address = Address { street: "Rua do Comércio, 55\nSantos - SP".into(), ..Address::default() };
        let same = Address {
            street: "Rua do Comércio 55".into(),
            city: "Santos".into(),
            state: "SP".into(),
            ..Address::default()
        };
        assert_eq!(changes(&known, "AP@acme.example", "12.345.678/0000-19", &same), []);
        assert_eq!(changes(&known, "", " ", &Address::default()), [], "what is empty erases nothing");
        let moved = Address { city: "Recife".into(), ..same };
        let found = changes(&known, "new@acme.example", "99.999.999/9999-99", &moved);
        let fields: Vec<CustomerField> = found.iter().map(|change| change.field).collect();
        assert_eq!(fields, CustomerField::ALL);
        assert_eq!((found[1].old.as_str(), found[1].new.as_str()), ("ap@acme.example", "new@acme.example"));
    }

    #[test]
    fn the_best_reason_comes_first() {
        let customers = vec![
            customer("1", "Oceano Azul Importadora", "", ""),
            customer("2", "Someone", "contas@oceano.example", ""),
            customer("3", "oceano  azul", "", ""),
            customer("4", "Another", "", "XXXXXXXXX00019"),
            customer("5", "Unrelated", "x@y.example", ""),
        ];
        let wanted =
            Wanted { name: "Oceano Azul", email: "CONTAS@oceano.example", tax_id: "12.345.678/0000-19", linked: None };
        let ranked: Vec<(String, Reason)> =
            rank(customers, &wanted).into_iter().map(|s| (s.customer.id, s.reason)).collect();
        let expected =
            [("4", Reason::SameTaxId), ("3", Reason::SameName), ("2", Reason::SameEmail), ("1", Reason::NameContains)];
        assert_eq!(ranked, expected.map(|(id, reason)| (id.to_owned(), reason)));
    }

    #[test]
    fn a_typed_tax_number_finds_its_customer() {
        let customers = vec![customer("1", "Acme Ltda", "", "XXXXXXXXX00019"), customer("2", "Beta", "", "")];
        let typed = Wanted { name: "12.345.678/0000-19", ..Wanted::default() };
        let ranked = rank(customers, &typed);
        assert_eq!(
            ranked.iter().map(|s| (s.customer.id.as_str(), s.reason)).collect::<Vec<_>>(),
            [("1", Reason::SameTaxId)]
        );
    }

    #[test]
    fn a_forbidden_colon_is_replaced() {
        assert_eq!(display_name(" Acme: North\tEast\n"), "Acme - North East");
        assert_eq!(display_name(&"é".repeat(600)).chars().count(), 500);
    }

    #[test]
    fn tax_numbers_are_compared_by_what_can_be_read() {
        for (known, typed, is_same) in [
            ("12.345.678/0001-95", "12345678000195", true),
            ("ab-1234", "AB 1234", true),
            ("123", "123", false),
            ("1234", "1234", true),
            ("12345", "1234", false),
            ("12345", "9912345", false),
            ("XXXXX1234", "991234", true),
            ("XXXXX1234", "1234", true),
            ("XXXXX1234", "991235", false),
            ("XXXXXX123", "99123", false),
            ("XXXXX1234", "234", false),
            ("XXXXXXXXX", "12345", false),
            ("", "", false),
        ] {
            assert_eq!(same_tax_id(known, typed), is_same, "{known} {typed}");
        }
        let numbers = ["12345", "12-345-abcd", "1234", "1234 a", "12345 abcde", "Rua 12345 B", "123456 abcde", ""];
        let expected = [true, true, false, false, false, true, true, false];
        assert_eq!(numbers.map(looks_like_tax_id), expected);
    }

    #[test]
    fn each_reason_stands_alone() {
        let reason = |customer: &Customer, wanted: &Wanted<'_>| reason(customer, wanted);
        let known = customer("7", "Oceano Azul Ltda", "ap@oceano.example", "XXXXX1234");
        let nothing = Wanted::default();
        assert_eq!(reason(&known, &nothing), None);
        assert_eq!(reason(&customer("7", "Ltda", "", ""), &nothing), None, "empty texts are not the same");
        for (wanted, expected) in [
            (Wanted { linked: Some("7"), tax_id: "1234", ..nothing.clone() }, Some(Reason::Linked)),
            (Wanted { linked: Some("8"), ..nothing.clone() }, None),
            (Wanted { tax_id: "991234", name: "Oceano Azul", ..nothing.clone() }, Some(Reason::SameTaxId)),
            (Wanted { name: "991234", ..nothing.clone() }, Some(Reason::SameTaxId)),
            (Wanted { name: "Oceano 1234", ..nothing.clone() }, None),
            (Wanted { name: "oceano azul", email: "ap@oceano.example", ..nothing.clone() }, Some(Reason::SameName)),
            (Wanted { name: "Azul", email: "AP@oceano.example ", ..nothing.clone() }, Some(Reason::SameEmail)),
            (Wanted { name: "azul oceano", ..nothing.clone() }, Some(Reason::NameContains)),
        ] {
            assert_eq!(reason(&known, &wanted), expected, "{wanted:?}");
        }
    }

    #[test]
    fn a_customer_is_suggested_once_with_its_best_reason() {
        let known = || customer("7", "Acme", "", "");
        let wanted = Wanted { name: "Acme", ..Wanted::default() };
        let ranked =
            rank(vec![known(), customer("8", "Acme B", "", ""), customer("9", "acme a", "", ""), known()], &wanted);
        let ids: Vec<&str> = ranked.iter().map(|suggestion| suggestion.customer.id.as_str()).collect();
        assert_eq!(ids, ["7", "8", "9"], "by name, and each once");
    }

    #[test]
    fn an_address_is_compared_by_letters_and_digits() {
        let address =
            |street: &str, city: &str| Address { street: street.into(), city: city.into(), ..Address::default() };
        let mut known = customer("1", "Acme", "", "");
        known.address = address("Rua A, 55", "Santos");
        let changed =
            |new: &Address| changes(&known, "", "", new).into_iter().map(|change| (change.old, change.new)).next();
        assert_eq!(changed(&address("RUA A 55", "SANTOS")), None);
        assert_eq!(
            changed(&address("Rua A, 56", "Santos")),
            Some(("Rua A, 55, Santos".into(), "Rua A, 56, Santos".into()))
        );
        assert_eq!(changed(&address(" ", "")), None);
        assert_eq!(CustomerField::ALL.map(CustomerField::name), ["address", "email", "tax_id"]);
    }
}
