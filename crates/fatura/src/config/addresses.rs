//! Checks addresses and texts: refuses plain http for tokens, patterns that match any host, and invisible characters.

use super::settings::Config;
use secrecy::ExposeSecret;
use url::{Host, Url};

/// Finds the problems, one sentence for each setting.
pub(super) fn find_problems(config: &Config) -> Vec<String> {
    let providers = [
        ("pipedrive_authorize_url", &config.pipedrive_authorize_url),
        ("pipedrive_token_url", &config.pipedrive_token_url),
        ("pipedrive_revoke_url", &config.pipedrive_revoke_url),
        ("quickbooks_discovery_url", &config.quickbooks_discovery_url),
        ("quickbooks_api_url", &config.quickbooks_api_url),
    ];
    let configured = [
        ("quickbooks_authorize_url", &config.quickbooks_authorize_url),
        ("quickbooks_token_url", &config.quickbooks_token_url),
        ("quickbooks_revoke_url", &config.quickbooks_revoke_url),
    ];
    let configured = configured.into_iter().filter_map(|(name, address)| Some((name, address.as_ref()?)));
    let pages = [
        ("pipedrive_settings_url", &config.pipedrive_settings_url),
        ("pipedrive_record_url", &config.pipedrive_record_url),
        ("quickbooks_invoice_url", &config.quickbooks_invoice_url),
        ("quickbooks_customer_url", &config.quickbooks_customer_url),
    ];
    let mut problems = Vec::new();
    for (name, address) in providers.into_iter().chain(configured) {
        if !is_protected(address) {
            problems.push(format!("{name} is not https: tokens and customers' data would be sent in the clear"));
        } else if !address.username().is_empty() || address.password().is_some() {
            problems.push(format!("{name} holds a user name or a password: remove it"));
        }
    }
    for (name, template) in pages {
        // The names in braces are filled in later, and would make the address invalid.
        let filled = template.replace(['{', '}'], "");
        if !template.is_empty() && !Url::parse(&filled).is_ok_and(|address| is_protected(&address)) {
            problems.push(format!("{name} is not an https address"));
        }
    }
    if config.support_url.as_ref().is_some_and(|address| address.scheme() != "mailto" && !is_protected(address)) {
        problems.push("support_url is neither an https page nor a mailto address".to_owned());
    }
    if !is_api_pattern(&config.pipedrive_api) {
        problems.push(
            "pipedrive_api is neither an https address nor a pattern such as *.pipedrive.com: tokens could be sent to any host"
                .to_owned(),
        );
    }
    if !config.pipedrive_frame_ancestors.split_ascii_whitespace().all(is_frame_source) {
        problems.push(
            "pipedrive_frame_ancestors may hold hosts with https only, such as https://*.pipedrive.com: any other page could frame Fatura"
                .to_owned(),
        );
    }
    problems.extend(find_problems_of_texts(config));
    problems
}

/// Finds the problems of ids and secrets.
fn find_problems_of_texts(config: &Config) -> Vec<String> {
    let texts = [
        ("pipedrive_client_id", config.pipedrive_client_id.as_str()),
        ("pipedrive_client_secret", config.pipedrive_client_secret.expose_secret()),
        ("pipedrive_jwt_secret_panel", config.pipedrive_jwt_secret_panel.expose_secret()),
        ("pipedrive_jwt_secret_form", config.pipedrive_jwt_secret_form.expose_secret()),
        ("pipedrive_jwt_secret_settings", config.pipedrive_jwt_secret_settings.expose_secret()),
        ("pipedrive_api", config.pipedrive_api.as_str()),
        ("pipedrive_frame_ancestors", config.pipedrive_frame_ancestors.as_str()),
        ("quickbooks_client_id", config.quickbooks_client_id.as_str()),
        ("quickbooks_client_secret", config.quickbooks_client_secret.expose_secret()),
        ("quickbooks_verifier_token", config.quickbooks_verifier_token.expose_secret()),
    ];
    let mut problems = Vec::new();
    for (name, text) in texts {
        if is_placeholder(text) {
            problems.push(format!("{name} is a placeholder: fill in your own"));
        } else if text.chars().any(char::is_control) {
            problems.push(format!(
                "{name} holds a line break or another control character: was a file's end copied with it?"
            ));
        } else if text.trim() != text {
            problems.push(format!("{name} begins or ends with a space"));
        }
    }
    problems
}

