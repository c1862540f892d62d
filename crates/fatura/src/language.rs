//! The languages of pages and messages, and the texts in them.

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

    /// Finds a language by the code without a region.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "pt" => Some(Self::Portuguese),
            "es" => Some(Self::Spanish),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The most frequent language. `preferred` wins a tie, and is returned if there are no languages.
    pub(crate) fn most_frequent(all: impl IntoIterator<Item = Self>, preferred: Self) -> Self {
        let mut counts = [0_usize; Self::ALL.len()];
        for language in all {
            for (count, _) in counts.iter_mut().zip(Self::ALL).filter(|(_, other)| *other == language) {
                *count += 1;
            }
        }
        let counted = Self::ALL.into_iter().zip(counts);
        counted
            .max_by_key(|(language, count)| (*count, *language == preferred))
            .map_or(preferred, |(language, _)| language)
    }

    /// Its own name for itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portuguese => "Português (Brasil)",
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    /// The value of `<html lang>`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en-US",
            Self::Spanish => "es",
        }
    }

    /// The code in the settings, which is also the name of the folder of texts.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    fn id(self) -> LanguageIdentifier {
        self.code().parse().expect("the code is a language tag")
    }

    /// The texts.
    pub(crate) fn texts(self) -> &'static FluentLanguageLoader {
        static LOADERS: LazyLock<[FluentLanguageLoader; Language::ALL.len()]> =
            LazyLock::new(|| Language::ALL.map(load));
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
        for language in Language::ALL {
            let own = keys(language);
            assert_eq!(english.difference(&own).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in {language:?}");
            assert_eq!(own.difference(&english).collect::<Vec<_>>(), Vec::<&String>::new(), "unknown in {language:?}");
        }
    }

    #[test]
    fn the_most_frequent_language_is_found() {
        use Language::{English, Portuguese, Spanish};
        assert_eq!(Language::most_frequent([Spanish, Portuguese, Portuguese], Spanish), Portuguese);
        assert_eq!(Language::most_frequent([Spanish, Portuguese], Spanish), Spanish);
        assert_eq!(Language::most_frequent([Portuguese, Spanish], Portuguese), Portuguese);
        assert_eq!(Language::most_frequent([], English), English);
        // The preferred language is none of them.
        assert_ne!(Language::most_frequent([Spanish, Portuguese], English), English);
    }

    #[test]
    fn the_language_follows_the_locale() {
        assert_eq!(crate::locale::Locale::language_of("pt_BR"), Language::Portuguese);
        assert_eq!(crate::locale::Locale::language_of("de-DE, es;q=0.8"), Language::Spanish);
        assert_eq!(crate::locale::Locale::language_of("et_EE"), Language::English);
    }
}
