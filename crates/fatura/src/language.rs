//! The languages of pages and messages, and the texts in them.

use crate::locale::Locale;
use i18n_embed::{
    LanguageLoader,
    fluent::{FluentLanguageLoader, fluent_language_loader},
};
use rust_embed::RustEmbed;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

#[derive(RustEmbed)]
#[folder = "i18n"]
struct Texts;

/// A language of Fatura.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// Brazilian Portuguese.
    Portuguese,
    /// American English.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::Portuguese, Self::English, Self::Spanish];

    /// From a locale (`pt_BR`) or an `Accept-Language` header: the first part that is one of ours, else English.
    pub(crate) fn of(locale: &str) -> Self {
        Locale::of(locale).language
    }

    /// By the code of the language alone.
    pub(crate) fn named(code: &str) -> Option<Self> {
        match code {
            "pt" => Some(Self::Portuguese),
            "es" => Some(Self::Spanish),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// For `<html lang>`: the language that the texts are written in.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en-US",
            Self::Spanish => "es",
        }
    }

    fn id(self) -> LanguageIdentifier {
        let tag = match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en",
            Self::Spanish => "es",
        };
        tag.parse().expect("a language tag")
    }

    /// The texts.
    pub(crate) fn texts(self) -> &'static FluentLanguageLoader {
        static LOADERS: LazyLock<[FluentLanguageLoader; 3]> = LazyLock::new(|| Language::ALL.map(load));
        &LOADERS[Self::ALL.iter().position(|language| *language == self).unwrap_or(1)]
    }
}

fn load(language: Language) -> FluentLanguageLoader {
    let loader = fluent_language_loader!();
    loader.load_languages(&Texts, &[language.id(), Language::English.id()]).expect("the texts are part of the program");
    loader.set_use_isolating(false);
    loader
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(language: Language) -> BTreeSet<String> {
        let loader = language.texts();
        loader
            .with_message_iter(&language.id(), |messages| messages.map(|message| message.id.name.to_owned()).collect())
    }

    #[test]
    fn every_text_is_in_every_language() {
        let english = keys(Language::English);
        assert!(english.len() > 50);
        for language in [Language::Portuguese, Language::Spanish] {
            let own = keys(language);
            assert_eq!(english.difference(&own).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in {language:?}");
            assert_eq!(own.difference(&english).collect::<Vec<_>>(), Vec::<&String>::new(), "unknown in {language:?}");
        }
    }

    #[test]
    fn the_language_follows_the_locale() {
        assert_eq!(Language::of("pt_BR"), Language::Portuguese);
        assert_eq!(Language::of("de-DE, es;q=0.8"), Language::Spanish);
        assert_eq!(Language::of("et_EE"), Language::English);
    }
}