/// Whether a text is a placeholder of an example.
fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 6] = ["changeme", "change-me", "example", "placeholder", "todo", "xxx"];
    let text = text.trim().to_lowercase();
    let is_one_character = text.len() > 3 && text.chars().all(|each| text.starts_with(each));
    text.contains('…')
        || text.contains("...")
        || (text.starts_with('<') && text.ends_with('>'))
        || ["your-", "your_", "your "].iter().any(|start| text.starts_with(start))
        || is_one_character
        || WORDS.contains(&text.as_str())
}

/// Whether an address is encrypted, or on this machine.
fn is_protected(address: &Url) -> bool {
    address.scheme() == "https" || (address.scheme() == "http" && is_this_machine(address))
}

fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a pattern is one host, or all hosts of a domain. A top-level domain such as `*.com` is refused.
fn is_api_pattern(allowed: &str) -> bool {
    match allowed.strip_prefix('*') {
        Some(suffix) => suffix.strip_prefix('.').is_some_and(is_domain),
        None => Url::parse(allowed).is_ok_and(|address| is_protected(&address)),
    }
}

/// Whether a source of `frame-ancestors` is a host with its scheme, or all hosts of a domain.
fn is_frame_source(source: &str) -> bool {
    match source.strip_prefix("https://*.") {
        Some(domain) => is_domain(domain),
        None => {
            !source.contains([';', ',', '*', '\'']) && Url::parse(source).is_ok_and(|address| is_protected(&address))
        }
    }
}

/// Whether a name has at least two labels of letters, digits and hyphens.
fn is_domain(name: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_https_or_to_this_machine() {
        let check = |address: &str| is_protected(&Url::parse(address).expect("a valid URL"));
        for address in [
            "https://oauth.pipedrive.com/oauth/token",
            "http://127.0.0.1:4001/token",
            "http://localhost:80",
            "http://[::1]:1",
        ] {
            assert!(check(address), "{address}");
        }
        for address in [
            "http://oauth.pipedrive.com/token",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
            "ftp://127.0.0.1",
            "file:///x",
        ] {
            assert!(!check(address), "{address}");
        }
    }

    #[test]
    fn placeholders_of_examples_are_recognised() {
        for text in ["…", "...", "ABC...", "<client id>", "changeme", "Example", "YOUR_CLIENT_ID", "0000000000000000"]
        {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["", "ABAtmv3yfSDzN2VwvJcV0ZkZ3vwiWzGqs1p", "example-of-mine-1", "4f1cd2b8a7e3"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn not_every_host_is_an_api_or_a_frame() {
        for pattern in ["*.pipedrive.com", "https://acme.pipedrive.com", "http://127.0.0.1:4001"] {
            assert!(is_api_pattern(pattern), "{pattern}");
        }
        for pattern in ["*", "*.", "*.com", "*pipedrive.com", "*.pipedrive.com/x", "http://acme.pipedrive.com", ""] {
            assert!(!is_api_pattern(pattern), "{pattern}");
        }
        for source in ["https://*.pipedrive.com", "https://acme.pipedrive.com", "http://127.0.0.1:4001"] {
            assert!(is_frame_source(source), "{source}");
        }
        for source in [
            "*",
            "https:",
            "https://*",
            "https://*.com",
            "http://acme.example",
            "'self'",
            "https://a.example;script-src",
            "data:",
        ] {
            assert!(!is_frame_source(source), "{source}");
        }
    }
}
