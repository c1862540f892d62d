//! Formats numbers, money, dates and times for the reader's locale. Only this file and `locale` use ICU4X.

use crate::{language::Language, locale::Locale};
use domain::{
    invoice::Status,
    mapping::{Entity, Field},
    money::{Money, currency_decimals},
    number::DecimalMark,
};
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;
use icu_datetime::{
    DateTimeFormatter, DateTimeFormatterPreferences, NoCalendarFormatter,
    fieldsets::{
        self,
        enums::{CompositeDateTimeFieldSet as Fields, DateAndTimeFieldSet, DateFieldSet, TimeFieldSet},
    },
    input::{Date as IcuDate, DateTime as IcuDateTime, Time as IcuTime},
};
use icu_decimal::{DecimalFormatter, input::Decimal as IcuDecimal, options::DecimalFormatterOptions};
use icu_experimental::dimension::currency::{
    CurrencyType, formatter::CurrencyFormatter, options::CurrencyFormatterOptions,
};
use icu_locale::preferences::extensions::unicode::keywords::HourCycle;
use iso_currency::Currency;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use rust_decimal::Decimal;

/// Formats for one reader.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) locale: Locale,
    /// The texts. The name is short because every line of every page uses it.
    pub(crate) t: &'static FluentLanguageLoader,
}

impl Writer {
    /// The text of a badge.
    pub(crate) fn badge(self, status: Status) -> String {
        match status {
            Status::Open => fl!(self.t, "status-open"),
            Status::PartiallyPaid => fl!(self.t, "status-partially-paid"),
            Status::Overdue => fl!(self.t, "status-overdue"),
            Status::Paid => fl!(self.t, "status-paid"),
            Status::Voided => fl!(self.t, "status-voided"),
            Status::Deleted => fl!(self.t, "status-deleted"),
        }
    }

    pub(crate) fn new(locale: impl Into<Locale>) -> Self {
        let locale = locale.into();
        Self { locale, t: locale.language.texts() }
    }

    /// The name of a kind of record.
    pub(crate) fn entity(self, entity: Entity) -> String {
        match entity {
            Entity::Organization => fl!(self.t, "entity-organization"),
            Entity::Person => fl!(self.t, "entity-person"),
            Entity::Deal => fl!(self.t, "entity-deal"),
        }
    }

    /// `Organization – Name`.
    pub(crate) fn field(self, field: &Field) -> String {
        format!("{} – {}", self.entity(field.reference.entity), field.name)
    }

    /// The decimal mark of the reader's locale.
    pub(crate) fn mark(self) -> DecimalMark {
        if self.format_numeral("0.5").is_some_and(|half| half.contains(',')) {
            DecimalMark::Comma
        } else {
            DecimalMark::Point
        }
    }

    /// `R$ 1.234,56`, `$1,234.56`.
    pub(crate) fn money(self, money: &Money) -> String {
        self.amount(&money.amount(), &money.currency())
    }

    /// An amount in a currency, with the currency's decimals.
    pub(crate) fn amount(self, amount: &Decimal, currency: &Currency) -> String {
        let mut padded = *amount;
        padded.rescale(currency_decimals(*currency));
        self.format_amount(padded, *currency).unwrap_or_else(|| format!("{} {padded}", currency.code()))
    }

    fn format_amount(self, padded: Decimal, currency: Currency) -> Option<String> {
        let code = CurrencyType::try_from_str(currency.code()).ok()?;
        let value: IcuDecimal = padded.to_string().parse().ok()?;
        let locale = self.locale.for_numbers();
        let options = CurrencyFormatterOptions::default();
        let mut written = CurrencyFormatter::try_new_symbol((&locale).into(), code, options)
            .ok()?
            .format_fixed_decimal(&value)
            .to_string();
        if has_bare_dollar(&written) && !self.locale.uses(currency) {
            // Some locales write a foreign dollar as a bare `$`.
            written = if currency == Currency::USD {
                written.replace('$', "US$")
            } else {
                CurrencyFormatter::try_new_code((&locale).into(), code, options)
                    .ok()?
                    .format_fixed_decimal(&value)
                    .to_string()
            };
        }
        // CLDR rounds the amounts of some currencies to cash (COP 12,346); an invoice is not rounded.
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        let plain = padded.abs().to_string();
        if digits(&written) != digits(&plain) {
            let (first, last) = (written.find(is_digit)?, written.rfind(is_digit)?);
            written.replace_range(first..=last, &self.format_numeral(&plain)?);
        }
        Some(written)
    }

