//! Tests of the fields of a new form other than its lines: customer, dates, tax, and initial items.

use super::*;
use crate::{
    address::Address,
    billing::Part,
    catalogue::NamedTerm,
    customer::{Customer, MatchReason},
    form::FormLine,
    mapping::{Entity, FieldRef, FieldValue, MappedField, Mapping},
    terms::{DueRule, Term},
};

fn opened_with(deal: &Deal, catalogue: &Catalogue, settings: &Settings, customer: Option<&Suggestion>) -> Form {
    let billed = Billed::default();
    let opening = Opening { customer, next_number: "1043", ..opening(catalogue, settings, &billed) };
    open_form(deal, &opening, &describe)
}

fn taxed(id: i64, tax: Decimal, tax_included: bool) -> Product {
    Product { tax, tax_included, ..product(id, "Sensor", "SEN", dec!(1), dec!(118)) }
}

#[test]
fn fills_in_a_form_from_deal_and_settings() {
    let mut of = deal(Vec::new());
    let text = |text: &str| FieldValue::Text(text.into());
    let address = Address {
        street: "Rua A, 5".into(),
        city: "Santos".into(),
        state: "SP".into(),
        postal_code: "11010-000".into(),
        country: "BR".into(),
    };
    of.values.extend([
        (FieldRef::new(Entity::Organization, "name"), text("Oceano")),
        (FieldRef::new(Entity::Organization, "address"), FieldValue::Address(address)),
        (FieldRef::new(Entity::Organization, "cnpj"), text("12.345")),
        (FieldRef::new(Entity::Person, "email"), text("ap@oceano.example")),
    ]);
    let settings = Settings {
        mapping: Mapping::default().with(MappedField::TaxId, Some(FieldRef::new(Entity::Organization, "cnpj"))),
        term: Term::QuickBooks("3".into()),
        update_customer: true,
        ..Settings::default()
    };
    let terms = vec![NamedTerm { id: "3".into(), name: "Net 30".into(), rule: DueRule::Days(30) }];
    let company = Catalogue { terms, online_payment: true, ..catalogue() };
    let customer = Customer {
        id: "58".into(),
        display_name: "Oceano Azul".into(),
        email: None,
        currency: Some("BRL".into()),
        tax_id: None,
        address: Address::default(),
        active: true,
        sync_token: "0".into(),
    };
    let suggestion = Suggestion { customer, reason: MatchReason::SameName };
    let form = opened_with(&of, &company, &settings, Some(&suggestion));
    let expected = Form {
        intent: Some(IntentKey(uuid::Uuid::nil())),
        customer: "58".into(),
        customer_name: "Oceano Azul".into(),
        customer_currency: "BRL".into(),
        to: "Oceano".into(),
        email: "ap@oceano.example".into(),
        tax_id: "12.345".into(),
        street: "Rua A, 5".into(),
        city: "Santos".into(),
        state: "SP".into(),
        postal_code: "11010-000".into(),
        country: "BR".into(),
        issued: "2026-03-13".into(),
        due: "2026-04-12".into(),
        due_follows: true,
        tax_mode: TaxMode::Excluded,
        currency: "BRL".into(),
        number: "1043".into(),
        online_payment: true,
        update_customer: true,
        priced_in: "BRL".into(),
        discount_kind: AmountKind::Percent,
        lines: form.lines.clone(),
        ..Form::default()
    };
    assert_eq!(form, expected);

    let plain = opened_with(&Deal { currency: "EUR".into(), ..of }, &catalogue(), &Settings::default(), None);
    assert_eq!(plain.currency, "", "the company does not have the currency");
    let off = (plain.online_payment, plain.update_customer, plain.customer.as_str(), plain.tax_id.as_str());
    assert_eq!((off, plain.due.as_str()), ((false, false, "", ""), "2026-03-20"));
}

