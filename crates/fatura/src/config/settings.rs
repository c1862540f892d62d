//! The settings: names, meanings and derived addresses.

use super::{
    connect_pictures::{ConnectPictures, Picture},
    quickbooks_environment::QuickBooksEnvironment,
};
use domain::mapping::Entity;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::path::PathBuf;
use url::Url;

/// All settings. Each is a key of the file in lower case, and an environment variable: `FATURA_` and the key in capitals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address that browsers use, as `https://fatura.example.com`.
    pub public_url: Url,
    /// Address to listen on, as `127.0.0.1:8000`.
    pub listen: String,
    /// Address that serves the metrics under `/metrics`. It must not be reachable from outside. If unset, metrics are not served.
    #[serde(default)]
    pub metrics_listen: Option<String>,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: SecretString,
    /// Keys that seal secrets in the database: `id:base64[,id:base64…]`, newest first.
    pub key_ring: SecretString,
    /// Pipedrive's client id.
    pub pipedrive_client_id: String,
    /// Pipedrive's client secret.
    pub pipedrive_client_secret: SecretString,
    /// JWT secret of the custom panel.
    pub pipedrive_jwt_secret_panel: SecretString,
    /// JWT secret of the custom modal.
    pub pipedrive_jwt_secret_form: SecretString,
    /// JWT secret of the app settings page.
    pub pipedrive_jwt_secret_settings: SecretString,
    /// QuickBooks' client id.
    pub quickbooks_client_id: String,
    /// QuickBooks' client secret.
    pub quickbooks_client_secret: SecretString,
    /// Pipedrive's consent page.
    pub pipedrive_authorize_url: Url,
    /// Pipedrive's token endpoint.
    pub pipedrive_token_url: Url,
    /// Pipedrive's revocation endpoint.
    pub pipedrive_revoke_url: Url,
    /// Hosts that Pipedrive's API may be at: `*.pipedrive.com`, or one exact base address.
    pub pipedrive_api: String,
    /// The hosts whose pages may embed ours.
    pub pipedrive_frame_ancestors: String,
    /// The app's settings page within Pipedrive; `{domain}` and `{client_id}` are filled in.
    pub pipedrive_settings_url: String,
    /// A record's page in Pipedrive; `{domain}`, `{entity}` and `{id}` are filled in.
    pub pipedrive_record_url: String,
    /// Interval of polling won deals, in seconds, of companies that want drafts of them. Each poll costs ten of the company's daily
    /// tokens of Pipedrive.
    #[serde(deserialize_with = "deserialize_number")]
    pub pipedrive_poll_seconds: u32,
    /// QuickBooks' consent page.
    #[serde(default)]
    pub quickbooks_authorize_url: Option<Url>,
    /// QuickBooks' token endpoint.
    #[serde(default)]
    pub quickbooks_token_url: Option<Url>,
    /// QuickBooks' revocation endpoint.
    #[serde(default)]
    pub quickbooks_revoke_url: Option<Url>,
    /// Intuit's discovery document, for those of the three endpoints above that are not set.
    pub quickbooks_discovery_url: Url,
    /// Whether the keys are those of QuickBooks' sandbox companies or of production companies. The three addresses below follow from it.
    pub quickbooks_environment: QuickBooksEnvironment,
    /// QuickBooks' API.
    pub quickbooks_api_url: Url,
    /// Verifier token of QuickBooks' webhooks. If empty, no webhook is accepted, and changes are found only by polling.
    pub quickbooks_verifier_token: SecretString,
    /// Interval of polling changes, in seconds, of a company that has an invoice with a balance and whose webhooks are not proven to
    /// arrive. Other companies are polled less often, at multiples of this interval.
    #[serde(deserialize_with = "deserialize_number")]
    pub quickbooks_poll_seconds: u32,
    /// Maximum calls per minute to one QuickBooks company, by all replicas together. Intuit allows 500; the difference is left to the
    /// company's other programs.
    #[serde(deserialize_with = "deserialize_number")]
    pub quickbooks_calls_a_minute: u32,
    /// Reads of QuickBooks that the whole app may make in a calendar month (UTC): Intuit's free tier has 500,000. Background reads stay
    /// below it. 0 means no limit.
    #[serde(deserialize_with = "deserialize_number")]
    pub quickbooks_reads_a_month: u32,
    /// Whether an invoice that was sent without an answer and is not found may be resent with the same `requestid`. Intuit documents
    /// that this creates no second one. If not, the invoice is parked.
    #[serde(deserialize_with = "deserialize_bool")]
    pub quickbooks_trust_requestid: bool,
    /// Minutes until failing work is parked for an operator.
    #[serde(deserialize_with = "deserialize_number")]
    pub give_up_minutes: u32,
    /// Maximum calls per day to Pipedrive for one user, so that one user does not use up the calls that Pipedrive allows the company.
    #[serde(deserialize_with = "deserialize_number")]
    pub pipedrive_calls_a_day_for_each_user: u32,
    /// Maximum concurrent connections, if the process may open as many files.
    #[serde(deserialize_with = "deserialize_number")]
    pub max_connections: u32,
    /// Seconds after the signal to stop in which the service still accepts requests while `/readyz` fails, so that load balancers can
    /// notice.
    #[serde(deserialize_with = "deserialize_number")]
    pub shutdown_delay_seconds: u32,
    /// An invoice's page in QuickBooks; `{realm}` and `{id}` are filled in.
    pub quickbooks_invoice_url: String,
    /// A customer's page in QuickBooks; `{realm}` and `{id}` are filled in.
    pub quickbooks_customer_url: String,
    /// Address of this installation's support: an https page or a `mailto:` address. If unset, pages have no such link.
    #[serde(default)]
    pub support_url: Option<Url>,
    /// Intuit's *Connect to QuickBooks* picture (PNG or SVG), which Intuit asks listed apps to use. If unset, the button has these words.
    #[serde(default)]
    pub quickbooks_connect_picture: Option<PathBuf>,
    /// The picture while the pointer is over the button.
    #[serde(default)]
    pub quickbooks_connect_picture_hover: Option<PathBuf>,
}

