//! A parsed query.

use crate::{company::keys::Kind, entity::Entity};

/// The requested part of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Projection {
    All,
    Count,
    /// Paths, spelled as in the schema.
    Members(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Like,
    In,
}

/// A condition on one property.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// Index of the property among the entity's keys.
    pub(super) at: usize,
    pub(super) kind: Kind,
    pub(super) operator: Operator,
    pub(super) values: Vec<String>,
}

/// A query that was parsed and checked against the schema.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) entity: Entity,
    pub(super) projection: Projection,
    pub(super) conditions: Vec<Condition>,
    /// Indexes of the keys to sort by, with `true` for descending order.
    pub(super) order: Vec<(usize, bool)>,
    /// Position of the first row, counted from 1.
    pub(super) start: usize,
    pub(super) max: usize,
}
