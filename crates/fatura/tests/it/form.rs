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

/// Whether an element is only there to be copied.
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

    /// Types into fields.
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
    /// The page as it was opened.
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

    /// Counts the notices that warn of something.
    pub(crate) fn count_warnings(&self) -> usize {
        Html::parse_fragment(&self.text).select(&selector(".notice[data-kind=warn]")).count()
    }

    /// Types into fields. Who chooses a currency gives the prices in it.
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

    /// Looks at nothing that others bill meanwhile: for many invoices of one form, each with a key of its own.
    pub(crate) fn unseen(self) -> Self {
        self.with(&[("seen", "")])
    }

    /// Posts the form as a pause in typing does.
    pub(crate) async fn preview(&self) -> Answer {
        let path = format!("/deals/{}/form/preview", self.deal);
        self.person.post(Surface::Form, &path, &self.fields.pairs()).await
    }

    /// Posts the form once.
    pub(crate) async fn press(&self) -> Answer {
        self.press_with(&[]).await
    }

    async fn press_with(&self, more: &[(&str, &str)]) -> Answer {
        let path = format!("/deals/{}/invoices", self.deal);
        let fields: Vec<_> = self.fields.pairs().into_iter().chain(more.iter().copied()).collect();
        self.person.post(Surface::Form, &path, &fields).await
    }

    /// Presses *Create*, confirms what is asked, and follows the invoice to its end.
    pub(crate) async fn create(&self) -> Answer {
        let mut answer = self.press().await;
        // Others may bill the deal between the question and its answer: then it is asked again.
        while let Outcome::Asked { confirm } = answer.outcome() {
            answer = self.press_with(&[("confirmed", &confirm)]).await;
        }
        self.person.follow(answer).await
    }
}
