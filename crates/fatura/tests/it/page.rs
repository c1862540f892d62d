//! Answers of the service, and what they say to the page's script.

use reqwest::StatusCode;
use scraper::{ElementRef, Html, Selector};

/// An answer to a page.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// How *Create* has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The invoice is in QuickBooks.
    Issued {
        number: String,
    },
    /// It is under way, or it is looked for.
    Checking {
        invoice: String,
    },
    /// A person is asked, because nobody knows whether it was sent.
    Stuck {
        invoice: String,
    },
    /// The form lists problems, by the fields that they belong to.
    Refused {
        fields: Vec<String>,
    },
    /// Something has to be confirmed first, with this value.
    Asked {
        confirm: String,
    },
    Other,
}

pub(crate) fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

impl Answer {
    /// Finds the first element with an attribute. Returns the attribute.
    pub(crate) fn find_attribute(&self, of: &str, attribute: &str) -> Option<String> {
        let page = Html::parse_fragment(&self.text);
        let found = page.select(&selector(of)).find_map(|element| element.attr(attribute))?;
        Some(found.to_owned())
    }

    /// Returns the problems that the page lists, each with its field.
    pub(crate) fn problems(&self) -> Vec<(String, String)> {
        let page = Html::parse_fragment(&self.text);
        let links = selector("a[href^='#']");
        let problem = |link: ElementRef<'_>| {
            (link.attr("href").unwrap().trim_start_matches('#').to_owned(), link.text().collect::<String>())
        };
        page.select(&links).map(problem).collect()
    }

    /// Returns all text, with single spaces.
    pub(crate) fn plain_text(&self) -> String {
        let text: String = Html::parse_fragment(&self.text).root_element().text().collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the texts of all elements of a kind.
    pub(crate) fn texts(&self, of: &str) -> Vec<String> {
        Html::parse_fragment(&self.text).select(&selector(of)).map(|element| element.text().collect()).collect()
    }

    /// Finds the invoice in an address of this form, with `/invoices/` before it.
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
            return Outcome::Stuck { invoice };
        }
        if let Some(confirm) = self.find_attribute("[name=confirmed]", "value") {
            return Outcome::Asked { confirm };
        }
        if self.status == StatusCode::UNPROCESSABLE_ENTITY {
            return Outcome::Refused { fields: self.problems().into_iter().map(|(field, _)| field).collect() };
        }
        Outcome::Other
    }

    /// Returns the number of the invoice that was issued, or fails the test.
    pub(crate) fn number(&self) -> String {
        match self.outcome() {
            Outcome::Issued { number } => number,
            outcome => panic!("not issued, but {outcome:?}: {} {}", self.status, self.text),
        }
    }
}