    /// A plain number: `1.234,5`.
    pub(crate) fn number(self, number: &Decimal) -> String {
        let plain = number.normalize().to_string();
        self.format_numeral(&plain).unwrap_or(plain)
    }

    fn format_numeral(self, plain: &str) -> Option<String> {
        let value: IcuDecimal = plain.parse().ok()?;
        let formatter =
            DecimalFormatter::try_new((&self.locale.for_numbers()).into(), DecimalFormatterOptions::default()).ok()?;
        Some(formatter.format(&value).to_string())
    }

    /// `13/03/2026`, `Mar 13, 2026`, `13 Mar 2026`.
    pub(crate) fn date(self, date: &Date) -> String {
        self.format_moment(date.at(0, 0, 0, 0), Fields::Date(DateFieldSet::YMD(self.short_fields())))
            .unwrap_or_else(|| date.to_string())
    }

    /// `13 de março de 2026`.
    pub(crate) fn long_date(self, date: &Date) -> String {
        let fields = Fields::Date(DateFieldSet::YMD(fieldsets::YMD::long()));
        self.format_moment(date.at(0, 0, 0, 0), fields).unwrap_or_else(|| date.to_string())
    }

    /// CLDR's short form for Brazil, which writes dates in figures; its medium form spells out the month, with two `de`.
    fn short_fields(self) -> fieldsets::YMD {
        let is_brazilian = self.locale.language == Language::Portuguese
            && self.locale.region().is_some_and(|region| region.as_str() == "BR");
        if is_brazilian { fieldsets::YMD::short() } else { fieldsets::YMD::medium() }
    }

    /// A timestamp: the time alone if it is today (`14:32`, `2:32 PM`), otherwise the date and the time.
    pub(crate) fn moment(self, at: &Timestamp, now: Timestamp, zone: &str) -> String {
        let zoned = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let (then, today) = (at.to_zoned(zoned.clone()).datetime(), now.to_zoned(zoned).date());
        let fields = if then.date() == today {
            Fields::Time(TimeFieldSet::T(fieldsets::T::hm()))
        } else {
            Fields::DateTime(DateAndTimeFieldSet::YMDT(self.short_fields().with_time_hm()))
        };
        self.format_moment(then, fields).unwrap_or_else(|| then.strftime("%F %R").to_string())
    }

    /// Uses the words of the texts' language, and the 12- or 24-hour clock of the reader's locale.
    fn format_moment(self, at: DateTime, fields: Fields) -> Option<String> {
        let mut preferences = DateTimeFormatterPreferences::from(&self.locale.for_words());
        if !self.locale.reads_own_language() {
            let own = DateTimeFormatterPreferences::from(&self.locale.for_numbers());
            let own = NoCalendarFormatter::try_new(own, fieldsets::T::hm()).ok()?;
            let is_24_hour = own.format(&IcuTime::try_new(14, 0, 0, 0).ok()?).to_string().contains("14");
            preferences.hour_cycle = Some(if is_24_hour { HourCycle::H23 } else { HourCycle::H12 });
        }
        let (month, day) = (at.month().unsigned_abs(), at.day().unsigned_abs());
        let date = IcuDate::try_new_iso(i32::from(at.year()), month, day).ok()?;
        let time = IcuTime::try_new(at.hour().unsigned_abs(), at.minute().unsigned_abs(), 0, 0).ok()?;
        Some(DateTimeFormatter::try_new(preferences, fields).ok()?.format(&IcuDateTime { date, time }).to_string())
    }

