//! Numbers, money and dates as the person's language writes them. The only file that knows ICU4X.

use crate::language::Language;
use domain::{
    mapping::{Entity, Field},
    money::{Money, decimals},
    number::DecimalMark,
};
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;
use icu_datetime::{DateTimeFormatter, fieldsets, input::Date as IcuDate};
use icu_decimal::{DecimalFormatter, input::Decimal as IcuDecimal, options::DecimalFormatterOptions};
use icu_experimental::dimension::currency::{
    CurrencyType, formatter::CurrencyFormatter, options::CurrencyFormatterOptions,
};
use icu_locale::Locale as IcuLocale;
use iso_currency::Currency;
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use rust_decimal::Decimal;

/// Writes for one person.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) language: Language,
    /// The texts; named briefly, since every line of every page has it.
    pub(crate) t: &'static FluentLanguageLoader,
}

impl Writer {
    pub(crate) fn new(language: Language) -> Self {
        Self { language, t: language.texts() }
    }

    fn locale(self) -> IcuLocale {
        // Latin America writes $ and decimals unlike Spain; the Spanish of Fatura is read in both. CLDR's plain `es`.
        self.language.tag().parse().unwrap_or(IcuLocale::UNKNOWN)
    }

    /// What a kind of record is called.
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

    /// How the person writes decimals.
    pub(crate) fn mark(self) -> DecimalMark {
        if self.language == Language::English { DecimalMark::Point } else { DecimalMark::Comma }
    }

    /// `R$ 1.234,56`, `$1,234.56`.
    pub(crate) fn money(self, money: &Money) -> String {
        self.amount(&money.amount(), &money.currency())
    }

    /// An amount in a currency, with the currency's decimals.
    pub(crate) fn amount(self, amount: &Decimal, currency: &Currency) -> String {
        let mut padded = *amount;
        padded.rescale(decimals(*currency));
        let plain = padded.to_string();
        let written = || {
            let code = CurrencyType::try_from_str(currency.code()).ok()?;
            let value: IcuDecimal = plain.parse().ok()?;
            let formatter =
                CurrencyFormatter::try_new_symbol(self.locale().into(), code, CurrencyFormatterOptions::default())
                    .ok()?;
            Some(formatter.format_fixed_decimal(&value).to_string())
        };
        written().unwrap_or_else(|| format!("{} {plain}", currency.code()))
    }

    /// A plain number: `1.234,5`.
    pub(crate) fn number(self, number: &Decimal) -> String {
        let plain = number.normalize().to_string();
        let written = || {
            let value: IcuDecimal = plain.parse().ok()?;
            Some(
                DecimalFormatter::try_new(self.locale().into(), DecimalFormatterOptions::default())
                    .ok()?
                    .format(&value)
                    .to_string(),
            )
        };
        written().unwrap_or(plain)
    }

    /// `13/03/2026`, `Mar 13, 2026`.
    pub(crate) fn date(self, date: &Date) -> String {
        let fields =
            if self.language == Language::Portuguese { fieldsets::YMD::short() } else { fieldsets::YMD::medium() };
        self.written(*date, |locale| {
            DateTimeFormatter::try_new(locale.into(), fields).ok().map(DateTimeFormatter::cast_into_fset)
        })
    }

    /// `13 de março de 2026`.
    pub(crate) fn long_date(self, date: &Date) -> String {
        self.written(*date, |locale| {
            DateTimeFormatter::try_new(locale.into(), fieldsets::YMD::long())
                .ok()
                .map(icu_datetime::DateTimeFormatter::cast_into_fset)
        })
    }

    fn written(
        self,
        date: Date,
        formatter: impl FnOnce(IcuLocale) -> Option<DateTimeFormatter<fieldsets::enums::DateFieldSet>>,
    ) -> String {
        let icu =
            IcuDate::try_new_iso(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs()).ok();
        match (icu, formatter(self.locale())) {
            (Some(icu), Some(formatter)) => formatter.format(&icu).to_string(),
            _ => date.to_string(),
        }
    }

    /// `14:32` in the time zone.
    pub(crate) fn time(self, at: &Timestamp, zone: &str) -> String {
        let time: Time = at.to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)).time();
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// When something was: the time alone today, else with the date.
    pub(crate) fn moment(self, at: &Timestamp, now: Timestamp, zone: &str) -> String {
        let zoned = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let (day, today) = (at.to_zoned(zoned.clone()).date(), now.to_zoned(zoned).date());
        let time = self.time(at, zone);
        if day == today { time } else { format!("{} {time}", self.date(&day)) }
    }

    /// The name of a currency for choosing: its code and sign.
    pub(crate) fn currency(self, currency: &Currency) -> String {
        format!("{} ({})", currency.code(), currency.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use rust_decimal::dec;

    fn check(language: Language, money: &str, short: &str, long: &str) {
        let writer = Writer::new(language);
        let plain = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(plain(writer.amount(&dec!(1234.5), &Currency::BRL)), money);
        assert_eq!(plain(writer.date(&date(2026, 3, 13))), short);
        assert_eq!(plain(writer.long_date(&date(2026, 3, 13))), long);
    }

    #[test]
    fn each_language_writes_in_its_own_way() {
        check(Language::Portuguese, "R$ 1.234,50", "13/03/2026", "13 de março de 2026");
        check(Language::English, "R$1,234.50", "Mar 13, 2026", "March 13, 2026");
        check(Language::Spanish, "1234,50 R$", "13 mar 2026", "13 de marzo de 2026");
        assert_eq!(Writer::new(Language::English).amount(&dec!(1234.5), &Currency::USD), "$1,234.50");
        assert_eq!(Writer::new(Language::English).amount(&dec!(1234), &Currency::JPY), "¥1,234");
    }
}
