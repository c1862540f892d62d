//! The words in an invoice's private note that say of which form it was made, and which deal it bills.
//!
//! QuickBooks keeps them with the invoice: by them it is found again after a lost answer, and taken back where our own tables are
//! older than it, as after a restored backup.

use crate::ids::{DealId, IntentKey, UserId};
use std::fmt;
use uuid::Uuid;

/// Where an invoice comes from. Written as `Fatura 0198c7d2-… (Pipedrive 4711, deal 42, user 7)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The form's key.
    pub intent: IntentKey,
    /// Pipedrive's number of the company: another may have been connected with the same books.
    pub company: i64,
    /// Which deal it bills.
    pub deal: DealId,
    /// Who pressed the button.
    pub user: UserId,
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { intent, company, deal, user } = self;
        write!(out, "Fatura {} (Pipedrive {company}, deal {}, user {})", intent.0, deal.0, user.0)
    }
}

impl Mark {
    /// The mark in a note, whatever else somebody has written there. Of several, the last: it stands at the end.
    pub fn read(note: &str) -> Option<Self> {
        note.match_indices("Fatura ").filter_map(|(at, word)| Self::read_at(&note[at + word.len()..])).last()
    }

    fn read_at(text: &str) -> Option<Self> {
        let (intent, rest) = text.split_once(" (Pipedrive ")?;
        let (company, rest) = rest.split_once(", deal ")?;
        let (deal, rest) = rest.split_once(", user ")?;
        let (user, _) = rest.split_once(')')?;
        Some(Self {
            intent: IntentKey(Uuid::try_parse(intent).ok()?),
            company: company.parse().ok()?,
            deal: DealId(deal.parse().ok()?),
            user: UserId(user.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mark() -> Mark {
        let intent = IntentKey(Uuid::from_u128(0x0198_c7d2_0000_7000_8000_0000_0000_002a));
        Mark { intent, company: 4711, deal: DealId(42), user: UserId(7) }
    }

    #[test]
    fn a_mark_is_read_among_other_words() {
        let text = mark().to_string();
        assert_eq!(text, "Fatura 0198c7d2-0000-7000-8000-00000000002a (Pipedrive 4711, deal 42, user 7)");
        for note in [text.clone(), format!("Voided - Fatura of May\n{text}"), format!("{text}\nFatura 7 (paid)")] {
            assert_eq!(Mark::read(&note), Some(mark()), "{note}");
        }
    }

    /// What somebody types stands before it.
    #[test]
    fn of_several_marks_the_last_one_counts() {
        let typed = Mark { deal: DealId(1), ..mark() };
        assert_eq!(Mark::read(&format!("{typed}\n{}", mark())), Some(mark()));
    }

    #[test]
    fn other_words_are_no_mark() {
        let text = mark().to_string();
        for note in ["", "Fatura ", "Fatura 2001", &text[..text.len() - 1], &text.replace("deal 42", "deal x")] {
            assert_eq!(Mark::read(note), None, "{note}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_note_says_it_is_read(note in ".*") {
            prop_assert_eq!(Mark::read(&note), None);
            prop_assert_eq!(Mark::read(&format!("{note}\n{}", mark())), Some(mark()));
        }
    }
}
