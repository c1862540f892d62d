//! The configuration: a TOML file, overridden by `FATURA_…` environment variables, checked before anything starts.

mod addresses;
mod checks;
pub(crate) mod connect_pictures;
mod explain;
pub mod quickbooks_environment;
mod settings;

pub use settings::Config;

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use quickbooks_environment::QuickBooksEnvironment;
use serde::Serialize;
use std::path::Path;

/// The defaults: the real providers' public addresses.
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

/// The required settings.
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

/// The configuration is invalid. The message has a line for each problem.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n{0}")]
pub struct InvalidConfig(String);

/// Merges settings as texts, so that a client id of digits does not become a number.
fn merge_texts(figment: Figment, values: impl IntoIterator<Item = (String, String)>) -> Figment {
    values.into_iter().fold(figment, |figment, (key, value)| figment.merge(Serialized::default(&key, value)))
}

impl Config {
    /// Reads the file, if there is one, and the environment.
    pub fn read(file: Option<&Path>) -> Result<Self, InvalidConfig> {
        let mut figment = Figment::from(Serialized::defaults(DEFAULTS));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let variables = std::env::vars().filter(|(name, _)| name != "FATURA_CONFIG_FILE");
        let overrides =
            variables.filter_map(|(name, value)| Some((name.strip_prefix("FATURA_")?.to_lowercase(), value)));
        Self::from_settings(merge_texts(figment, overrides))
    }

    /// Uses these settings by name, without a file and without the environment.
    pub fn from_values(values: impl IntoIterator<Item = (String, String)>) -> Result<Self, InvalidConfig> {
        Self::from_settings(merge_texts(Figment::from(Serialized::defaults(DEFAULTS)), values))
    }

    /// Validates the settings, after the default addresses of the environment are filled in.
    fn from_settings(figment: Figment) -> Result<Self, InvalidConfig> {
        // An invalid value is reported below, with the other problems.
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
            return Err(InvalidConfig(missing.concat()));
        }
        let config: Self = figment.extract().map_err(|errors| {
            InvalidConfig(errors.into_iter().map(|error| format!("- {}\n", explain::explain_error(&error))).collect())
        })?;
        let problems = checks::find_problems(&config);
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(InvalidConfig(problems.iter().map(|text| format!("- {text}\n")).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn config(api: &str) -> Config {
        let url = |text: &str| Url::parse(text).expect("a valid URL");
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
    fn each_problem_names_its_setting() {
        let problems = checks::find_problems(&config("*.pipedrive.com")).join("\n");
        assert!(problems.contains("key_ring"), "{problems}");
        assert!(problems.contains("pipedrive_jwt_secret_panel is shorter"), "{problems}");
    }

    #[test]
    fn a_verifier_token_that_can_be_guessed_is_refused() {
        let find = |token: &str| {
            let mut config = config("*.pipedrive.com");
            config.quickbooks_verifier_token = token.into();
            checks::find_problems(&config)
                .into_iter()
                .filter(|line| line.contains("quickbooks_verifier_token"))
                .collect::<Vec<_>>()
        };
        for token in ["", "ba8e8f9d-5cc1-4b1e-8a9a-2f7f0d6c1a11", "sandbox-quickbooks-verifier-token"] {
            assert_eq!(find(token), Vec::<String>::new(), "{token}");
        }
        for token in ["verifier", "0123456789abcde"] {
            let problems = find(token).concat();
            assert!(
                problems.contains("shorter than 16 characters; copy all of it from the webhooks page"),
                "{problems}"
            );
        }
        for token in
            ["your-verifier-token-here", "xxxxxxxxxxxxxxxxxxxx", "YOUR_VERIFIER_TOKEN", "<your verifier token>"]
        {
            assert!(find(token).concat().contains("is a placeholder"), "{token}: {:?}", find(token));
        }
    }

    #[test]
    fn plain_http_any_host_and_line_breaks_are_refused() {
        let valid = checks::find_problems(&config("*.pipedrive.com")).join("\n");
        let mut config = config("*");
        config.quickbooks_token_url = Url::parse("http://oauth.example/token").ok();
        config.pipedrive_frame_ancestors = "*".into();
        config.quickbooks_client_id = "ABC\n".into();
        let problems = checks::find_problems(&config).join("\n");
        for name in ["quickbooks_token_url", "pipedrive_api", "pipedrive_frame_ancestors", "quickbooks_client_id"] {
            assert!(problems.contains(name), "{name}: {problems}");
            assert!(!valid.contains(name), "{name}: {valid}");
        }
    }
}
