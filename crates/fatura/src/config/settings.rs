//! The settings: names, meanings and the addresses that follow from them.

use super::{
    connect_pictures::{ConnectPictures, Picture},
    quickbooks_environment::QuickBooksEnvironment,
};
use domain::mapping::Entity;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::path::PathBuf;
use url::Url;

/// All settings. Each is a key of the file in lower case, and an environment variable `FATURA_` and the key in capitals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address that browsers use, as `https://fatura.example.com`.
    pub public_url: Url,
    /// Address to listen on, as `127.0.0.1:8000`.
    pub listen: String,
    /// Address at which the service's figures are, under `/metrics`; not to be reachable from outside. Without it there are none.
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
    /// How often Pipedrive is asked for won deals, for companies that want drafts of them, in seconds. Each time costs ten
    /// of the company's daily tokens.
    #[serde(deserialize_with = "count")]
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
    /// The document at which Intuit says where these three are; it is asked for those that are not set here.
    pub quickbooks_discovery_url: Url,
    /// Whether the keys are those of QuickBooks' sandbox companies or of production companies. The three addresses below follow from it.
    pub quickbooks_environment: QuickBooksEnvironment,
    /// QuickBooks' API.
    pub quickbooks_api_url: Url,
    /// Verifier token of QuickBooks' webhooks; without it none is believed, and changes are only looked for.
    pub quickbooks_verifier_token: SecretString,
    /// How often a company in which an invoice is to be paid is asked what has changed, in seconds, as long as no webhook of it has
    /// arrived or one was lost. Others, and those whose webhooks are proven, are asked less often, in multiples of this.
    #[serde(deserialize_with = "count")]
    pub quickbooks_poll_seconds: u32,
    /// How often a company's QuickBooks is called in a minute at most, by all replicas together. Intuit allows 500; what is left
    /// is for the company's other programs.
    #[serde(deserialize_with = "count")]
    pub quickbooks_calls_a_minute: u32,
    /// How many reads of QuickBooks a calendar month (UTC) allows the whole app: Intuit's free tier has 500,000. What nobody waits for
    /// stays below; 0 is without a limit.
    #[serde(deserialize_with = "count")]
    pub quickbooks_reads_a_month: u32,
    /// Whether an invoice that was sent without an answer, and is not found, may be sent again under the same `requestid`, which
    /// Intuit says makes no second one. If not, a person is asked.
    #[serde(deserialize_with = "answer")]
    pub quickbooks_trust_requestid: bool,
    /// After so many minutes, work that keeps failing is left for a person to look at.
    #[serde(deserialize_with = "count")]
    pub give_up_minutes: u32,
    /// How often Pipedrive is called for one user in a day at most. Pipedrive allows a company so many calls, and one user should not use
    /// up those of the others.
    #[serde(deserialize_with = "count")]
    pub pipedrive_calls_a_day_for_each_user: u32,
    /// How many connections are served at a time, if the process may open as many files.
    #[serde(deserialize_with = "count")]
    pub max_connections: u32,
    /// How long the service still takes requests after the signal to stop, in seconds, while `/readyz` says that it ends: for
    /// load balancers that ask now and then.
    #[serde(deserialize_with = "count")]
    pub shutdown_delay_seconds: u32,
    /// An invoice's page in QuickBooks; `{realm}` and `{id}` are filled in.
    pub quickbooks_invoice_url: String,
    /// A customer's page in QuickBooks; `{realm}` and `{id}` are filled in.
    pub quickbooks_customer_url: String,
    /// Where people of this installation ask for help: an https page or a `mailto:` address. Without it there is no such link.
    #[serde(default)]
    pub support_url: Option<Url>,
    /// Intuit's own *Connect to QuickBooks* picture (PNG or SVG), which Intuit asks listed apps to use; without it
    /// there is a button with these words.
    #[serde(default)]
    pub quickbooks_connect_picture: Option<PathBuf>,
    /// The picture for while the pointer is on it.
    #[serde(default)]
    pub quickbooks_connect_picture_hover: Option<PathBuf>,
}

/// A number, from the file, or a text that is one, from the environment.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u32),
        Text(String),
    }
    match Given::deserialize(deserializer)? {
        Given::Number(number) => Ok(number),
        Given::Text(text) => text.trim().parse().map_err(|_| D::Error::custom("a whole number, as 300, is needed")),
    }
}

/// Yes or no, from the file, or a text that says so, from the environment.
fn answer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Answer(bool),
        Text(String),
    }
    match Given::deserialize(deserializer)? {
        Given::Answer(answer) => Ok(answer),
        Given::Text(text) => text.trim().parse().map_err(|_| D::Error::custom("true or false is needed")),
    }
}

impl Config {
    /// How many reads of QuickBooks a month allows; `None` without a limit.
    pub(crate) fn reads_a_month(&self) -> Option<u64> {
        (self.quickbooks_reads_a_month > 0).then(|| self.quickbooks_reads_a_month.into())
    }

    /// A page of ours.
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

    /// Where to ask for help.
    pub(crate) fn support_page(&self) -> Option<String> {
        self.support_url.as_ref().map(Url::to_string)
    }

    /// Whether cookies can be marked secure.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The pictures of the *Connect* button. The error names the setting.
    pub(crate) fn connect(&self) -> Result<ConnectPictures, String> {
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
