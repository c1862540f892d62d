//! The open form of a deal.

use crate::{
    page::{Answer, Outcome, selector},
    person::{Person, Surface},
};
use scraper::{ElementRef, Html};
use std::collections::BTreeMap;

/// The fields of a form, as a browser posts them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(pub(crate) BTreeMap<String, String>);

/// Whether an element is part of a `template`, which the page's script copies.
fn is_in_template(element: &ElementRef<'_>) -> bool {
    element.ancestors().filter_map(ElementRef::wrap).any(|ancestor| ancestor.value().name() == "template")
}

fn value_of(element: &ElementRef<'_>) -> Option<String> {
    match element.value().name() {
        "select" => {
            let options = selector("option");
            let chosen = element.select(&options).find(|option| option.attr("selected").is_some());
            let option = chosen.or_else(|| element.select(&options).next())?;
            Some(option.attr("value").map_or_else(|| option.text().collect(), str::to_owned))
        }
        "textarea" => Some(element.text().collect()),
        _ => {
            let is_choice = matches!(element.attr("type"), Some("checkbox" | "radio"));
            let value = element.attr("value").unwrap_or(if is_choice { "on" } else { "" });
            (!is_choice || element.attr("checked").is_some()).then(|| value.to_owned())
        }
    }
}

impl Fields {
    /// Reads the fields of a page.
    pub(crate) fn of_page(text: &str) -> Self {
        let page = Html::parse_fragment(text);
        let fields = selector("input[name], select[name], textarea[name]");
        let live = page.select(&fields).filter(|field| !is_in_template(field));
        Self(live.filter_map(|field| Some((field.attr("name")?.to_owned(), value_of(&field)?))).collect())
    }

    /// Sets the values of fields.
    pub(crate) fn set(&mut self, changes: &[(&str, &str)]) {
        for (name, value) in changes {
            self.0.insert((*name).to_owned(), (*value).to_owned());
        }
    }

    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// The open form of a deal.
pub(crate) struct Form<'a> {
    pub(crate) person: &'a Person<'a>,
    pub(crate) deal: i64,
    pub(crate) fields: Fields,
    /// The HTML of the form when it was opened.
    pub(crate) text: String,
}

impl Form<'_> {
    /// Returns the content of a field.
    pub(crate) fn field(&self, name: &str) -> &str {
        &self.fields.0[name]
    }

    /// Counts the lines.
    pub(crate) fn count_lines(&self) -> usize {
        self.fields.0.keys().filter(|name| name.ends_with("[unit_price]")).count()
    }

    /// Counts the warnings.
    pub(crate) fn count_warnings(&self) -> usize {
        Html::parse_fragment(&self.text).select(&selector(".notice[data-kind=warn]")).count()
    }

    /// Sets the values of fields. If a currency is among them, the prices are in this currency.
    pub(crate) fn with(mut self, changes: &[(&str, &str)]) -> Self {
        if let Some((_, currency)) = changes.iter().find(|(name, _)| *name == "currency") {
            self.fields.set(&[("priced_in", currency)]);
        }
        self.fields.set(changes);
        self
    }

    /// Removes all lines but the first.
    pub(crate) fn with_first_line_only(mut self) -> Self {
        self.fields.0.retain(|name, _| !name.starts_with("lines[") || name.starts_with("lines[0]"));
        self
    }

    /// Clears the list of invoices that the user has seen. Other invoices of the deal then raise no question, so that a
    /// test can submit one form many times, each time with another intent key.
    pub(crate) fn without_seen_invoices(self) -> Self {
        self.with(&[("seen", "")])
    }

    /// Posts the form to the preview, as the page does after a pause in typing.
    pub(crate) async fn preview(&self) -> Answer {
        let path = format!("/deals/{}/form/preview", self.deal);
        self.person.post(Surface::Form, &path, &self.fields.pairs()).await
    }

    /// Posts the form once.
    pub(crate) async fn submit(&self) -> Answer {
        self.submit_with(&[]).await
    }

    async fn submit_with(&self, more: &[(&str, &str)]) -> Answer {
        let path = format!("/deals/{}/invoices", self.deal);
        let fields: Vec<_> = self.fields.pairs().into_iter().chain(more.iter().copied()).collect();
        self.person.post(Surface::Form, &path, &fields).await
    }

    /// Submits the form, confirms all questions, and waits for the outcome of the invoice.
    pub(crate) async fn create(&self) -> Answer {
        let mut answer = self.submit().await;
        // If another request bills the deal before the confirmation, there is a further question.
        while let Outcome::NeedsConfirmation { confirm } = answer.outcome() {
            answer = self.submit_with(&[("confirmed", &confirm)]).await;
        }
        self.person.wait_for_outcome(answer).await
    }
}
