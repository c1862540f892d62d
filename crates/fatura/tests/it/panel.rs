//! The panel of a deal, with a row for each invoice.

use crate::page::selector;
use scraper::{ElementRef, Html};

/// A row of the panel.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Fatura's id of the invoice.
    pub(crate) id: String,
    /// Name of the badge.
    pub(crate) status: String,
    pub(crate) number: Option<String>,
    /// Fingerprint of the state that the user sees. Actions post it.
    pub(crate) seen: Option<String>,
    /// Whether an action on the invoice is pending.
    pub(crate) is_pending: bool,
    /// Whether the invoice was sent by e-mail.
    pub(crate) is_sent: bool,
    /// Whether the row has a warning.
    pub(crate) has_warning: bool,
    /// The whole text of the row.
    pub(crate) text: String,
}

/// A loaded panel.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) rows: Vec<Row>,
}

fn read_row(row: ElementRef<'_>) -> Row {
    let first = |of: &str| row.select(&selector(of)).next();
    let values = first("[hx-vals]").and_then(|button| button.attr("hx-vals"));
    let values: Option<serde_json::Value> = values.map(|values| serde_json::from_str(values).unwrap());
    Row {
        id: row.attr("id").unwrap().trim_start_matches("invoice-").to_owned(),
        status: row.attr("data-status").unwrap().to_owned(),
        number: first(".number").map(|number| number.text().collect()),
        seen: values.and_then(|values| Some(values["seen"].as_str()?.to_owned())),
        is_pending: row.attr("aria-busy").is_some(),
        is_sent: first(".end").is_some_and(|sent| sent.text().any(|text| text.contains('✓'))),
        text: row.text().collect(),
        has_warning: first("[data-kind=warn]").is_some(),
    }
}

impl Panel {
    pub(crate) fn read(text: &str) -> Self {
        let page = Html::parse_fragment(text);
        Self { rows: page.select(&selector("li.invoice")).map(read_row).collect() }
    }

    /// Whether an invoice has a row.
    pub(crate) fn has_invoice(&self, number: &str) -> bool {
        self.rows.iter().any(|row| row.number.as_deref() == Some(number))
    }

    /// Finds the row of an invoice by its number.
    pub(crate) fn row(&self, number: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.number.as_deref() == Some(number));
        found.unwrap_or_else(|| panic!("invoice {number} is not among {:?}", self.rows))
    }
}
