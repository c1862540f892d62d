//! The configuration: a TOML file, overridden by `FATURA_…` environment variables, checked before anything starts.

mod addresses;
pub(crate) mod connect_pictures;
mod explain;
pub mod quickbooks_environment;

use connect_pictures::{ConnectPictures, Picture};
use domain::mapping::Entity;
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use quickbooks_environment::QuickBooksEnvironment;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::path::{Path, PathBuf};
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
    /// Who may embed our pages.
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
    /// How long the service still takes requests after it was told to stop, in seconds, while `/readyz` says that it ends: for
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

/// What holds where nothing is set: the real providers' public addresses.
#[derive(Debug, Serialize)]
struct Defaults {
    listen: &'static str,
    pipedrive_authorize_url: &'static str,
    pipedrive_token_url: &'static str,
    pipedrive_revoke_url: &'static str,
    pipedrive_api: &'static str,
    pipedrive_frame_ancestors: &'static str,
    pipedrive_settings_url: &'static str,
    pipedrive_record_url: &'static str,
    pipedrive_poll_seconds: u32,
    quickbooks_environment: &'static str,
    quickbooks_verifier_token: &'static str,
    quickbooks_poll_seconds: u32,
    quickbooks_calls_a_minute: u32,
    quickbooks_reads_a_month: u32,
    quickbooks_trust_requestid: bool,
    give_up_minutes: u32,
    pipedrive_calls_a_day_for_each_user: u32,
    max_connections: u32,
    shutdown_delay_seconds: u32,
}

const DEFAULTS: Defaults = Defaults {
    listen: "127.0.0.1:8000",
    pipedrive_authorize_url: "https://oauth.pipedrive.com/oauth/authorize",
    pipedrive_token_url: "https://oauth.pipedrive.com/oauth/token",
    pipedrive_revoke_url: "https://oauth.pipedrive.com/oauth/revoke",
    pipedrive_api: "*.pipedrive.com",
    pipedrive_frame_ancestors: "https://*.pipedrive.com",
    pipedrive_settings_url: "https://{domain}.pipedrive.com/settings/marketplace/app/{client_id}/app-settings",
    pipedrive_record_url: "https://{domain}.pipedrive.com/{entity}/{id}",
    pipedrive_poll_seconds: 300,
    quickbooks_environment: QuickBooksEnvironment::Production.name(),
    quickbooks_verifier_token: "",
    quickbooks_poll_seconds: 300,
    quickbooks_calls_a_minute: 460,
    quickbooks_reads_a_month: 500_000,
    quickbooks_trust_requestid: true,
    give_up_minutes: 720,
    pipedrive_calls_a_day_for_each_user: 15_000,
    max_connections: 8192,
    shutdown_delay_seconds: 0,
};

/// What has no default.
const REQUIRED: [&str; 10] = [
    "public_url",
    "database_url",
    "key_ring",
    "pipedrive_client_id",
    "pipedrive_client_secret",
    "pipedrive_jwt_secret_panel",
    "pipedrive_jwt_secret_form",
    "pipedrive_jwt_secret_settings",
    "quickbooks_client_id",
    "quickbooks_client_secret",
];

/// The configuration cannot be used; one sentence for each thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n{0}")]
pub struct Unusable(String);

impl Config {
    /// Reads the file, if there is one, and the environment.
    pub fn read(file: Option<&Path>) -> Result<Self, Unusable> {
        let mut figment = Figment::from(Serialized::defaults(DEFAULTS));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        // As texts: a client id of digits is not a number.
        for (name, value) in std::env::vars().filter(|(name, _)| name != "FATURA_CONFIG_FILE") {
            if let Some(key) = name.strip_prefix("FATURA_") {
                figment = figment.merge(Serialized::default(&key.to_lowercase(), value));
            }
        }
        Self::from_settings(figment)
    }

