//! Intuit's two environments, with the addresses that belong to each.

use serde::{Deserialize, Serialize};
use url::Url;

/// The environment that the app's keys belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuickBooksEnvironment {
    /// Development keys: sandbox companies.
    Sandbox,
    /// Production keys: the customers' own companies.
    #[default]
    Production,
}

/// The addresses of an environment. Each is a setting of its own, which takes precedence.
#[derive(Debug, Serialize)]
pub(super) struct Addresses {
    pub(super) quickbooks_api_url: &'static str,
    pub(super) quickbooks_invoice_url: &'static str,
    pub(super) quickbooks_customer_url: &'static str,
    pub(super) quickbooks_discovery_url: &'static str,
}

/// Intuit's documented OAuth endpoints, which are used until its discovery document has been read.
pub(crate) const AUTHORIZE_URL: &str = "https://appcenter.intuit.com/connect/oauth2";
pub(crate) const TOKEN_URL: &str = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer";
pub(crate) const REVOKE_URL: &str = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke";

impl QuickBooksEnvironment {
    const ALL: [Self; 2] = [Self::Sandbox, Self::Production];

    /// Its name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// The default addresses. A link contains the company, because otherwise QuickBooks opens the transaction with this id in the company
    /// that was used last.
    pub(super) const fn addresses(self) -> Addresses {
        match self {
            Self::Sandbox => Addresses {
                quickbooks_api_url: "https://sandbox-quickbooks.api.intuit.com",
                quickbooks_invoice_url: "https://sandbox.qbo.intuit.com/app/login?pagereq=invoice%3FtxnId%3D{id}&deeplinkcompanyid={realm}",
                quickbooks_customer_url: "https://sandbox.qbo.intuit.com/app/login?pagereq=customerdetail%3FnameId%3D{id}&deeplinkcompanyid={realm}",
                quickbooks_discovery_url: "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration/",
            },
            Self::Production => Addresses {
                quickbooks_api_url: "https://quickbooks.api.intuit.com",
                quickbooks_invoice_url: "https://qbo.intuit.com/app/login?pagereq=invoice%3FtxnId%3D{id}&deeplinkcompanyid={realm}",
                quickbooks_customer_url: "https://qbo.intuit.com/app/login?pagereq=customerdetail%3FnameId%3D{id}&deeplinkcompanyid={realm}",
                quickbooks_discovery_url: "https://developer.api.intuit.com/.well-known/openid_configuration",
            },
        }
    }

    /// Finds the problems of the configured addresses. A link to the other environment would open a transaction of another company.
    pub(super) fn find_address_problems(self, api: &str, invoices: &str, customers: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let links = [("quickbooks_invoice_url", invoices), ("quickbooks_customer_url", customers)];
        for (key, link) in links {
            let is_web = host(link).is_some() && link.starts_with("http");
            if !is_web || !link.contains("{realm}") || !link.contains("{id}") {
                problems
                    .push(format!("{key} is {link}: it has to be an https address with {{realm}} and {{id}} in it"));
            }
        }
        for (key, address) in [("quickbooks_api_url", api)].into_iter().chain(links) {
            let other = Self::ALL.into_iter().find(|other| *other != self && other.has_host(address));
            if let Some(other) = other {
                let (own, other) = (self.name(), other.name());
                problems.push(format!(
                    "{key} is an address of QuickBooks' {other} environment, and quickbooks_environment is {own}: leave {key} out"
                ));
            }
        }
        problems
    }

    /// Whether the host of an address belongs to this environment.
    fn has_host(self, address: &str) -> bool {
        let Addresses { quickbooks_api_url, quickbooks_invoice_url, .. } = self.addresses();
        let own = [quickbooks_api_url, quickbooks_invoice_url].map(host);
        let browser = match self {
            Self::Sandbox => "app.sandbox.qbo.intuit.com",
            Self::Production => "app.qbo.intuit.com",
        };
        host(address).is_some_and(|found| found == browser || own.contains(&Some(found)))
    }
}