#[test]
fn includes_tax_if_all_rows_of_the_deal_include_it() {
    let open = |products: Vec<Product>, tax: Option<TaxModel>| {
        let mut company = catalogue();
        company.tax = tax.unwrap_or(company.tax);
        let form = opened_with(&deal(products), &company, &Settings::default(), None);
        let prices: Vec<String> = form.lines.iter().map(|line| line.unit_price.clone()).collect();
        (form.tax_mode, prices.join(" "))
    };
    let expected = |mode: TaxMode, prices: &str| (mode, prices.to_owned());
    let (included, added) = (taxed(1, dec!(18), true), taxed(2, dec!(18), false));
    assert_eq!(open(vec![included.clone()], None), expected(TaxMode::Included, "118"));
    assert_eq!(open(vec![included.clone(), added], None), expected(TaxMode::Excluded, "100 118"));
    assert_eq!(open(vec![included], Some(TaxModel::Automated)), expected(TaxMode::Excluded, "100"));
    assert_eq!(open(Vec::new(), None), expected(TaxMode::Excluded, "15000"));
}

#[test]
fn chooses_line_codes_for_each_tax_model() {
    let codes = || catalogue().tax.codes().to_vec();
    let sales_tax = |default: Option<&str>| TaxModel::SalesTax { codes: codes(), default: default.map(Into::into) };
    let open = |tax: TaxModel, percent: Decimal, settings_code: Option<&str>, is_taxable: bool| {
        let mut company = Catalogue { tax, ..catalogue() };
        for item in &mut company.items {
            (item.taxable, item.tax_code) = (is_taxable, is_taxable.then(|| "2".into()));
        }
        let settings = Settings { tax_code: settings_code.map(Into::into), ..Settings::default() };
        let form = opened_with(&deal(vec![taxed(1, percent, false)]), &company, &settings, None);
        (form.invoice_code, form.lines[0].tax_code.clone())
    };
    let expected = |invoice: &str, line: &str| (invoice.to_owned(), line.to_owned());
    let (none, per_line) = (dec!(0), || catalogue().tax);
    assert_eq!(open(TaxModel::None, dec!(18), Some("2"), true), expected("", ""));
    assert_eq!(open(TaxModel::Automated, none, None, false), expected("", NON_TAXABLE));
    assert_eq!(open(TaxModel::Automated, none, None, true), expected("", TAXABLE));
    assert_eq!(open(TaxModel::Automated, dec!(18), None, false), expected("", TAXABLE));
    assert_eq!(open(sales_tax(Some("2")), dec!(18), None, false), expected("3", TAXABLE), "by the deal's percentage");
    assert_eq!(open(sales_tax(Some("2")), none, None, false), expected("2", NON_TAXABLE), "the company's default");
    assert_eq!(open(sales_tax(None), dec!(7), None, false), expected("", TAXABLE));
    assert_eq!(open(per_line(), dec!(18), Some("2"), true), expected("", "3"));
    assert_eq!(open(per_line(), dec!(7), Some("3"), true), expected("", "3"), "the code of the settings");
    assert_eq!(open(per_line(), none, Some("3"), true), expected("", "2"), "the code of the item");
    assert_eq!(open(per_line(), none, Some("3"), false), expected("", "3"));
    assert_eq!(open(per_line(), none, Some("4"), false), expected("", ""), "a code that no longer exists");
}

#[test]
fn bills_unknown_products_with_the_default_item() {
    let settings = Settings { item: Some("12".into()), ..Settings::default() };
    let item = |products: Vec<Product>, settings: &Settings| {
        let FormLine { item, item_name, .. } =
            opened_with(&deal(products), &catalogue(), settings, None).lines.remove(0);
        (item, item_name)
    };
    let expected = |item: &str, name: &str| (item.to_owned(), name.to_owned());
    let unknown = || vec![product(1, "Novo", "", dec!(1), dec!(1))];
    assert_eq!(item(unknown(), &settings), expected("12", "Licença anual"));
    assert_eq!(item(Vec::new(), &settings), expected("12", "Licença anual"));
    assert_eq!(item(unknown(), &Settings::default()), expected(CREATE, ""));
    assert_eq!(item(Vec::new(), &Settings::default()), expected("", ""));
    assert_eq!(item(vec![product(1, "x", "SEN", dec!(1), dec!(1))], &settings), expected("11", "Sensor"));
}