    /// The configuration out of the settings, with what follows from them.
    fn from_settings(figment: Figment) -> Result<Self, Unusable> {
        // A value that is none is reported with the others.
        let environment: QuickBooksEnvironment = figment.extract_inner("quickbooks_environment").unwrap_or_default();
        let figment = figment.join(Serialized::defaults(environment.addresses()));
        let missing: Vec<String> = REQUIRED
            .into_iter()
            .filter(|key| figment.find_value(key).is_err())
            .map(|key| {
                format!("- {key} is missing: set it in the file, or FATURA_{} in the environment\n", key.to_uppercase())
            })
            .collect();
        if !missing.is_empty() {
            return Err(Unusable(missing.concat()));
        }
        let config: Self = figment.extract().map_err(|errors| {
            Unusable(errors.into_iter().map(|error| format!("- {}\n", explain::explained(&error))).collect())
        })?;
        let wrong = config.wrong();
        if wrong.is_empty() {
            Ok(config)
        } else {
            Err(Unusable(wrong.iter().map(|text| format!("- {text}\n")).collect()))
        }
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let local = matches!(self.public_url.host_str(), Some("localhost" | "127.0.0.1"));
        if self.public_url.scheme() != "https" && !local {
            wrong.push(format!(
                "public_url is {}: QuickBooks and Pipedrive take only https; set it to the address that browsers use",
                self.public_url
            ));
        }
        if self.public_url.path() != "/" {
            wrong.push("public_url has a path: Fatura needs a host name of its own".to_owned());
        }
        if let Err(error) = store::vault::Vault::from_ring(&self.key_ring) {
            wrong.push(format!("key_ring: {error}"));
        }
        let secrets = [
            ("pipedrive_client_secret", &self.pipedrive_client_secret),
            ("pipedrive_jwt_secret_panel", &self.pipedrive_jwt_secret_panel),
            ("pipedrive_jwt_secret_form", &self.pipedrive_jwt_secret_form),
            ("pipedrive_jwt_secret_settings", &self.pipedrive_jwt_secret_settings),
            ("quickbooks_client_secret", &self.quickbooks_client_secret),
        ];
        for (at, (name, secret)) in secrets.iter().enumerate() {
            if secret.expose_secret().len() < 16 {
                let advice = if name.ends_with("client_secret") {
                    "copy all of it from the provider's page of your app"
                } else {
                    "make one with: openssl rand -hex 32"
                };
                wrong.push(format!("{name} is shorter than 16 characters; {advice}"));
            }
            for (other, same) in &secrets[..at] {
                if same.expose_secret() == secret.expose_secret() {
                    wrong.push(format!("{name} is the same as {other}: each surface needs a secret of its own"));
                }
            }
        }
        let verifier = self.quickbooks_verifier_token.expose_secret();
        // Without one no webhook is taken; with one that can be guessed, anybody's would be.
        if !verifier.is_empty() && verifier.len() < 16 {
            wrong.push(
                "quickbooks_verifier_token is shorter than 16 characters; copy all of it from the webhooks page of your app at Intuit, or leave it out"
                    .to_owned(),
            );
        }
        wrong.extend(addresses::wrong(self));
        wrong.extend(self.quickbooks_environment.wrong_addresses(
            self.quickbooks_api_url.as_str(),
            &self.quickbooks_invoice_url,
            &self.quickbooks_customer_url,
        ));
        if self.quickbooks_calls_a_minute == 0 {
            wrong.push("quickbooks_calls_a_minute is 0: QuickBooks would never be called".to_owned());
        }
        wrong.extend(self.connect().err());
        wrong
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(api: &str) -> Config {
        let url = |text: &str| Url::parse(text).expect("an address");
        Config {
            public_url: url("https://fatura.example"),
            listen: String::new(),
            metrics_listen: None,
            database_url: "sqlite:x".into(),
            key_ring: "".into(),
            pipedrive_client_id: String::new(),
            pipedrive_client_secret: "".into(),
            pipedrive_jwt_secret_panel: "".into(),
            pipedrive_jwt_secret_form: "".into(),
            pipedrive_jwt_secret_settings: "".into(),
            quickbooks_client_id: String::new(),
            quickbooks_client_secret: "".into(),
            pipedrive_authorize_url: url(DEFAULTS.pipedrive_authorize_url),
            pipedrive_token_url: url(DEFAULTS.pipedrive_token_url),
            pipedrive_revoke_url: url(DEFAULTS.pipedrive_revoke_url),
            pipedrive_api: api.into(),
            pipedrive_frame_ancestors: String::new(),
            pipedrive_settings_url: String::new(),
            pipedrive_record_url: String::new(),
            quickbooks_authorize_url: None,
            quickbooks_token_url: None,
            quickbooks_revoke_url: None,
            quickbooks_discovery_url: url(QuickBooksEnvironment::Production.addresses().quickbooks_discovery_url),
            quickbooks_environment: QuickBooksEnvironment::Production,
            quickbooks_api_url: url(QuickBooksEnvironment::Production.addresses().quickbooks_api_url),
            pipedrive_poll_seconds: 300,
            quickbooks_verifier_token: String::new().into(),
            quickbooks_poll_seconds: 300,
            quickbooks_calls_a_minute: 460,
            quickbooks_reads_a_month: 500_000,
            quickbooks_trust_requestid: true,
            give_up_minutes: 720,
            pipedrive_calls_a_day_for_each_user: 15_000,
            max_connections: 8192,
            shutdown_delay_seconds: 0,
            quickbooks_customer_url: String::new(),
            quickbooks_invoice_url: String::new(),
            support_url: None,
            quickbooks_connect_picture: None,
            quickbooks_connect_picture_hover: None,
        }
    }

    #[test]
    fn an_api_domain_is_pipedrives_or_refused() {
        let config = config("*.pipedrive.com");
        let check = |address: &str| Url::parse(address).is_ok_and(|url| config.allows_api(&url));
        assert!(check("https://acme.pipedrive.com"));
        for address in [
            "http://acme.pipedrive.com",
            "https://pipedrive.com.evil.example",
            "https://evil.example#.pipedrive.com",
            "https://evilpipedrive.com",
            "https://acme.pipedrive.com:8443",
            "https://a:b@acme.pipedrive.com",
            "http://127.0.0.1:80",
            "http://169.254.169.254",
        ] {
            assert!(!check(address), "{address}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let wrong = config("*.pipedrive.com").wrong().join("\n");
        assert!(wrong.contains("key_ring"), "{wrong}");
        assert!(wrong.contains("pipedrive_jwt_secret_panel is shorter"), "{wrong}");
    }

    #[test]
    fn a_verifier_token_that_can_be_guessed_is_refused() {
        let said = |token: &str| {
            let mut config = config("*.pipedrive.com");
            config.quickbooks_verifier_token = token.into();
            config.wrong().into_iter().filter(|line| line.contains("quickbooks_verifier_token")).collect::<Vec<_>>()
        };
        for token in ["", "ba8e8f9d-5cc1-4b1e-8a9a-2f7f0d6c1a11", "sandbox-quickbooks-verifier-token"] {
            assert_eq!(said(token), Vec::<String>::new(), "{token}");
        }
        for token in ["verifier", "0123456789abcde"] {
            let wrong = said(token).concat();
            assert!(wrong.contains("shorter than 16 characters; copy all of it from the webhooks page"), "{wrong}");
        }
        for token in
            ["your-verifier-token-here", "xxxxxxxxxxxxxxxxxxxx", "YOUR_VERIFIER_TOKEN", "<your verifier token>"]
        {
            assert!(said(token).concat().contains("is a placeholder"), "{token}: {:?}", said(token));
        }
    }

    #[test]
    fn tokens_in_the_clear_any_host_and_line_breaks_are_refused() {
        let fine = config("*.pipedrive.com").wrong().join("\n");
        let mut config = config("*");
        config.quickbooks_token_url = Url::parse("http://oauth.example/token").ok();
        config.pipedrive_frame_ancestors = "*".into();
        config.quickbooks_client_id = "ABC\n".into();
        let wrong = config.wrong().join("\n");
        for name in ["quickbooks_token_url", "pipedrive_api", "pipedrive_frame_ancestors", "quickbooks_client_id"] {
            assert!(wrong.contains(name), "{name}: {wrong}");
            assert!(!fine.contains(name), "{name}: {fine}");
        }
    }
}
