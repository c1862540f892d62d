//! Links from a payment's lines to other transactions.

use super::row::amount;
use crate::entity::Entity;
use rust_decimal::Decimal;
use serde_json::Value;

/// Kinds of transactions to which a payment's line may link.
const PAYABLE_KINDS: [Entity; 2] = [Entity::Invoice, Entity::CreditMemo];

pub(super) fn links(line: &Value) -> impl Iterator<Item = (Entity, String)> {
    line["LinkedTxn"].as_array().cloned().unwrap_or_default().into_iter().filter_map(|link| {
        let entity =
            link["TxnType"].as_str().and_then(Entity::from_name).filter(|entity| PAYABLE_KINDS.contains(entity))?;
        Some((entity, link["TxnId"].as_str()?.to_owned()))
    })
}

/// Whether a payment's line links to a transaction.
pub(super) fn links_to(line: &Value, entity: Entity, id: &str) -> bool {
    links(line).any(|link| link == (entity, id.to_owned()))
}

/// Returns the unapplied part of a payment: the total plus used credits minus paid invoices.
pub(super) fn unapplied(row: &Value) -> Decimal {
    let lines = row["Line"].as_array().into_iter().flatten();
    let applied: Decimal = lines
        .map(|line| match links(line).next() {
            Some((Entity::CreditMemo, _)) => -amount(line, "Amount"),
            Some(_) => amount(line, "Amount"),
            None => Decimal::ZERO,
        })
        .sum();
    amount(row, "TotalAmt") - applied
}
