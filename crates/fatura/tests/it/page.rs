//! Answers of the service, and the outcomes that they show to the page's script.

use reqwest::StatusCode;
use scraper::{ElementRef, Html, Selector};

/// An answer to a request of a page.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// The outcome of a submitted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The invoice is in QuickBooks.
    Issued {
        number: String,
    },
    /// The invoice is being created or looked up.
    Checking {
        invoice: String,
    },
    /// The invoice is parked, because it is unknown whether QuickBooks has it.
    Parked {
        invoice: String,
    },
    /// The form lists problems of these fields.
    Refused {
        fields: Vec<String>,
    },
    /// The user has to confirm a question, with this value.
    NeedsConfirmation {
        confirm: String,
    },
    Other,
}

pub(crate) fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

impl Answer {
    /// Finds the first matching element that has the attribute. Returns the value of the attribute.
    pub(crate) fn find_attribute(&self, of: &str, attribute: &str) -> Option<String> {
        let page = Html::parse_fragment(&self.text);
        let found = page.select(&selector(of)).find_map(|element| element.attr(attribute))?;
        Some(found.to_owned())
    }

    /// Returns the listed problems: pairs of field and text.
    pub(crate) fn problems(&self) -> Vec<(String, String)> {
        let page = Html::parse_fragment(&self.text);
        let links = selector("a[href^='#']");
        let problem = |link: ElementRef<'_>| {
            (link.attr("href").unwrap().trim_start_matches('#').to_owned(), link.text().collect::<String>())
        };
        page.select(&links).map(problem).collect()
    }

    /// Returns all text, with whitespace collapsed.
    pub(crate) fn plain_text(&self) -> String {
        let text: String = Html::parse_fragment(&self.text).root_element().text().collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the texts of all matching elements.
    pub(crate) fn texts(&self, of: &str) -> Vec<String> {
        Html::parse_fragment(&self.text).select(&selector(of)).map(|element| element.text().collect()).collect()
    }

    /// Finds the id of the invoice in an attribute with the value `/invoices/{id}{end}`.
    fn find_invoice(&self, attribute: &str, end: &str) -> Option<String> {
        let address = self.find_attribute(&format!("[{attribute}^='/invoices/'][{attribute}$='{end}']"), attribute)?;
        Some(address.strip_prefix("/invoices/")?.strip_suffix(end)?.to_owned())
    }

    pub(crate) fn outcome(&self) -> Outcome {
        if let Some(number) = self.find_attribute("[data-issued]", "data-number") {
            return Outcome::Issued { number };
        }
        if let Some(invoice) = self.find_invoice("hx-get", "/progress") {
            return Outcome::Checking { invoice };
        }
        if let Some(invoice) = self.find_invoice("hx-post", "/again") {
            return Outcome::Parked { invoice };
        }
        if let Some(confirm) = self.find_attribute("[name=confirmed]", "value") {
            return Outcome::NeedsConfirmation { confirm };
        }
        if self.status == StatusCode::UNPROCESSABLE_ENTITY {
            return Outcome::Refused { fields: self.problems().into_iter().map(|(field, _)| field).collect() };
        }
        Outcome::Other
    }

    /// Returns the number of the issued invoice. Panics if no invoice was issued.
    pub(crate) fn number(&self) -> String {
        match self.outcome() {
            Outcome::Issued { number } => number,
            outcome => panic!("not issued, but {outcome:?}: {} {}", self.status, self.text),
        }
    }
}
