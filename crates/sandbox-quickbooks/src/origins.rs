//! The addresses at which the simulator is reached.

/// Base addresses, without a slash at the end.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Intuit's consent page, token endpoint and discovery document.
    pub intuit: String,
    /// The Accounting API.
    pub api: String,
    /// The web pages.
    pub web: String,
}
