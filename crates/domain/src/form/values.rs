//! The values of a form that are not typed: switches, choices and keys. Posted forms and stored drafts hold them as text.

use crate::{customer::CustomerField, tax::TaxMode};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Whether a discount or a part of a deal is a percentage or an amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AmountKind {
    /// Percent. Any text but `amount` means it.
    #[default]
    Percent,
    /// An amount.
    Amount,
}

impl AmountKind {
    /// The name in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Amount => "amount",
        }
    }
}

impl fmt::Display for AmountKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl From<String> for AmountKind {
    fn from(text: String) -> Self {
        if text == Self::Amount.name() { Self::Amount } else { Self::Percent }
    }
}

impl From<AmountKind> for String {
    fn from(kind: AmountKind) -> Self {
        kind.name().to_owned()
    }
}

/// The deal total when a form was filled in, written `15000 BRL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealValue {
    /// The total.
    pub amount: Decimal,
    /// ISO code of the deal's currency.
    pub currency: String,
}

impl fmt::Display for DealValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.amount.normalize(), self.currency)
    }
}

impl FromStr for DealValue {
    type Err = rust_decimal::Error;

    fn from_str(text: &str) -> Result<Self, rust_decimal::Error> {
        let (amount, currency) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { amount: amount.parse()?, currency: currency.to_owned() })
    }
}

/// A checkbox: `on`, or empty.
pub(super) mod switch {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(in crate::form) fn serialize<S: Serializer>(is_on: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *is_on { "on" } else { "" })
    }

    pub(in crate::form) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        Ok(String::deserialize(deserializer)? == "on")
    }
}

/// A value with a text form. A text that cannot be parsed is `None`.
pub(super) mod optional {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::{fmt::Display, str::FromStr};

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(in crate::form) fn serialize<S: Serializer, T: Display>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(""),
        }
    }

    pub(in crate::form) fn deserialize<'de, D: Deserializer<'de>, T: FromStr>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(String::deserialize(deserializer)?.parse().ok())
    }
}

/// Deserializes a tax mode by its name.
pub(super) fn deserialize_tax_mode<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<TaxMode, D::Error> {
    Ok(TaxMode::from_name(&String::deserialize(deserializer)?))
}

/// Deserializes customer fields by their names. Ignores unknown names.
pub(super) fn deserialize_customer_fields<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<CustomerField>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    Ok(CustomerField::ALL.into_iter().filter(|field| names.iter().any(|name| name == field.name())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        form::Form,
        ids::{ConnectionId, IntentKey},
        number::DecimalMark,
    };

    fn parse_form(values: &[(&'static str, &'static str)]) -> Option<Form> {
        use serde::de::value::{Error, MapDeserializer};
        Form::deserialize(MapDeserializer::<_, Error>::new(values.iter().copied())).ok()
    }

    /// PostgreSQL cannot store NUL in the column of this value. Typed texts are validated at their field instead.
    #[test]
    fn rejects_nul_in_the_window() {
        assert_eq!(parse_form(&[("window", "b")]).map(|form| form.window), Some("b".into()));
        assert_eq!(parse_form(&[("window", "a\0")]), None);
        assert_eq!(parse_form(&[("message", "a\0")]).map(|form| form.message), Some("a\0".into()));
    }

    /// The texts must not change: drafts of earlier versions contain them, and earlier versions parse them.
    #[test]
    fn stores_switches_choices_and_keys_as_texts() {
        let id = uuid::Uuid::from_u128(0x2a);
        let texts = [
            ("intent", "00000000-0000-0000-0000-00000000002a"),
            ("filled_for", "00000000-0000-0000-0000-00000000002a"),
            ("version", "7"),
            ("mark", "comma"),
            ("deal_value", "15000.5 BRL"),
            ("due_follows", "on"),
            ("tax_mode", "included"),
            ("online_payment", "on"),
            ("update_customer", "on"),
            ("part_kind", "amount"),
            ("discount_kind", "amount"),
        ];
        let form = Form {
            intent: Some(IntentKey(id)),
            filled_for: Some(ConnectionId(id)),
            version: Some(7),
            mark: Some(DecimalMark::Comma),
            deal_value: Some(DealValue { amount: Decimal::new(150_005, 1), currency: "BRL".into() }),
            due_follows: true,
            tax_mode: TaxMode::Included,
            online_payment: true,
            update_customer: true,
            part_kind: AmountKind::Amount,
            discount_kind: AmountKind::Amount,
            ..Form::default()
        };
        assert_eq!(parse_form(&texts), Some(form.clone()));
        let written = serde_json::to_value(&form).expect("a valid draft");
        let empty = serde_json::to_value(Form::default()).expect("a valid draft");
        for (name, text) in texts {
            assert_eq!(written[name], text, "{name}");
            let default = match name {
                "tax_mode" => "excluded",
                "part_kind" | "discount_kind" => "percent",
                _ => "",
            };
            assert_eq!(empty[name], default, "{name}");
            for invalid in ["", "x", "2a"] {
                assert_eq!(parse_form(&[(name, invalid)]), Some(Form::default()), "{name}: {invalid}");
            }
        }
        let agreed: Form = serde_json::from_str(r#"{ "agreed": ["email", "else", "email"] }"#).expect("a valid draft");
        assert_eq!(agreed.agreed, [CustomerField::Email]);
        assert_eq!(serde_json::to_value(&agreed).expect("a valid draft")["agreed"], serde_json::json!(["email"]));
    }
}