/// The default item could replace an item that exists in QuickBooks.
#[test]
fn the_person_chooses_the_item_if_it_is_uncertain() {
    let settings = Settings { item: Some("12".into()), ..Settings::default() };
    let item_of = |name: &str, code: &str, company: &Catalogue, item_lookup_failed: bool| {
        let billed = Billed::default();
        let opening = Opening { item_lookup_failed, ..opening(company, &settings, &billed) };
        let products = vec![product(1, name, code, dec!(1), dec!(900))];
        let form = open_form(&deal(products), &opening, &describe);
        let FormLine { item, item_name, .. } = form.lines[0].clone();
        (item, item_name)
    };
    let searched = |name: &str| (String::new(), name.to_owned());
    let company = catalogue();
    let listed_in_part = Catalogue { has_more_items: true, ..catalogue() };
    assert_eq!(item_of("Novo", "", &listed_in_part, true), searched("Novo"), "QuickBooks did not answer");
    assert_eq!(item_of("Novo", "SEN", &listed_in_part, true), searched("Novo"), "another item may have this code");
    assert_eq!(item_of("Novo", "SEN", &listed_in_part, false).0, "11");
    assert_eq!(item_of("Novo", "SEN", &company, true).0, "11", "all items are listed");
    assert_eq!(item_of("Novo", "", &company, true).0, "12", "all items are listed, and this one is new");
    let links = [(1, "1500".to_owned())];
    let linked = |item_lookup_failed: bool| {
        let billed = Billed::default();
        let opening = Opening { item_lookup_failed, item_links: &links, ..opening(&company, &settings, &billed) };
        let form = open_form(&deal(vec![product(1, "x", "SEN", dec!(1), dec!(900))]), &opening, &describe);
        form.lines[0].item.clone()
    };
    assert_eq!(linked(true), "", "the linked item was not looked up");
    assert_eq!(linked(false), "11", "the linked item is inactive");
    let one = |id: &str, name: &str, sku: &str| Item {
        id: id.into(),
        name: name.into(),
        sku: (!sku.is_empty()).then(|| sku.into()),
        tax_code: None,
        taxable: false,
    };
    let more = company.with_items([one("20", "Cabo", "C-1"), one("21", "Cabo longo", "c-1"), one("22", "cabo", "")]);
    assert_eq!(item_of("x", "C-1", &more, false), searched("C-1"), "two items with this code");
    assert_eq!(item_of("Cabo", "", &more, false), searched("Cabo"), "two items with this name");
    assert_eq!(item_of("Cabo longo", "C-1", &more, false).0, "21", "the name decides");
    assert_eq!(item_of("Cabo longo", "", &more, false).0, "21");
}

#[test]
fn bills_a_part_with_the_deposit_item() {
    let part = |settings: &Settings, products: Vec<Product>| {
        let (company, billed) = (catalogue(), Billed::default());
        let mut form = Form { currency: "BRL".into(), part: "30".into(), ..Form::default() };
        fill_lines(
            &mut form,
            &deal(products),
            &opening(&company, settings, &billed),
            Part::Percent(dec!(30)),
            &describe,
        );
        assert_eq!(form.part_applied, "30 percent");
        let [line] = &form.lines[..] else { panic!("one summary line") };
        format!("{} {} of {}, tax {}", line.item, line.item_name, line.name, line.tax_code)
    };
    let rows = || vec![product(1, "Novo", "", dec!(1), dec!(900)), product(2, "x", "SEN", dec!(1), dec!(100))];
    let settings = Settings { item: Some("12".into()), ..Settings::default() };
    let with_deposit_item = Settings { deposit_item: Some("10".into()), ..settings.clone() };
    // Rows with the same code become one summary line, with the item of the largest row that has one.
    let same = |settings: &Settings| Settings { tax_code: Some("2".into()), ..settings.clone() };
    assert_eq!(part(&same(&with_deposit_item), rows()), "10 Consultoria of Novo, tax 2");
    assert_eq!(part(&same(&Settings::default()), rows()), "11 Sensor of Novo, tax 2", "a part creates no item");
    assert_eq!(part(&same(&settings), rows()), "12 Licença anual of Novo, tax 2");
    let one = vec![product(1, "Novo", "", dec!(1), dec!(900))];
    assert_eq!(part(&Settings::default(), one), format!("{CREATE}  of Novo, tax "));
}
