//! Series of ids and of document numbers.

use crate::entity::Entity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The next value of each series.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Numbers {
    ids: BTreeMap<String, u64>,
    /// The number of the next document.
    documents: BTreeMap<String, String>,
}

/// Returns the series of an entity's documents. Estimates have their own; the other sales forms share one.
fn series(entity: Entity) -> &'static str {
    if entity == Entity::Estimate { "Estimate" } else { "Sales" }
}

impl Numbers {
    pub(super) fn reserve_id(&mut self, series: &str, first: impl FnOnce() -> u64) -> u64 {
        let next = self.ids.get(series).copied().unwrap_or_else(first);
        self.ids.insert(series.to_owned(), next + 1);
        next
    }

    pub(super) fn start(&mut self, entity: Entity, first: &str) {
        self.documents.insert(series(entity).to_owned(), first.to_owned());
    }

    pub(super) fn reserve_document_number(&mut self, entity: Entity) -> String {
        let number = self.documents.get(series(entity)).cloned().unwrap_or_else(|| "1001".to_owned());
        self.start(entity, &successor(&number));
        number
    }

    pub(super) fn continue_after(&mut self, entity: Entity, number: &str) {
        if number.ends_with(|last: char| last.is_ascii_digit()) {
            self.start(entity, &successor(number));
        }
    }
}

/// Returns the number after `number`. The digits at the end count up and keep their leading zeros.
fn successor(number: &str) -> String {
    let (prefix, digits) = number.split_at(number.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    match digits.parse::<u128>() {
        Ok(value) => format!("{prefix}{:0width$}", value + 1, width = digits.len()),
        Err(_) => format!("{number}1"),
    }
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn the_digits_at_the_end_count_up() {
        assert_eq!(successor("1038"), "1039");
        assert_eq!(successor("INV-0099"), "INV-0100");
        assert_eq!(successor("2026/A9"), "2026/A10");
        assert_eq!(successor("DRAFT"), "DRAFT1");
    }
}
