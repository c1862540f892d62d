//! The addresses at which the simulator is reached.

/// Base addresses, without a slash at the end.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The web pages.
    pub web: String,
    /// The consent page and the token endpoint.
    pub oauth: String,
    /// The REST API.
    pub api: String,
}
