//! Tests of the settings.

use super::*;
use crate::{
    catalogue::tests::catalogue,
    mapping::{Entity, FieldRef, MappedField},
};

/// The format must not change: earlier versions stored settings in it, and parse it.
#[test]
fn the_mapping_is_stored_beside_the_other_settings() {
    let field = |key: &str| FieldRef::new(Entity::Organization, key);
    let parse = |text: &str| serde_json::from_str::<Settings>(text).expect("settings");
    assert_eq!(parse("{}"), Settings::default());
    let stored = r#"{ "to": null, "tax_id": "organization.cnpj", "update_customer": true, "later": [1] }"#;
    let settings = parse(stored);
    assert!(settings.update_customer);
    let fields = MappedField::ALL.map(|field| settings.mapping.get(field).cloned());
    let email = FieldRef::new(Entity::Person, "email");
    assert_eq!(fields, [None, Some(field("address")), Some(email), Some(field("cnpj"))]);
    let written = serde_json::to_value(&settings).expect("settings");
    assert_eq!((&written["to"], &written["tax_id"]), (&serde_json::json!(null), &"organization.cnpj".into()));
    assert_eq!(parse(&written.to_string()), settings);
    assert!(serde_json::from_str::<Settings>(r#"{ "to": "lead.name" }"#).is_err());
    assert_eq!(MappedField::ALL.map(|field| MappedField::from_name(field.name())), MappedField::ALL.map(Some));
}

#[test]
fn administrators_have_every_permission() {
    let rights =
        [AllowedUsers::Everyone, AllowedUsers::Admins].map(|users| [users.includes(true), users.includes(false)]);
    assert_eq!(rights, [[true, true], [true, false]]);
}

#[test]
fn applies_a_preset_to_the_form() {
    let settings = Settings {
        presets: vec![
            Preset { name: "Monthly".into(), term: Some(Term::Days(30)), ..Preset::default() },
            Preset { name: "Plain".into(), ..Preset::default() },
        ],
        ..Settings::default()
    };
    let term = |preset: &str| settings.term_for_form(&Form { preset: preset.into(), ..Form::default() }).clone();
    assert_eq!(
        ["Monthly", "Plain", "Deleted", ""].map(term),
        [Term::Days(30), Term::Days(7), Term::Days(7), Term::Days(7)]
    );

    let preset = Preset {
        name: "Monthly".into(),
        message: "Thank you".into(),
        term: Some(Term::Days(30)),
        cc: "a@b.example".into(),
        online_payment: true,
        custom: BTreeMap::from([("2".into(), "PO".into())]),
    };
    let mut form = Form { issued: "2026-03-13".into(), due: "2026-03-13".into(), ..Form::default() };
    preset.apply_to(&mut form, &catalogue(), &settings);
    let expected = Form {
        preset: "Monthly".into(),
        message: "Thank you".into(),
        issued: "2026-03-13".into(),
        due: "2026-04-12".into(),
        due_follows: true,
        cc: "a@b.example".into(),
        online_payment: true,
        custom: preset.custom.clone(),
        ..Form::default()
    };
    assert_eq!(form, expected);
    Preset::default().apply_to(&mut form, &catalogue(), &settings);
    assert_eq!((form.due.as_str(), form.online_payment, form.message.as_str()), ("2026-03-20", false, ""));
}

#[test]
fn deal_fields_are_written_if_one_is_chosen() {
    assert!(WriteBack::default().is_empty());
    assert!(!WriteBack { number: Some("code".into()), ..WriteBack::default() }.is_empty());
}
