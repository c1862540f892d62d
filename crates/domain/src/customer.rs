//! Customers in QuickBooks: names that QuickBooks accepts, and the ranking of customers for a deal.

use crate::{
    address::Address,
    search::{contains_name, strip_legal_form},
};
use serde::{Deserialize, Serialize};

/// A customer as QuickBooks has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// QuickBooks' id.
    pub id: String,
    /// Name, unique among customers, vendors and employees.
    pub display_name: String,
    /// Primary e-mail, if any.
    pub email: Option<String>,
    /// ISO code of the currency of all its invoices.
    pub currency: Option<String>,
    /// Tax number as QuickBooks returns it: masked except for the last characters.
    pub tax_id: Option<String>,
    /// Billing address.
    pub address: Address,
    /// Whether the customer can be billed. QuickBooks keeps deleted and merged customers as inactive.
    pub active: bool,
    /// QuickBooks' version of the customer. An update has to send it.
    pub sync_token: String,
}

/// A customer detail that can be exported to QuickBooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerField {
    /// Billing address.
    Address,
    /// Primary e-mail.
    Email,
    /// Tax number.
    TaxId,
}

impl CustomerField {
    /// All fields.
    pub const ALL: [Self; 3] = [Self::Address, Self::Email, Self::TaxId];

    /// The name in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Email => "email",
            Self::TaxId => "tax_id",
        }
    }
}

/// A customer detail that differs between the form and QuickBooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerChange {
    /// The detail.
    pub field: CustomerField,
    /// The value in QuickBooks, for display; may be empty.
    pub old: String,
    /// The value in the form, for display.
    pub new: String,
}

/// Compares the customer details of a form with QuickBooks and lists the differences. An empty field of the form
/// erases nothing. Addresses and tax numbers are compared by their letters and digits, because QuickBooks rearranges
/// addresses and masks tax numbers.
pub fn find_changes(customer: &Customer, email: &str, tax_id: &str, address: &Address) -> Vec<CustomerChange> {
    let mut changes = Vec::new();
    let mut change = |field, old: &str, new: &str| {
        changes.push(CustomerChange { field, old: old.to_owned(), new: new.to_owned() });
    };
    let (old, new) = (customer.address.to_one_line(), address.to_one_line());
    if !address.is_empty() && keep_alphanumeric(&old) != keep_alphanumeric(&new) {
        change(CustomerField::Address, &old, &new);
    }
    let old = customer.email.as_deref().unwrap_or_default();
    if !email.trim().is_empty() && normalize_email(old) != normalize_email(email) {
        change(CustomerField::Email, old, email.trim());
    }
    let old = customer.tax_id.as_deref().unwrap_or_default();
    if !tax_id.trim().is_empty() && !is_same_tax_id(old, tax_id) {
        change(CustomerField::TaxId, old, tax_id.trim());
    }
    changes
}

fn keep_alphanumeric(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Why a customer is suggested; the best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchReason {
    /// An earlier invoice billed this organization or person to the customer.
    Linked,
    /// The tax numbers match. If QuickBooks masks the number, only its readable end is compared.
    SameTaxId,
    /// The names match.
    SameName,
    /// The e-mail addresses match.
    SameEmail,
    /// The name contains the typed text.
    NameContains,
}

/// A customer to suggest, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The customer.
    pub customer: Customer,
    /// The strongest reason.
    pub reason: MatchReason,
}

/// The details by which customers are ranked.
#[derive(Debug, Clone, Default)]
pub struct CustomerQuery<'a> {
    /// The typed text, or the name from the deal.
    pub name: &'a str,
    /// E-mail from the deal.
    pub email: &'a str,
    /// Tax number from the deal.
    pub tax_id: &'a str,
    /// QuickBooks id of the customer that the deal's organization or person is linked to.
    pub linked: Option<&'a str>,
}

/// Ranks customers by reason, the best first, then by name. Customers without a reason are dropped.
pub fn rank_customers(customers: Vec<Customer>, query: &CustomerQuery<'_>) -> Vec<Suggestion> {
    let mut suggestions: Vec<Suggestion> = customers
        .into_iter()
        .filter_map(|customer| find_reason(&customer, query).map(|reason| Suggestion { customer, reason }))
        .collect();
    suggestions.sort_by(|a, b| (a.reason, &a.customer.display_name).cmp(&(b.reason, &b.customer.display_name)));
    suggestions.dedup_by(|a, b| a.customer.id == b.customer.id);
    suggestions
}

