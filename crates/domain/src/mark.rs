//! The mark in an invoice's private note: it names the form that the invoice was made from and the deal that it bills.
//!
//! QuickBooks stores the mark with the invoice. Fatura uses it to look up an invoice after a lost answer, and to adopt
//! an invoice that is newer than Fatura's own tables, as after a restored backup. QuickBooks prints private notes on
//! statements to customers, so the mark is one short line that means nothing to a customer.

use crate::ids::{DealId, IntentKey, UserId};
use std::fmt;
use uuid::Uuid;

/// The origin of an invoice. Written as `Ref. F4711-42-7-01k33x4000e00800000000001a`. The format of earlier versions,
/// `Fatura 0198c7d2-… (Pipedrive 4711, deal 42, user 7)`, is parsed as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The intent key of the form.
    pub intent: IntentKey,
    /// Pipedrive's id of the company. Another Pipedrive company may have been connected to the same QuickBooks company.
    pub company: i64,
    /// The deal that the invoice bills.
    pub deal: DealId,
    /// The user who created it.
    pub user: UserId,
}

const PREFIX: &str = "Ref. F";
const OLD_PREFIX: &str = "Fatura ";
/// Digits of an intent key in base 32. A key takes 26 of them, ten fewer characters than a UUID.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const KEY_CHARS: usize = 26;

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { intent, company, deal, user } = self;
        write!(out, "{PREFIX}{company}-{}-{}-{}", deal.0, user.0, encode_key(intent.0))
    }
}

fn encode_key(key: Uuid) -> String {
    let key = key.as_u128();
    let digit = |at: usize| DIGITS.get(usize::try_from(key >> at.saturating_mul(5) & 31).unwrap_or_default());
    (0..KEY_CHARS).rev().filter_map(digit).map(|digit| char::from(*digit)).collect()
}

fn decode_key(text: &str) -> Option<Uuid> {
    let digits = text.get(..KEY_CHARS)?;
    let mut key: u128 = 0;
    for byte in digits.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte.to_ascii_lowercase())?;
        key = key.checked_mul(32)?.checked_add(u128::try_from(digit).ok()?)?;
    }
    Some(Uuid::from_u128(key))
}

impl Mark {
    /// Finds the mark in a note that may hold other text. If there are several marks, the last one counts: Fatura
    /// writes the mark at the end.
    pub fn find_in_note(note: &str) -> Option<Self> {
        let find_last = |prefix: &'static str, parse: fn(&str) -> Option<Self>| {
            note.match_indices(prefix)
                .filter_map(move |(at, word)| Some((at, parse(note.get(at..)?.strip_prefix(word)?)?)))
                .last()
        };
        let marks = [find_last(PREFIX, Self::parse), find_last(OLD_PREFIX, Self::parse_old)];
        marks.into_iter().flatten().max_by_key(|(at, _)| *at).map(|(_, mark)| mark)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '-');
        let company = parts.next()?.parse().ok()?;
        let deal = DealId(parts.next()?.parse().ok()?);
        let user = UserId(parts.next()?.parse().ok()?);
        Some(Self { intent: IntentKey(decode_key(parts.next()?)?), company, deal, user })
    }

    fn parse_old(text: &str) -> Option<Self> {
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
    fn finds_a_mark_among_other_text() {
        let text = mark().to_string();
        assert_eq!(text, "Ref. F4711-42-7-01k33x4000e00800000000001a");
        for note in [text.clone(), format!("Voided - Fatura of May\n{text}"), format!("{text}\nFatura 7 (paid)")] {
            assert_eq!(Mark::find_in_note(&note), Some(mark()), "{note}");
        }
    }

    /// Typed text comes before the mark.
    #[test]
    fn uses_the_last_of_several_marks() {
        let typed = Mark { deal: DealId(1), ..mark() };
        assert_eq!(Mark::find_in_note(&format!("{typed}\n{}", mark())), Some(mark()));
    }

    #[test]
    fn parses_marks_of_earlier_versions() {
        let old = "Fatura 0198c7d2-0000-7000-8000-00000000002a (Pipedrive 4711, deal 42, user 7)";
        assert_eq!(Mark::find_in_note(old), Some(mark()));
        let newer = Mark { deal: DealId(1), ..mark() };
        assert_eq!(Mark::find_in_note(&format!("{old}\n{newer}")), Some(newer), "the last one counts");
    }

    #[test]
    fn finds_no_mark_in_other_texts() {
        let text = mark().to_string();
        for note in ["", "Ref. F", "Fatura 2001", &text[..text.len() - 1], &text.replace("-42-", "-x-")] {
            assert_eq!(Mark::find_in_note(note), None, "{note}");
        }
    }

    proptest! {
        #[test]
        fn finds_the_mark_in_any_note(note in ".*", key: u128) {
            prop_assert_eq!(Mark::find_in_note(&note), None);
            let key = Uuid::from_u128(key);
            prop_assert_eq!(decode_key(&encode_key(key)), Some(key));
            prop_assert_eq!(Mark::find_in_note(&format!("{note}\n{}", mark())), Some(mark()));
        }
    }
}
