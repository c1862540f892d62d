//! Checks all settings before anything starts.

use super::{addresses, settings::Config};
use secrecy::ExposeSecret;

/// Finds the problems of a configuration, one sentence for each setting.
pub(super) fn find_problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let local = matches!(config.public_url.host_str(), Some("localhost" | "127.0.0.1"));
    if config.public_url.scheme() != "https" && !local {
        problems.push(format!(
            "public_url is {}: QuickBooks and Pipedrive take only https; set it to the address that browsers use",
            config.public_url
        ));
    }
    if config.public_url.path() != "/" {
        problems.push("public_url has a path: Fatura needs a host name of its own".to_owned());
    }
    if let Err(error) = store::vault::Vault::from_ring(&config.key_ring) {
        problems.push(format!("key_ring: {error}"));
    }
    let secrets = [
        ("pipedrive_client_secret", &config.pipedrive_client_secret),
        ("pipedrive_jwt_secret_panel", &config.pipedrive_jwt_secret_panel),
        ("pipedrive_jwt_secret_form", &config.pipedrive_jwt_secret_form),
        ("pipedrive_jwt_secret_settings", &config.pipedrive_jwt_secret_settings),
        ("quickbooks_client_secret", &config.quickbooks_client_secret),
    ];
    for (at, (name, secret)) in secrets.iter().enumerate() {
        if secret.expose_secret().len() < 16 {
            let advice = if name.ends_with("client_secret") {
                "copy all of it from the provider's page of your app"
            } else {
                "make one with: openssl rand -hex 32"
            };
            problems.push(format!("{name} is shorter than 16 characters; {advice}"));
        }
        for (other, earlier) in &secrets[..at] {
            if earlier.expose_secret() == secret.expose_secret() {
                problems.push(format!("{name} is the same as {other}: each surface needs a secret of its own"));
            }
        }
    }
    let verifier = config.quickbooks_verifier_token.expose_secret();
    // Without a token no webhook is accepted; with a token that can be guessed, forged ones would be.
    if !verifier.is_empty() && verifier.len() < 16 {
        problems.push(
            "quickbooks_verifier_token is shorter than 16 characters; copy all of it from the webhooks page of your app at Intuit, or leave it out"
                .to_owned(),
        );
    }
    problems.extend(addresses::find_problems(config));
    problems.extend(config.quickbooks_environment.find_address_problems(
        config.quickbooks_api_url.as_str(),
        &config.quickbooks_invoice_url,
        &config.quickbooks_customer_url,
    ));
    if config.quickbooks_calls_a_minute == 0 {
        problems.push("quickbooks_calls_a_minute is 0: QuickBooks would never be called".to_owned());
    }
    problems.extend(config.read_connect_pictures().err());
    problems
}
