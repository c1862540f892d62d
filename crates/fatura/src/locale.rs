//! The locale of a reader: the language of the texts, and the region that decides how numbers, money and dates look.

use crate::language::Language;
use icu_locale::{
    LanguageIdentifier, Locale as IcuLocale, LocaleExpander,
    subtags::{Language as LanguageTag, Region, Script, Variants},
};
use iso_currency::{Country, Currency};

/// The language of the texts, and the locale as the reader has set it.
///
/// Both may differ: somebody in Estonia reads English texts, but writes 1 234,5.
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
        let of = language.tag().parse().unwrap_or(LanguageIdentifier::UNKNOWN);
        Self { language, own: of.language, script: of.script, region: of.region }
    }
}

impl Locale {
    /// From a locale of Pipedrive (`en_GB`) or an `Accept-Language` header. In a list, the first part in a language of
    /// the texts counts; without any, the first part decides how numbers look, and the texts are in English.
    pub(crate) fn of(asked: &str) -> Self {
        let parts = asked.split(',').filter_map(|part| {
            let tag = part.split(';').next().unwrap_or_default().trim().replace('_', "-");
            tag.parse::<LanguageIdentifier>().ok().filter(|of| !of.language.is_unknown())
        });
        let mut parts = parts.peekable();
        let first = parts.peek().cloned();
        let known = parts.find(|of| Language::named(of.language.as_str()).is_some());
        let Some(of) = known.or(first) else { return Self::from(Language::English) };
        let language = Language::named(of.language.as_str()).unwrap_or(Language::English);
        Self { language, own: of.language, script: of.script, region: of.region }
    }

    /// The language of the texts for a locale (`pt_BR`) or an `Accept-Language` header: the first part that is one of ours, else English.
    pub(crate) fn language_of(asked: &str) -> Language {
        Self::of(asked).language
    }

    /// A user's: Pipedrive's `locale` says how they write dates and numbers, their language is another setting.
    pub(crate) fn of_user(locale: &str, language: &str) -> Self {
        Self::of(locale).in_language(Self::language_of(language))
    }

    /// The same region, with texts in another language: what a company has chosen for all of its people.
    pub(crate) fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Whether the reader has set the language that the texts have.
    pub(crate) fn reads_own_language(self) -> bool {
        Language::named(self.own.as_str()) == Some(self.language)
    }

    /// For numbers. With European digits everywhere: only these can be typed into the form.
    pub(crate) fn for_numbers(self) -> IcuLocale {
        format!("{}-u-nu-latn", self.own_identifier()).parse().unwrap_or(IcuLocale::UNKNOWN)
    }

    /// As the reader has set it.
    pub(crate) fn own(self) -> IcuLocale {
        self.own_identifier().into()
    }

    fn own_identifier(self) -> LanguageIdentifier {
        let (language, script, region) = (self.own, self.script, self.region);
        LanguageIdentifier { language, script, region, variants: Variants::default() }
    }

    /// For what holds words, such as the name of a month: in the language of the texts.
    pub(crate) fn for_words(self) -> IcuLocale {
        if self.reads_own_language() {
            return self.own();
        }
        let language = Self::from(self.language).own;
        // An unknown English falls back to that of the United States, which writes the month first.
        let is_american = self.region().is_some_and(|region| region.as_str() == "US");
        let region = if self.language == Language::English && !is_american { "001".parse().ok() } else { self.region };
        LanguageIdentifier { language, script: None, region, variants: Variants::default() }.into()
    }

    /// The region, or the one where the language is spoken most.
    pub(crate) fn region(self) -> Option<Region> {
        let mut likely = self.own_identifier();
        LocaleExpander::new_common().maximize(&mut likely);
        likely.region
    }

    /// Whether a currency is one of the region's own.
    pub(crate) fn uses(self, currency: Currency) -> bool {
        let country = self.region().and_then(|region| region.as_str().parse::<Country>().ok());
        country.is_some_and(|country| Currency::from_country(country).contains(&currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, language: Language, numbers: &str, words: &str) {
        let locale = Locale::of(asked);
        let written = (locale.own().to_string(), locale.for_words().to_string());
        assert_eq!((locale.language, written), (language, (numbers.to_owned(), words.to_owned())), "{asked}");
    }

    #[test]
    fn texts_and_region_come_from_what_was_asked() {
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
        for nonsense in ["", "*", "\u{0}", "12345", "😀", "und", "_"] {
            check(nonsense, English, "en-US", "en-US");
        }
    }

    #[test]
    fn a_company_may_read_another_language_than_its_region_speaks() {
        let words = |of: &str, language| Locale::of(of).in_language(language).for_words().to_string();
        assert_eq!(words("en_US", Language::Spanish), "es-US");
        assert_eq!(words("pt_BR", Language::English), "en-001");
        assert_eq!(words("es_ES", Language::Portuguese), "pt-ES");
        assert!(Locale::of("pt_BR").in_language(Language::English).uses(Currency::BRL));
    }
}