fn host(address: &str) -> Option<String> {
    Url::parse(address).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::DEFAULTS;
    use figment::{
        Figment,
        providers::{Format, Serialized, Toml},
    };

    const REQUIRED: &str = r#"
        public_url = "https://fatura.example"
        database_url = "sqlite:x"
        key_ring = "a:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
        pipedrive_client_id = "1"
        pipedrive_client_secret = "0123456789abcdef"
        pipedrive_jwt_secret_panel = "1123456789abcdef"
        pipedrive_jwt_secret_form = "2123456789abcdef"
        pipedrive_jwt_secret_settings = "3123456789abcdef"
        quickbooks_client_id = "2"
        quickbooks_client_secret = "4123456789abcdef"
    "#;

    /// Reads a configuration with these settings besides the required ones. The error is the message.
    fn config(settings: &str) -> Result<Config, String> {
        let figment =
            Figment::from(Serialized::defaults(DEFAULTS)).merge(Toml::string(&format!("{REQUIRED}\n{settings}")));
        Config::from_settings(figment).map_err(|unusable| unusable.to_string())
    }

    fn addresses(config: &Config) -> [String; 3] {
        let invoice = config.invoice_page("4620816365", "145");
        [config.quickbooks_api_url.to_string(), invoice, config.customer_page("4620816365", "58")]
    }

    #[test]
    fn the_addresses_follow_the_environment() {
        let production = [
            "https://quickbooks.api.intuit.com/",
            "https://qbo.intuit.com/app/login?pagereq=invoice%3FtxnId%3D145&deeplinkcompanyid=4620816365",
            "https://qbo.intuit.com/app/login?pagereq=customerdetail%3FnameId%3D58&deeplinkcompanyid=4620816365",
        ];
        let sandbox = [
            "https://sandbox-quickbooks.api.intuit.com/",
            "https://sandbox.qbo.intuit.com/app/login?pagereq=invoice%3FtxnId%3D145&deeplinkcompanyid=4620816365",
            "https://sandbox.qbo.intuit.com/app/login?pagereq=customerdetail%3FnameId%3D58&deeplinkcompanyid=4620816365",
        ];
        assert_eq!(addresses(&config("").unwrap()), production);
        assert_eq!(addresses(&config(r#"quickbooks_environment = "production""#).unwrap()), production);
        assert_eq!(addresses(&config(r#"quickbooks_environment = "sandbox""#).unwrap()), sandbox);
        // The parameters as QuickBooks decodes them.
        let link = Url::parse(production[1]).unwrap();
        let pairs: Vec<_> = link.query_pairs().collect();
        assert_eq!(
            pairs,
            [("pagereq".into(), "invoice?txnId=145".into()), ("deeplinkcompanyid".into(), "4620816365".into())]
        );
    }

    #[test]
    fn a_configured_address_replaces_only_its_own_default() {
        let configured = config(
            r#"
            quickbooks_environment = "sandbox"
            quickbooks_invoice_url = "http://127.0.0.1:7804/app/login?pagereq=invoice%3FtxnId%3D{id}&deeplinkcompanyid={realm}"
        "#,
        );
        let [api, invoice, customer] = addresses(&configured.unwrap());
        assert_eq!(api, "https://sandbox-quickbooks.api.intuit.com/");
        assert!(invoice.starts_with("http://127.0.0.1:7804/"), "{invoice}");
        assert!(customer.starts_with("https://sandbox.qbo.intuit.com/"), "{customer}");
    }

    #[test]
    fn a_wrong_value_is_named_with_the_allowed_ones() {
        for value in ["prod", "Sandbox", ""] {
            let problems = config(&format!(r#"quickbooks_environment = "{value}""#)).unwrap_err();
            assert!(
                problems.contains(&format!("quickbooks_environment is {value}: it has to be sandbox or production")),
                "{problems}"
            );
        }
        let problems = config("quickbooks_environment = true").unwrap_err();
        assert!(problems.contains("quickbooks_environment"), "{problems}");
        for link in ["qbo.intuit.com/{realm}/{id}", "https://qbo.intuit.com/{id}", "https://qbo.intuit.com/{realm}"] {
            for key in ["quickbooks_invoice_url", "quickbooks_customer_url"] {
                let problems = config(&format!(r#"{key} = "{link}""#)).unwrap_err();
                assert!(
                    problems
                        .contains(&format!("{key} is {link}: it has to be an https address with {{realm}} and {{id}}")),
                    "{problems}"
                );
            }
        }
    }

    #[test]
    fn an_address_of_the_other_environment_is_refused() {
        let [sandbox, production] = QuickBooksEnvironment::ALL;
        for (environment, other) in [(production, sandbox), (sandbox, production)] {
            let (environment, other, addresses) = (environment.name(), other.name(), other.addresses());
            for (key, address) in [
                ("quickbooks_api_url", addresses.quickbooks_api_url),
                ("quickbooks_invoice_url", addresses.quickbooks_invoice_url),
                ("quickbooks_customer_url", addresses.quickbooks_customer_url),
            ] {
                let problems =
                    config(&format!("quickbooks_environment = \"{environment}\"\n{key} = \"{address}\"")).unwrap_err();
                assert!(
                    problems.contains(&format!("{key} is an address of QuickBooks' {other} environment")),
                    "{problems}"
                );
            }
        }
    }

    #[test]
    fn a_start_without_secrets_or_with_equal_ones_is_refused() {
        let nothing = Config::from_settings(Figment::from(Serialized::defaults(DEFAULTS)))
            .expect_err("no setting is there")
            .to_string();
        for line in REQUIRED.lines().filter_map(|line| line.split_once(" = ")) {
            assert!(nothing.contains(line.0.trim()), "{}: {nothing}", line.0);
        }
        let equal = config("").and_then(|_| {
            let doubled = REQUIRED.replace("2123456789abcdef", "1123456789abcdef");
            let figment = Figment::from(Serialized::defaults(DEFAULTS)).merge(Toml::string(&doubled));
            Config::from_settings(figment).map(drop).map_err(|unusable| unusable.to_string())
        });
        let refused = equal.expect_err("two surfaces must not share a secret");
        assert!(refused.contains("pipedrive_jwt_secret_form is the same as pipedrive_jwt_secret_panel"), "{refused}");
    }

    #[test]
    fn an_error_about_a_secret_without_quotes_does_not_contain_it() {
        let refused = config("quickbooks_verifier_token = 987654321").expect_err("a number is no secret");
        assert!(refused.contains("quickbooks_verifier_token has the wrong type"), "{refused}");
        assert!(!refused.contains("987654321"), "{refused}");
    }
}
