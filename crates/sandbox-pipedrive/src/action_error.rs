//! Reasons for which a change to a record is refused.

/// Reason for a refused change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionError {
    /// An invalid value. The text names the member and the rule.
    Invalid(String),
    /// A missing record. The text names its kind.
    NotFound(String),
    /// A missing permission.
    Forbidden(String),
}
