//! Tests of the mapping.

use super::*;

#[test]
fn parses_and_formats_field_references() {
    let field: FieldRef = "organization.address".parse().expect("a field");
    assert_eq!(field, FieldRef::new(Entity::Organization, "address"));
    assert_eq!(field.to_string(), "organization.address");
    assert!("lead.name".parse::<FieldRef>().is_err());
    assert!("organization".parse::<FieldRef>().is_err());
}

#[test]
fn replaces_option_ids_by_labels() {
    let reference = FieldRef::new(Entity::Organization, "size");
    let options = vec![("41".to_owned(), "Small".to_owned()), ("42".to_owned(), "Large".to_owned())];
    let field = Field {
        reference: reference.clone(),
        name: "Size".into(),
        kind: FieldKind::Choice,
        options,
        kind_name: "enum".into(),
        is_writable: false,
    };
    let mut values = FieldValues::from([(reference.clone(), FieldValue::Text("42,41,99".into()))]);
    replace_option_ids(&mut values, &[field]);
    assert_eq!(values[&reference], FieldValue::Text("Large, Small".into()));
}

#[test]
fn a_deal_without_organization_is_billed_to_its_person() {
    let mut values = FieldValues::new();
    values.insert(FieldRef::new(Entity::Person, "name"), FieldValue::Text("Ana Souza".into()));
    values.insert(FieldRef::new(Entity::Person, "email"), FieldValue::Text("ana@example.com".into()));
    let details = fill_customer_details(&Mapping::default(), &values);
    assert_eq!((details.to.as_str(), details.email.as_str()), ("Ana Souza", "ana@example.com"));
    assert_eq!(details.from.get(MappedField::To), Some(&FieldRef::new(Entity::Person, "name")));
    assert!(details.address.is_empty());
}

#[test]
fn a_field_is_named_by_its_record_and_key() {
    for entity in Entity::ALL {
        let field = FieldRef::new(entity, "x".repeat(100));
        assert_eq!(field.to_string().parse::<FieldRef>().ok(), Some(field.clone()));
        assert_eq!(String::from(field.clone()), field.to_string());
        assert!(format!("{field}x").parse::<FieldRef>().is_err(), "too long");
    }
    assert!("deal.".parse::<FieldRef>().is_err());
    assert_eq!(Entity::ALL.map(Entity::name), ["organization", "person", "deal"]);
}

#[test]
fn replaces_option_ids_of_choices_only() {
    let reference = FieldRef::new(Entity::Deal, "code");
    let field = Field {
        reference: reference.clone(),
        name: "Code".into(),
        kind: FieldKind::Text,
        options: vec![("42".into(), "Large".into())],
        kind_name: "varchar".into(),
        is_writable: true,
    };
    let mut values = FieldValues::from([(reference.clone(), FieldValue::Text("42".into()))]);
    replace_option_ids(&mut values, &[field]);
    assert_eq!(values[&reference], FieldValue::Text("42".into()));
}

#[test]
fn customer_details_come_from_the_mapped_fields() {
    let text = |text: &str| FieldValue::Text(text.into());
    let parts = Address { city: "Santos".into(), country: "BR".into(), ..Address::default() };
    let values = FieldValues::from([
        (FieldRef::new(Entity::Organization, "name"), text("Oceano")),
        (FieldRef::new(Entity::Deal, "to"), text(" ")),
        (FieldRef::new(Entity::Deal, "street"), text(" Rua A ")),
        (FieldRef::new(Entity::Deal, "place"), FieldValue::Address(parts.clone())),
        (FieldRef::new(Entity::Deal, "cnpj"), text(" 123 ")),
    ]);
    let details = |to: &str, address: &str| {
        let mapping = Mapping::from_iter([
            (MappedField::To, FieldRef::new(Entity::Deal, to)),
            (MappedField::Address, FieldRef::new(Entity::Deal, address)),
            (MappedField::TaxId, FieldRef::new(Entity::Deal, "cnpj")),
        ]);
        fill_customer_details(&mapping, &values)
    };
    let customer = details("to", "street");
    assert_eq!(
        (customer.to.as_str(), customer.address.street.as_str(), customer.tax_id.as_str()),
        ("Oceano", "Rua A", "123")
    );
    let customer = details("place", "place");
    assert_eq!((customer.to.as_str(), customer.address), ("Santos, BR", parts));
}