fn find_reason(customer: &Customer, query: &CustomerQuery<'_>) -> Option<MatchReason> {
    if query.linked == Some(customer.id.as_str()) {
        return Some(MatchReason::Linked);
    }
    if customer.tax_id.as_deref().is_some_and(|stored| is_same_tax_id(stored, query.tax_id)) {
        return Some(MatchReason::SameTaxId);
    }
    if looks_like_tax_id(query.name)
        && customer.tax_id.as_deref().is_some_and(|stored| is_same_tax_id(stored, query.name))
    {
        return Some(MatchReason::SameTaxId);
    }
    let name = strip_legal_form(query.name);
    if !name.is_empty() && strip_legal_form(&customer.display_name) == name {
        return Some(MatchReason::SameName);
    }
    let email = customer.email.as_deref().unwrap_or_default();
    if !email.is_empty() && normalize_email(email) == normalize_email(query.email) {
        return Some(MatchReason::SameEmail);
    }
    contains_name(&customer.display_name, query.name).then_some(MatchReason::NameContains)
}

/// Whether a text looks like a tax number rather than a name: it has at least five digits, and more digits than
/// letters.
pub fn looks_like_tax_id(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 5 && digits > text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Compares tax numbers by letters and digits. If the stored number is masked (`XXXXXX56789`), only its readable end
/// counts.
fn is_same_tax_id(stored: &str, typed: &str) -> bool {
    let typed = keep_ascii_alphanumeric(typed);
    let stored = keep_ascii_alphanumeric(stored);
    let readable = stored.trim_start_matches('x');
    let is_masked = readable.len() < stored.len();
    typed.len() >= 4 && if is_masked { readable.len() >= 4 && typed.ends_with(readable) } else { typed == stored }
}

fn keep_ascii_alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn normalize_email(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Maximum length of a customer name in QuickBooks, in characters.
pub const MAX_DISPLAY_NAME_CHARS: usize = 500;

/// Replaces the characters that QuickBooks forbids in names: colon, tab and line break. Trims the name, but does not
/// truncate it.
pub(crate) fn replace_forbidden_chars(name: &str) -> String {
    let replaced = name.replace(':', " -").replace(['\t', '\r', '\n'], " ");
    replaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Converts a name to one that QuickBooks accepts as `DisplayName`: no colon, tab or line break, trimmed, at most 500
/// characters.
pub fn to_display_name(name: &str) -> String {
    replace_forbidden_chars(name).chars().take(MAX_DISPLAY_NAME_CHARS).collect::<String>().trim().to_owned()
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
    fn exports_only_differences() {
        let mut customer = customer("1", "Acme", "ap@acme.example", "XXXXXXXXX00019");
        customer.address = Address { street: "Rua do Comércio, 55\nSantos - SP".into(), ..Address::default() };
        let same = Address {
            street: "Rua do Comércio 55".into(),
            city: "Santos".into(),
            state: "SP".into(),
            ..Address::default()
        };
        assert_eq!(find_changes(&customer, "AP@acme.example", "12.345.678/0000-19", &same), []);
        assert_eq!(find_changes(&customer, "", " ", &Address::default()), [], "empty fields erase nothing");
        let moved = Address { city: "Recife".into(), ..same };
        let changes = find_changes(&customer, "new@acme.example", "99.999.999/9999-99", &moved);
        let fields: Vec<CustomerField> = changes.iter().map(|change| change.field).collect();
        assert_eq!(fields, CustomerField::ALL);
        assert_eq!((changes[1].old.as_str(), changes[1].new.as_str()), ("ap@acme.example", "new@acme.example"));
    }

    #[test]
    fn ranks_the_best_reason_first() {
        let customers = vec![
            customer("1", "Oceano Azul Importadora", "", ""),
            customer("2", "Someone", "contas@oceano.example", ""),
            customer("3", "oceano  azul", "", ""),
            customer("4", "Another", "", "XXXXXXXXX00019"),
            customer("5", "Unrelated", "x@y.example", ""),
        ];
        let query = CustomerQuery {
            name: "Oceano Azul",
            email: "CONTAS@oceano.example",
            tax_id: "12.345.678/0000-19",
            linked: None,
        };
        let ranked: Vec<(String, MatchReason)> =
            rank_customers(customers, &query).into_iter().map(|s| (s.customer.id, s.reason)).collect();
        let expected = [
            ("4", MatchReason::SameTaxId),
            ("3", MatchReason::SameName),
            ("2", MatchReason::SameEmail),
            ("1", MatchReason::NameContains),
        ];
        assert_eq!(ranked, expected.map(|(id, reason)| (id.to_owned(), reason)));
    }

    #[test]
    fn a_typed_tax_number_finds_its_customer() {
        let customers = vec![customer("1", "Acme Ltda", "", "XXXXXXXXX00019"), customer("2", "Beta", "", "")];
        let typed = CustomerQuery { name: "12.345.678/0000-19", ..CustomerQuery::default() };
        let ranked = rank_customers(customers, &typed);
        assert_eq!(
            ranked.iter().map(|s| (s.customer.id.as_str(), s.reason)).collect::<Vec<_>>(),
            [("1", MatchReason::SameTaxId)]
        );
    }

    #[test]
    fn a_forbidden_colon_is_replaced() {
        assert_eq!(to_display_name(" Acme: North\tEast\n"), "Acme - North East");
        assert_eq!(to_display_name(&"é".repeat(600)).chars().count(), 500);
    }

    #[test]
    fn compares_tax_numbers_by_their_readable_part() {
        for (stored, typed, is_same) in [
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
            assert_eq!(is_same_tax_id(stored, typed), is_same, "{stored} {typed}");
        }
        let numbers = ["12345", "12-345-abcd", "1234", "1234 a", "12345 abcde", "Rua 12345 B", "123456 abcde", ""];
        let expected = [true, true, false, false, false, true, true, false];
        assert_eq!(numbers.map(looks_like_tax_id), expected);
    }

    #[test]
    fn finds_each_match_reason_separately() {
        let oceano = customer("7", "Oceano Azul Ltda", "ap@oceano.example", "XXXXX1234");
        let nothing = CustomerQuery::default();
        assert_eq!(find_reason(&oceano, &nothing), None);
        assert_eq!(find_reason(&customer("7", "Ltda", "", ""), &nothing), None, "empty texts do not match");
        for (query, expected) in [
            (CustomerQuery { linked: Some("7"), tax_id: "1234", ..nothing.clone() }, Some(MatchReason::Linked)),
            (CustomerQuery { linked: Some("8"), ..nothing.clone() }, None),
            (CustomerQuery { tax_id: "991234", name: "Oceano Azul", ..nothing.clone() }, Some(MatchReason::SameTaxId)),
            (CustomerQuery { name: "991234", ..nothing.clone() }, Some(MatchReason::SameTaxId)),
            (CustomerQuery { name: "Oceano 1234", ..nothing.clone() }, None),
            (
                CustomerQuery { name: "oceano azul", email: "ap@oceano.example", ..nothing.clone() },
                Some(MatchReason::SameName),
            ),
            (
                CustomerQuery { name: "Azul", email: "AP@oceano.example ", ..nothing.clone() },
                Some(MatchReason::SameEmail),
            ),
            (CustomerQuery { name: "azul oceano", ..nothing.clone() }, Some(MatchReason::NameContains)),
        ] {
            assert_eq!(find_reason(&oceano, &query), expected, "{query:?}");
        }
    }

    #[test]
    fn a_customer_is_suggested_once_with_its_best_reason() {
        let acme = || customer("7", "Acme", "", "");
        let query = CustomerQuery { name: "Acme", ..CustomerQuery::default() };
        let ranked = rank_customers(
            vec![acme(), customer("8", "Acme B", "", ""), customer("9", "acme a", "", ""), acme()],
            &query,
        );
        let ids: Vec<&str> = ranked.iter().map(|suggestion| suggestion.customer.id.as_str()).collect();
        assert_eq!(ids, ["7", "8", "9"], "sorted by name, each customer once");
    }

    #[test]
    fn an_address_is_compared_by_letters_and_digits() {
        let address =
            |street: &str, city: &str| Address { street: street.into(), city: city.into(), ..Address::default() };
        let mut acme = customer("1", "Acme", "", "");
        acme.address = address("Rua A, 55", "Santos");
        let changed =
            |new: &Address| find_changes(&acme, "", "", new).into_iter().map(|change| (change.old, change.new)).next();
        assert_eq!(changed(&address("RUA A 55", "SANTOS")), None);
        assert_eq!(
            changed(&address("Rua A, 56", "Santos")),
            Some(("Rua A, 55, Santos".into(), "Rua A, 56, Santos".into()))
        );
        assert_eq!(changed(&address(" ", "")), None);
        assert_eq!(CustomerField::ALL.map(CustomerField::name), ["address", "email", "tax_id"]);
    }
}
