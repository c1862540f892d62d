//! Tests of `number`.

use super::*;
use proptest::prelude::*;
use rust_decimal::dec;

fn check(text: &str, mark: DecimalMark, expected: Option<Decimal>) {
    assert_eq!(parse_decimal(text, mark), expected.ok_or(AmountError::NotANumber), "{text} {mark:?}");
}

#[test]
fn parses_numbers_as_people_type_them() {
    use DecimalMark::{Comma, Point};
    for mark in [Comma, Point] {
        check("1.234,56", mark, Some(dec!(1234.56)));
        check("1,234.56", mark, Some(dec!(1234.56)));
        check("1.234.567", mark, Some(dec!(1234567)));
        check("1,234,567", mark, Some(dec!(1234567)));
        check("12", mark, Some(dec!(12)));
        check("-3,5", mark, Some(dec!(-3.5)));
        check("1.5", mark, Some(dec!(1.5)));
        check("1234.567", mark, Some(dec!(1234.567)));
        check(" 1 234,5 ", mark, Some(dec!(1234.5)));
        check("", mark, None);
        check("abc", mark, None);
        check("1,2,3.4", mark, None);
        check("12e3", mark, None);
        check("\u{2212}3,50", mark, Some(dec!(-3.5)));
        check("- 3,50", mark, Some(dec!(-3.5)));
        check("(1.234,56)", mark, Some(dec!(-1234.56)));
        check("1\u{a0}234,56", mark, Some(dec!(1234.56)));
        check("1\u{202f}234\u{202f}567,8", mark, Some(dec!(1234567.8)));
        check("1'234.56", mark, Some(dec!(1234.56)));
        check("1\u{2019}234.56", mark, Some(dec!(1234.56)));
        check("1 234.567", mark, Some(dec!(1234.567)));
        check("1234.5 \t\r\n", mark, Some(dec!(1234.5)));
        check("\u{200e}-1,234.5\u{200f}", mark, Some(dec!(-1234.5)));
        check("12,34,567.8", mark, Some(dec!(1234567.8)));
        check("0,123", mark, Some(dec!(0.123)));
        check("0.500", mark, Some(dec!(0.5)));
        check("5,", mark, Some(dec!(5)));
        check(".5", mark, Some(dec!(0.5)));
    }
    check("1.234", Comma, Some(dec!(1234)));
    check("1.234", Point, Some(dec!(1.234)));
    check("1,234", Point, Some(dec!(1234)));
    check("1,234", Comma, Some(dec!(1.234)));
    check("12,34,567", Point, Some(dec!(1234567)));
}

#[test]
fn refuses_text_that_is_not_a_number() {
    let refused = [
        "1e9",
        "0x10",
        "--1",
        "-(1)",
        "(-1)",
        "(1",
        "1)",
        "((1))",
        "()1",
        "1()",
        ")1(",
        "(1-)",
        "1-",
        "1,2,3",
        "1.2.3",
        "12 34",
        "1 2",
        "1''234",
        "1 234'567",
        "1,234'567.8",
        "12.34.567",
        "1\n2",
        "1\t234",
        "1\u{0}",
        "\u{0}",
        "😀",
        "5 😀",
        "½",
        "٣",
        "１２",
        "1٣",
        ".",
        ",",
        "-",
        "()",
        "+-1",
        "NaN",
        "inf",
        "1234.5.6",
        "1,234,56",
        "1_000",
        "R$ 5",
        "5 %",
        "1 000 00",
    ];
    for text in refused {
        for mark in [DecimalMark::Comma, DecimalMark::Point] {
            check(text, mark, None);
        }
    }
}

#[test]
fn distinguishes_numbers_out_of_range_from_texts() {
    use AmountError::{TooLarge, TooManyDecimals};
    let parse = |text: &str| parse_decimal(text, DecimalMark::Point);
    let (many, most) = ("9".repeat(28), "9".repeat(27));
    assert_eq!(parse(&many), Err(TooLarge { is_negative: false }));
    assert_eq!(parse(&format!("-{many}")), Err(TooLarge { is_negative: true }));
    assert_eq!(parse(&format!("({})", "1".repeat(400))), Err(TooLarge { is_negative: true }));
    assert_eq!(parse(&format!("{most}.25")), Err(TooLarge { is_negative: false }));
    assert_eq!(parse(&format!("000{most}")).map(|value| value.to_string()), Ok(most));
    assert_eq!(parse("0.0000000000000000000000000001"), Err(TooManyDecimals));
    assert_eq!(parse("9999999999.123456789012345678"), Ok(dec!(9999999999.123456789012345678)));
    assert_eq!(parse("1.1234567890123456789"), Err(TooManyDecimals));
    assert_eq!(parse(&format!("1.50{}", "0".repeat(40))), Ok(dec!(1.5)));
    assert_eq!(parse_percent(&format!("{many} %"), DecimalMark::Point), Err(TooLarge { is_negative: false }));
    let amount = |text: &str| parse_amount(text, DecimalMark::Point, Some(Currency::BRL));
    assert_eq!(amount(&format!("R$ {many}")), Err(TooLarge { is_negative: false }));
    assert_eq!(amount(&format!("US$ {many}")), Err(AmountError::OtherCurrency));
    assert_eq!(amount(&format!("{many} kg")), Err(AmountError::NotANumber));
}