    /// The label of a currency in a list: its code and symbol.
    pub(crate) fn currency(self, currency: &Currency) -> String {
        format!("{} ({})", currency.code(), currency.symbol())
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Whether a dollar sign has no letters beside it, which would identify the currency.
fn has_bare_dollar(written: &str) -> bool {
    let beside = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    written
        .split_once('$')
        .is_some_and(|(before, after)| !beside(before.chars().next_back()) && !beside(after.chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::number::{format_decimal, parse_amount, parse_decimal};
    use iso_currency::IntoEnumIterator;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rust_decimal::dec;
    use std::collections::HashMap;

    /// The supported locales, and some with unusual formats.
    const LOCALES: &str = "en_US en_GB en_AU en_IN en_CA en_NZ en_ZA en_CH en_DE en_001 pt_BR pt_PT pt pt_AO es_ES es_MX es_AR \
        es_CL es_CO es_US es_PR es_EC es_419 es en et_EE de_DE de_CH de_AT fr_FR fr_CH it_IT nl_NL sv_SE nb_NO da_DK fi_FI \
        pl_PL cs_CZ hu_HU ro_RO bg_BG el_GR tr_TR ru_RU uk_UA lt_LT lv_LV sl_SI hr_HR he_IL ar_EG ar_SA fa_IR hi_IN bn_BD \
        th_TH vi_VN id_ID ja_JP ko_KR zh_CN zh_Hant_TW";

    const CURRENCIES: [Currency; 8] = [
        Currency::BRL,
        Currency::USD,
        Currency::EUR,
        Currency::MXN,
        Currency::GBP,
        Currency::CAD,
        Currency::JPY,
        Currency::INR,
    ];

    fn writer(locale: &str) -> Writer {
        Writer::new(Locale::of(locale))
    }

    /// Replaces non-breaking spaces.
    fn plain(text: String) -> String {
        text.replace(['\u{a0}', '\u{202f}'], " ")
    }

    fn check(locale: &str, number: &str, money: [&str; 3], dates: [&str; 2], moment: &str) {
        let w = writer(locale);
        assert_eq!(plain(w.number(&dec!(1234567.89))), number, "{locale}");
        let amount = |amount: Decimal, currency| plain(w.amount(&amount, &currency));
        let written = [(dec!(1234.5), Currency::BRL), (dec!(-12345.6), Currency::EUR), (dec!(1234.5), Currency::MXN)];
        assert_eq!(written.map(|(of, currency)| amount(of, currency)), money.map(str::to_owned), "{locale}");
        let day = date(2026, 3, 13);
        assert_eq!([w.date(&day), w.long_date(&day)].map(plain), dates.map(str::to_owned), "{locale}");
        let (at, now): (Timestamp, Timestamp) = (
            "2026-03-13T14:05:00Z".parse().expect("a valid timestamp"),
            "2026-04-01T00:00:00Z".parse().expect("a valid timestamp"),
        );
        assert_eq!(plain(w.moment(&at, now, "UTC")), moment, "{locale}");
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn each_locale_has_its_own_formats() {
        check(
            "en_US",
            "1,234,567.89",
            ["R$1,234.50", "-€12,345.60", "MX$1,234.50"],
            ["Mar 13, 2026", "March 13, 2026"],
            "Mar 13, 2026, 2:05 PM",
        );
        check(
            "en_GB",
            "1,234,567.89",
            ["R$1,234.50", "-€12,345.60", "MX$1,234.50"],
            ["13 Mar 2026", "13 March 2026"],
            "13 Mar 2026, 14:05",
        );
        check(
            "en_AU",
            "1,234,567.89",
            ["R$1,234.50", "-€12,345.60", "MX$1,234.50"],
            ["13 Mar 2026", "13 March 2026"],
            "13 Mar 2026, 2:05 pm",
        );
        check(
            "en_IN",
            "12,34,567.89",
            ["R$1,234.50", "-€12,345.60", "MX$1,234.50"],
            ["13 Mar 2026", "13 March 2026"],
            "13 Mar 2026, 2:05 PM",
        );
        check(
            "pt_BR",
            "1.234.567,89",
            ["R$ 1.234,50", "-€ 12.345,60", "MX$ 1.234,50"],
            ["13/03/2026", "13 de março de 2026"],
            "13/03/2026, 14:05",
        );
        check(
            "pt_PT",
            "1 234 567,89",
            ["1234,50 R$", "-12 345,60 €", "1234,50 MX$"],
            ["13/03/2026", "13 de março de 2026"],
            "13/03/2026, 14:05",
        );
        check(
            "es_ES",
            "1.234.567,89",
            ["1234,50 R$", "-12.345,60 €", "1234,50 MX$"],
            ["13 mar 2026", "13 de marzo de 2026"],
            "13 mar 2026, 14:05",
        );
        check(
            "es_MX",
            "1,234,567.89",
            ["R$1,234.50", "-€12,345.60", "$1,234.50"],
            ["13 mar 2026", "13 de marzo de 2026"],
            "13 mar 2026, 02:05 p.m.",
        );
        check(
            "es_AR",
            "1.234.567,89",
            ["R$ 1.234,50", "-€ 12.345,60", "MX$ 1.234,50"],
            ["13 de mar de 2026", "13 de marzo de 2026"],
            "13 de mar de 2026, 14:05",
        );
        check(
            "es",
            "1.234.567,89",
            ["1234,50 R$", "-12.345,60 €", "1234,50 MX$"],
            ["13 mar 2026", "13 de marzo de 2026"],
            "13 mar 2026, 14:05",
        );
        // Texts in English; numbers and clock of the reader's region.
        check(
            "et_EE",
            "1 234 567,89",
            ["1234,50 R$", "−12 345,60 €", "1234,50 MX$"],
            ["13 Mar 2026", "13 March 2026"],
            "13 Mar 2026, 14:05",
        );
    }

    #[test]
    fn a_time_of_today_uses_the_clock_of_the_region() {
        let time = |locale| {
            let at: Timestamp = "2026-03-13T17:32:00Z".parse().expect("a valid timestamp");
            plain(writer(locale).moment(&at, at, "America/Sao_Paulo"))
        };
        assert_eq!(["en_US", "en_GB", "pt_BR", "es_ES"].map(time), ["2:32 PM", "14:32", "14:32", "14:32"]);
    }

    #[test]
    fn a_company_can_combine_a_region_with_another_language() {
        let w = |locale, language| Writer::new(Locale::of(locale).in_language(language));
        let spanish = w("en_US", Language::Spanish);
        assert_eq!(spanish.amount(&dec!(1234.5), &Currency::USD), "$1,234.50");
        assert_eq!(spanish.long_date(&date(2026, 3, 13)), "13 de marzo de 2026");
        let english = w("pt_BR", Language::English);
        assert_eq!(plain(english.amount(&dec!(1234.5), &Currency::BRL)), "R$ 1.234,50");
        assert_eq!(english.date(&date(2026, 3, 13)), "13 Mar 2026");
    }

    #[test]
    fn money_has_the_decimals_of_its_currency() {
        let written = |amount, currency| plain(writer("en_US").amount(&amount, &currency));
        assert_eq!(written(dec!(1234), Currency::JPY), "¥1,234");
        assert_eq!(written(dec!(1.5), Currency::KWD), "KWD 1.500");
        assert_eq!(written(dec!(-12345.5), Currency::COP), "-COP 12,345.50");
        assert_eq!(written(dec!(0), Currency::USD), "$0.00");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn formatted_numbers_can_be_parsed(units: i32, scale in 0_u32..5) {
            let value = Decimal::new(i64::from(units), scale);
            for locale in LOCALES.split_whitespace() {
                let w = writer(locale);
                let mark = w.mark();
                prop_assert_eq!(parse_decimal(&w.number(&value), mark), Ok(value.normalize()), "{}", locale);
                prop_assert_eq!(parse_decimal(&format_decimal(value, mark), mark), Ok(value.normalize()), "{}", locale);
                // For other languages CLDR has symbols in other scripts, which are refused rather than guessed.
                let currencies = if w.locale.reads_own_language() { &CURRENCIES[..] } else { &[] };
                for currency in currencies.iter().copied() {
                    let amount = Money::rounded(value, currency);
                    let written = w.money(&amount);
                    let read = parse_amount(&written, mark, Some(currency));
                    prop_assert_eq!(read, Ok(amount.amount().normalize()), "{}: {}", locale, written);
                }
            }
        }
    }

    #[test]
    fn no_two_currencies_have_the_same_format() {
        for locale in LOCALES.split_whitespace() {
            let w = writer(locale);
            let mut formats: HashMap<String, &str> = HashMap::new();
            for currency in Currency::iter() {
                // Without digits, so that only the symbol distinguishes them.
                let written: String = w
                    .amount(&dec!(7), &currency)
                    .chars()
                    .filter(|c| !c.is_ascii_digit() && !",.".contains(*c))
                    .collect();
                let other = formats.insert(written.clone(), currency.code());
                assert_eq!(other, None, "{locale}: {written} is {} as well", currency.code());
            }
        }
    }

    #[test]
    fn a_foreign_dollar_is_identified() {
        for locale in LOCALES.split_whitespace() {
            for currency in Currency::iter() {
                let w = writer(locale);
                let written = w.amount(&dec!(7), &currency);
                assert!(!has_bare_dollar(&written) || w.locale.uses(currency), "{locale}: {written}");
            }
        }
        let dollars = |locale| plain(writer(locale).amount(&dec!(7), &Currency::USD));
        assert_eq!(
            ["en_US", "es_PR", "es_EC", "en_IN", "de_DE"].map(dollars),
            ["$7.00", "$7.00", "$7,00", "US$7.00", "7,00 US$"]
        );
    }
}
