//! The seeds: companies of a new sandbox, presets of QuickBooks companies, and the registration of Fatura's Pipedrive app.

/// Presets and companies of QuickBooks.
pub(crate) const QUICKBOOKS: sandbox_quickbooks::Seeds = sandbox_quickbooks::Seeds {
    base: include_str!("../seeds/quickbooks/base.json"),
    presets: &[
        ("us", include_str!("../seeds/quickbooks/us.json")),
        ("us-ast", include_str!("../seeds/quickbooks/us-ast.json")),
        ("us-no-tax", include_str!("../seeds/quickbooks/us-no-tax.json")),
        ("simple-start", include_str!("../seeds/quickbooks/simple-start.json")),
        ("ca", include_str!("../seeds/quickbooks/ca.json")),
        ("gb", include_str!("../seeds/quickbooks/gb.json")),
        ("au", include_str!("../seeds/quickbooks/au.json")),
        ("in", include_str!("../seeds/quickbooks/in.json")),
        ("br", include_str!("../seeds/quickbooks/br.json")),
        ("fr", include_str!("../seeds/quickbooks/fr.json")),
        ("jp", include_str!("../seeds/quickbooks/jp.json")),
        ("kw", include_str!("../seeds/quickbooks/kw.json")),
    ],
    companies: include_str!("../seeds/quickbooks/companies.json"),
};

/// Companies of Pipedrive.
pub(crate) const PIPEDRIVE: sandbox_pipedrive::Seeds =
    sandbox_pipedrive::Seeds(include_str!("../seeds/pipedrive.json"));

/// Registration of the Pipedrive app, unless the options name a file.
pub(crate) const PIPEDRIVE_APP: &str = include_str!("../seeds/pipedrive-app.json");
