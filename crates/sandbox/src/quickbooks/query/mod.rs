//! QuickBooks' query language: `select * from Customer where DisplayName like 'A%' orderby Id maxresults 10`.

mod accents;
mod parse;
mod run;
mod words;

pub(super) use run::answer;

use super::{company::keys::Kind, entity::Entity};

/// What a query wants to see of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Projection {
    All,
    Count,
    /// Paths, spelled as in the schema.
    Members(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
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
struct Condition {
    /// Where the property stands among the entity's keys.
    at: usize,
    kind: Kind,
    operator: Operator,
    values: Vec<String>,
}

/// A query that has been read and checked against the schema.
#[derive(Debug, Clone)]
struct Query {
    entity: Entity,
    projection: Projection,
    conditions: Vec<Condition>,
    /// Keys to sort by; `true` for descending.
    order: Vec<(usize, bool)>,
    /// From 1.
    start: usize,
    max: usize,
}
