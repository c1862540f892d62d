//! The app as registered in Intuit's developer portal.

/// The registration.
#[derive(Debug)]
pub struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uris: Vec<String>,
}

impl App {
    /// Registers an app that runs at `app_url`, with further addresses for the redirect after consent.
    pub fn new(app_url: &str, redirect_uris: &[String]) -> Self {
        Self {
            client_id: "ABsandbox0quickbooks0client".into(),
            client_secret: "sandbox-quickbooks-client-secret".into(),
            redirect_uris: std::iter::once(format!("{app_url}/quickbooks/callback"))
                .chain(redirect_uris.iter().cloned())
                .collect(),
        }
    }
}