#[test]
fn parses_amounts_with_sign_or_code_of_their_currency() {
    use Currency::{BRL, CHF, EUR, GBP, INR, JPY, MXN, PEN, PYG, USD};
    let accepted = [
        ("R$ 1.234,56", BRL, dec!(1234.56)),
        ("R$1.234,56", BRL, dec!(1234.56)),
        ("BRL 1234,5", BRL, dec!(1234.5)),
        ("1234,5 brl", BRL, dec!(1234.5)),
        ("-R$ 5", BRL, dec!(-5)),
        ("R$ -5", BRL, dec!(-5)),
        ("(R$ 5,00)", BRL, dec!(-5)),
        ("R$ (5,00)", BRL, dec!(-5)),
        ("US$ 1,234.56", USD, dec!(1234.56)),
        ("$1,234.56", USD, dec!(1234.56)),
        ("$.50", USD, dec!(0.5)),
        ("$1,234.56", MXN, dec!(1234.56)),
        ("MX$1,234.56", MXN, dec!(1234.56)),
        ("1.234,56\u{a0}€", EUR, dec!(1234.56)),
        ("€ 5", EUR, dec!(5)),
        ("JP¥1,234,567", JPY, dec!(1234567)),
        ("₹12,34,567.00", INR, dec!(1234567)),
        ("Rs.500", INR, dec!(500)),
        ("S/.500", PEN, dec!(500)),
        ("Gs. 1.500.000", PYG, dec!(1500000)),
        ("£7", GBP, dec!(7)),
        ("CHF 1'234.50", CHF, dec!(1234.5)),
        ("7,5", EUR, dec!(7.5)),
    ];
    for (text, currency, value) in accepted {
        assert_eq!(parse_amount(text, DecimalMark::Comma, Some(currency)), Ok(value), "{text} {currency:?}");
        assert_eq!(parse_amount(text, DecimalMark::Comma, None), Ok(value), "{text}");
    }
    let other = [
        ("US$ 5", BRL),
        ("$5", BRL),
        ("$5", EUR),
        ("R$ 5", USD),
        ("5 €", USD),
        ("EUR 5", GBP),
        ("CA$5", USD),
        ("5 K", USD),
        ("kr 5", EUR),
    ];
    for (text, currency) in other {
        let parsed = parse_amount(text, DecimalMark::Point, Some(currency));
        assert_eq!(parsed, Err(AmountError::OtherCurrency), "{text} {currency:?}");
    }
    for text in [
        "5 kg",
        "R$ 5 R$",
        "R$",
        "5 %",
        "R $ 5",
        "R$ 5 R$ 6",
        "1e9",
        "$$5",
        "5k",
        "US$ --5",
        "¤5",
        "x5",
        "5x",
        "R$\u{0}5",
    ] {
        let parsed = parse_amount(text, DecimalMark::Point, Some(USD));
        assert_eq!(parsed, Err(AmountError::NotANumber), "{text}");
    }
}

#[test]
fn accepts_a_percent_sign() {
    let parse = |text| parse_percent(text, DecimalMark::Comma);
    assert_eq!(["10 %", "10%", "% 10", "7,5\u{a0}%"].map(parse), [dec!(10), dec!(10), dec!(10), dec!(7.5)].map(Ok));
    assert_eq!(["10 %%", "10 R$", "%", "10 ‰"].map(parse), [Err(AmountError::NotANumber); 4]);
}

fn any_mark() -> impl Strategy<Value = DecimalMark> {
    prop_oneof![Just(DecimalMark::Comma), Just(DecimalMark::Point)]
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in prop_oneof!["(?s).*", "[-() 0-9.,'%$€R\u{a0}\u{202f}\u{2212}e]{0,40}"], mark in any_mark()) {
        let parsed = parse_decimal(&text, mark);
        let _ = (parse_percent(&text, mark), parse_amount(&text, mark, Some(Currency::BRL)));
        // The value has exactly the typed digits, except for zeros at the ends.
        if let Ok(value) = parsed {
            let typed: String = text.chars().filter(char::is_ascii_digit).collect();
            let digits: String = value.to_string().chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(digits.trim_matches('0'), typed.trim_matches('0'));
            prop_assert!(text.chars().filter(|c| c.is_numeric()).all(|c| c.is_ascii_digit()));
        }
    }

    #[test]
    fn parses_formatted_decimals(units in -10_000_000_i64..10_000_000, scale in 0_u32..6, mark in any_mark()) {
        let value = Decimal::new(units, scale);
        let typed = format_decimal(value, mark);
        prop_assert_eq!(parse_decimal(&typed, mark), Ok(value.normalize()));
        for pasted in [format!("BRL {typed}"), format!("{typed}\u{a0}R$")] {
            prop_assert_eq!(parse_amount(&pasted, mark, Some(Currency::BRL)), Ok(value.normalize()));
        }
    }
}