/// Deserializes a number of the file, or a number as text of the environment.
fn deserialize_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(u32),
        Text(String),
    }
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => {
            text.trim().parse().map_err(|_| D::Error::custom("a whole number, as 300, is needed"))
        }
    }
}

/// Deserializes a boolean of the file, or a boolean as text of the environment.
fn deserialize_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum BoolOrText {
        Bool(bool),
        Text(String),
    }
    match BoolOrText::deserialize(deserializer)? {
        BoolOrText::Bool(value) => Ok(value),
        BoolOrText::Text(text) => text.trim().parse().map_err(|_| D::Error::custom("true or false is needed")),
    }
}

impl Config {
    /// Reads of QuickBooks that a month allows. `None` means no limit.
    pub(crate) fn reads_a_month(&self) -> Option<u64> {
        (self.quickbooks_reads_a_month > 0).then(|| self.quickbooks_reads_a_month.into())
    }

    /// The absolute address of one of our pages.
    pub(crate) fn page(&self, path: &str) -> Url {
        self.public_url.join(path).unwrap_or_else(|_| self.public_url.clone())
    }

    /// The app's settings page within Pipedrive.
    pub(crate) fn settings_page(&self, domain: &str) -> String {
        self.pipedrive_settings_url.replace("{domain}", domain).replace("{client_id}", &self.pipedrive_client_id)
    }

    /// A record's page in Pipedrive.
    pub(crate) fn record_page(&self, domain: &str, entity: Entity, id: i64) -> String {
        let page = self.pipedrive_record_url.replace("{domain}", domain);
        page.replace("{entity}", entity.name()).replace("{id}", &id.to_string())
    }

    /// An invoice's page in QuickBooks.
    pub(crate) fn invoice_page(&self, realm_id: &str, invoice: &str) -> String {
        self.quickbooks_invoice_url.replace("{realm}", realm_id).replace("{id}", invoice)
    }

    /// A customer's page in QuickBooks.
    pub(crate) fn customer_page(&self, realm_id: &str, customer: &str) -> String {
        self.quickbooks_customer_url.replace("{realm}", realm_id).replace("{id}", customer)
    }

    /// The address of the support.
    pub(crate) fn support_page(&self) -> Option<String> {
        self.support_url.as_ref().map(Url::to_string)
    }

    /// Whether cookies can be marked secure.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Reads the pictures of the *Connect* button. The error names the setting.
    pub(crate) fn read_connect_pictures(&self) -> Result<ConnectPictures, String> {
        let read = |name, file: &Option<PathBuf>| {
            file.as_deref().map(Picture::read).transpose().map_err(|error| format!("{name}: {error}"))
        };
        Ok(ConnectPictures {
            rest: read("quickbooks_connect_picture", &self.quickbooks_connect_picture)?,
            hover: read("quickbooks_connect_picture_hover", &self.quickbooks_connect_picture_hover)?,
        })
    }

    /// Whether Pipedrive's API may be at this address. The address comes with a token answer, so it is not trusted.
    pub(crate) fn allows_api(&self, api: &Url) -> bool {
        match self.pipedrive_api.strip_prefix('*') {
            Some(suffix) => {
                api.scheme() == "https"
                    && api.host_str().is_some_and(|host| host.len() > suffix.len() && host.ends_with(suffix))
                    && api.port().is_none()
                    && api.username().is_empty()
                    && api.password().is_none()
            }
            None => Url::parse(&self.pipedrive_api).is_ok_and(|allowed| allowed.origin() == api.origin()),
        }
    }
}
