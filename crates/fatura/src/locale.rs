//! The locale of a reader: the language of the texts, and the region for the formats of numbers, money and dates.

use crate::language::Language;
use icu_locale::{
    LanguageIdentifier, Locale as IcuLocale, LocaleExpander,
    subtags::{Language as LanguageTag, Region, Script, Variants},
};
use iso_currency::{Country, Currency};

/// The language of the texts, and the locale that the reader has set.
///
/// Both may differ: a reader in Estonia gets English texts, and numbers as 1 234,5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Locale {
    /// The language of the texts.
    pub(crate) language: Language,
    own: LanguageTag,
    script: Option<Script>,
    region: Option<Region>,
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        let tag = language.tag().parse().unwrap_or(LanguageIdentifier::UNKNOWN);
        Self { language, own: tag.language, script: tag.script, region: tag.region }
    }
}

impl Locale {
    /// Parses a locale of Pipedrive (`en_GB`) or an `Accept-Language` header. Uses the first entry of a list in a language of the texts.
    /// If there is none, the first entry decides the formats, and the texts are in English.
    pub(crate) fn of(requested: &str) -> Self {
        let parts = requested.split(',').filter_map(|part| {
            let tag = part.split(';').next().unwrap_or_default().trim().replace('_', "-");
            tag.parse::<LanguageIdentifier>().ok().filter(|tag| !tag.language.is_unknown())
        });
        let mut parts = parts.peekable();
        let first = parts.peek().cloned();
        let supported = parts.find(|tag| Language::from_code(tag.language.as_str()).is_some());
        let Some(tag) = supported.or(first) else { return Self::from(Language::English) };
        let language = Language::from_code(tag.language.as_str()).unwrap_or(Language::English);
        Self { language, own: tag.language, script: tag.script, region: tag.region }
    }

    /// The language of the texts for a locale (`pt_BR`) or an `Accept-Language` header: the first supported one, otherwise English.
    pub(crate) fn language_of(requested: &str) -> Language {
        Self::of(requested).language
    }

    /// The locale of a user. Pipedrive's `locale` is for dates and numbers; the language is another setting.
    pub(crate) fn of_user(locale: &str, language: &str) -> Self {
        Self::of(locale).in_language(Self::language_of(language))
    }

    /// The same region, with texts in another language, such as the one that a company has chosen for all users.
    pub(crate) fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Whether the texts are in the language of the reader's own locale.
    pub(crate) fn reads_own_language(self) -> bool {
        Language::from_code(self.own.as_str()) == Some(self.language)
    }

    /// The locale for numbers. It always has European digits, because only these can be typed into the form.
    pub(crate) fn for_numbers(self) -> IcuLocale {
        format!("{}-u-nu-latn", self.own_identifier()).parse().unwrap_or(IcuLocale::UNKNOWN)
    }

    /// The locale that the reader has set.
    pub(crate) fn own(self) -> IcuLocale {
        self.own_identifier().into()
    }

    fn own_identifier(self) -> LanguageIdentifier {
        let (language, script, region) = (self.own, self.script, self.region);
        LanguageIdentifier { language, script, region, variants: Variants::default() }
    }

    /// The locale for formats with words, such as the name of a month: in the language of the texts.
    pub(crate) fn for_words(self) -> IcuLocale {
        if self.reads_own_language() {
            return self.own();
        }
        let language = Self::from(self.language).own;
        // English of an unknown region falls back to that of the United States, which writes the month first.
        let is_american = self.region().is_some_and(|region| region.as_str() == "US");
        let region = if self.language == Language::English && !is_american { "001".parse().ok() } else { self.region };
        LanguageIdentifier { language, script: None, region, variants: Variants::default() }.into()
    }

    /// The region, or the most likely one of the language.
    pub(crate) fn region(self) -> Option<Region> {
        let mut likely = self.own_identifier();
        LocaleExpander::new_common().maximize(&mut likely);
        likely.region
    }

    /// Whether a currency is one of the region.
    pub(crate) fn uses(self, currency: Currency) -> bool {
        let country = self.region().and_then(|region| region.as_str().parse::<Country>().ok());
        country.is_some_and(|country| Currency::from_country(country).contains(&currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(requested: &str, language: Language, numbers: &str, words: &str) {
        let locale = Locale::of(requested);
        let written = (locale.own().to_string(), locale.for_words().to_string());
        assert_eq!((locale.language, written), (language, (numbers.to_owned(), words.to_owned())), "{requested}");
    }

    #[test]
    fn texts_and_region_follow_the_requested_locale() {
        use Language::{English, Portuguese, Spanish};
        check("en_GB", English, "en-GB", "en-GB");
        check("es_MX", Spanish, "es-MX", "es-MX");
        check("pt_PT", Portuguese, "pt-PT", "pt-PT");
        check("es", Spanish, "es", "es");
        check("es-419,es;q=0.9", Spanish, "es-419", "es-419");
        check("de-DE, es-AR;q=0.8, en", Spanish, "es-AR", "es-AR");
        check("et_EE", English, "et-EE", "en-001");
        check("haw-US", English, "haw-US", "en-US");
        check("zh-Hant-TW", English, "zh-Hant-TW", "en-001");
        for invalid in ["", "*", "\u{0}", "12345", "😀", "und", "_"] {
            check(invalid, English, "en-US", "en-US");
        }
    }

    #[test]
    fn words_follow_the_chosen_language_and_the_currency_the_region() {
        let words = |of: &str, language| Locale::of(of).in_language(language).for_words().to_string();
        assert_eq!(words("en_US", Language::Spanish), "es-US");
        assert_eq!(words("pt_BR", Language::English), "en-001");
        assert_eq!(words("es_ES", Language::Portuguese), "pt-ES");
        assert!(Locale::of("pt_BR").in_language(Language::English).uses(Currency::BRL));
    }
}
