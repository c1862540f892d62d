//! Refusals of QuickBooks are shown at their field or above the form, in each language, and nothing is created.

use crate::{
    database::Backend::Sqlite,
    person::{BR, MIGUEL, US, User},
    ready::{CUSTOMER, ITEM, open_ready_form},
    test_app::TestApp,
};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A refusal of an invoice, and the problems that the form then shows.
struct Refusal {
    name: &'static str,
    effect: fn(customer: &str, item: &str) -> Value,
    /// Fields, each with a part of its text in English, Spanish and Portuguese.
    expected: &'static [(&'static str, [&'static str; 3])],
}

/// A fault of QuickBooks with one error.
fn fault(code: Value, message: &str, detail: &str, element: &str) -> Value {
    json!({ "fault": { "errors": [{ "code": code, "Message": message, "Detail": detail, "element": element }] } })
}

fn invalid_reference(detail: &str) -> Value {
    fault(json!("2500"), "Invalid Reference Id", &format!("Invalid Reference Id : {detail}"), "")
}

const FORM: &str = "invoice-form";

const REFUSALS: [Refusal; 13] = [
    Refusal {
        name: "an inactive reference without its name",
        effect: |_, _| {
            invalid_reference(
                "Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
            )
        },
        expected: &[(
            FORM,
            [
                "Something that this invoice uses was made inactive or deleted",
                "Algo que usa esta factura se desactivó o eliminó",
                "Algo que esta fatura usa foi desativado ou excluído",
            ],
        )],
    },
    Refusal {
        name: "the customer, by its id",
        effect: |customer, _| invalid_reference(&format!("Names element id {customer} not found")),
        expected: &[(
            "customer_name",
            [
                "This customer was made inactive or deleted in QuickBooks.",
                "Este cliente se desactivó o eliminó en QuickBooks.",
                "Este cliente foi desativado ou excluído no QuickBooks.",
            ],
        )],
    },
    Refusal {
        name: "a name that is not the customer's",
        effect: |_, _| invalid_reference("Names element id 99583 not found"),
        expected: &[(
            FORM,
            [
                "QuickBooks says: Invalid Reference Id : Names element id 99583 not found",
                "QuickBooks dice: Invalid Reference Id",
                "O QuickBooks diz: Invalid Reference Id",
            ],
        )],
    },
    Refusal {
        name: "the item of the line, by its id",
        effect: |_, item| invalid_reference(&format!("Items element id {item} not found")),
        expected: &[(
            "lines-0-item",
            [
                "An item was made inactive or deleted in QuickBooks.",
                "Un concepto se desactivó o eliminó en QuickBooks.",
                "Um item foi desativado ou excluído no QuickBooks.",
            ],
        )],
    },
    Refusal {
        name: "closed books, with a numeric code",
        effect: |_, _| fault(json!(6210), "Account Period Closed", "You have closed the books through 2026-03-31.", ""),
        expected: &[(
            "issued",
            [
                "The books are closed for this date in QuickBooks.",
                "La contabilidad está cerrada en esta fecha en QuickBooks.",
                "A contabilidade está fechada nesta data no QuickBooks.",
            ],
        )],
    },
    Refusal {
        name: "an ended subscription: one error instead of an array, with status 200",
        effect: |_, _| {
            let error = json!({ "code": "6190", "Message": "Invalid Company Status", "Detail": "subscription period has ended" });
            json!({ "fault": { "errors": [error], "status": 200, "object": true } })
        },
        expected: &[(
            FORM,
            [
                "The subscription of this QuickBooks company has ended",
                "La suscripción de esta empresa de QuickBooks terminó",
                "A assinatura desta empresa do QuickBooks terminou",
            ],
        )],
    },
    Refusal {
        name: "an address of another invoice",
        effect: |_, _| fault(json!("4002"), "Invalid query", "To email address entered is invalid", ""),
        expected: &[(
            FORM,
            [
                "An invoice that is already in QuickBooks has an invalid email address",
                "Una factura que ya está en QuickBooks tiene una dirección de correo no válida",
                "Uma fatura que já está no QuickBooks tem um endereço de e-mail inválido",
            ],
        )],
    },
    Refusal {
        name: "an unrecognised member of the request",
        effect: |_, _| {
            let detail = "Property Name:Unrecognized field \"Foo\" (class com.intuit.schema.finance.v3.Invoice), not marked as ignorable (2 known properties: \"DocNumber\", \"CustomerRef\")";
            fault(json!("2010"), "Request has invalid or unsupported property", detail, "")
        },
        expected: &[(
            FORM,
            [
                "The problem is not what you typed. Send this text to support",
                "El problema no está en lo que escribiste. Envía este texto a soporte",
                "O problema não está no que você digitou. Envie este texto ao suporte",
            ],
        )],
    },
    Refusal {
        name: "two errors at once",
        effect: |_, _| {
            let memo = "String length specified does not match the supported length. Min:0 Max:1000 supported. Supplied length:1200";
            let email = "Email Address does not conform to the RFC 822 standard.";
            json!({ "fault": { "errors": [
                { "code": "2050", "Message": "m", "Detail": memo, "element": "CustomerMemo" },
                { "code": 2210, "Message": "m", "Detail": email, "element": "BillEmail.Address" },
            ] } })
        },
        expected: &[
            (
                "message",
                ["may have 1000 characters at most.", "1000 caracteres como máximo.", "no máximo 1000 caracteres."],
            ),
            (
                "email",
                [
                    "This is not a valid email address.",
                    "Esta dirección de correo no es válida.",
                    "Este endereço de e-mail não é válido.",
                ],
            ),
        ],
    },
    Refusal {
        name: "an unknown code",
        effect: |_, _| fault(json!("9999"), "New", "Business Validation Error: Nobody has seen this.", ""),
        expected: &[(
            FORM,
            [
                "QuickBooks refused the invoice, and nothing was created. Correct what it names, then create the invoice again. QuickBooks says: Nobody has seen this.",
                "QuickBooks rechazó la factura y no se creó nada. Corrige lo que indica y crea la factura de nuevo. QuickBooks dice: Nobody has seen this.",
                "O QuickBooks recusou a fatura, e nada foi criado. Corrija o que ele indica e crie a fatura de novo. O QuickBooks diz: Nobody has seen this.",
            ],
        )],
    },
    Refusal {
        name: "a company that the app may not open",
        effect: |_, _| json!("not_authorized"),
        expected: &[(
            FORM,
            [
                "Ask an administrator to reconnect QuickBooks",
                "Pide a un administrador que vuelva a conectar QuickBooks",
                "Peça a um administrador que reconecte o QuickBooks",
            ],
        )],
    },
    Refusal {
        name: "a missing scope",
        effect: |_, _| json!("scope_missing"),
        expected: &[(
            FORM,
            [
                "grant every permission it asks for",
                "conceda todos los permisos solicitados",
                "conceda todas as permissões solicitadas",
            ],
        )],
    },
    Refusal {
        name: "keys of another environment",
        effect: |_, _| json!({ "xml": "wrong_cluster" }),
        expected: &[(
            FORM,
            [
                "a test company with production keys, or the reverse",
                "una empresa de prueba con claves de producción, o al revés",
                "uma empresa de teste com chaves de produção, ou o contrário",
            ],
        )],
    },
];

/// Runs on SQLite only, because the texts do not depend on the database.
#[rstest]
#[case(US, 0)]
#[case(MIGUEL, 1)]
#[case(BR, 2)]
#[tokio::test]
async fn a_refusal_is_shown_at_its_field_in_the_users_language(#[case] user: User, #[case] language: usize) {
    let app = TestApp::start(Sqlite).await.with_company(if user.realm == US.realm { US } else { BR }).await;
    let app = if user.id == MIGUEL.id { app.with_company(MIGUEL).await } else { app };
    let person = app.sign_in(user);
    let before = app.providers.invoices(user).await.len();
    let form = open_ready_form(&app, &person).await;
    let at = usize::from(user.realm == BR.realm);
    for Refusal { name, effect, expected } in REFUSALS {
        app.providers.inject_quickbooks_fault(Method::POST, "/invoice", effect(CUSTOMER[at], ITEM[at])).await;
        let answer = form.create().await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.text);
        let problems: BTreeMap<String, String> = answer.problems().into_iter().collect();
        let mut fields: Vec<&str> = expected.iter().map(|(field, _)| *field).collect();
        fields.sort_unstable();
        assert_eq!(problems.keys().collect::<Vec<_>>(), fields, "{name}: {problems:?}");
        for (field, words) in expected {
            assert!(problems[*field].contains(words[language]), "{name}: {problems:?}");
        }
        assert_eq!(app.providers.invoices(user).await.len(), before, "{name}");
    }
    // Without a fault, the same form creates the invoice.
    form.create().await.number();
    assert_eq!(app.providers.invoices(user).await.len(), before + 1);
}

#[tokio::test]
async fn an_inactive_item_is_reported_above_the_form() {
    let app = TestApp::start(Sqlite).await.with_company(US).await;
    let dana = app.sign_in(US);
    let form = open_ready_form(&app, &dana).await;
    let before = app.providers.invoices(US).await.len();
    let inactive = json!({ "realm_id": US.realm, "entity": "Item", "id": ITEM[0], "changes": { "Active": false } });
    app.providers.post_control("/quickbooks/edit", inactive).await;
    let refused = form.create().await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let fields: Vec<String> = refused.problems().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, [FORM]);
    assert_eq!(app.providers.invoices(US).await.len(), before);
}

#[rstest]
#[case("6450", "settled electronically")]
#[case("6190", "The subscription of this QuickBooks company has ended")]
#[case("6210", "The books in QuickBooks are closed")]
#[case("9999", "The invoice was not deleted. QuickBooks does not delete an invoice that has payments.")]
#[tokio::test]
async fn a_refused_action_shows_the_reason(#[case] code: &str, #[case] words: &str) {
    let app = TestApp::start(Sqlite).await.with_company(US).await;
    let dana = app.sign_in(US);
    let number = dana.bill_deal(3).await;
    app.providers.pay_invoice(US, &app.providers.invoice(US, &number).await, Some(1)).await;
    dana.refresh_panel(3).await;
    let row = dana.open_panel(3).await.row(&number).clone();
    app.providers.inject_quickbooks_fault(Method::POST, "/invoice", json!({ "fault": code })).await;
    let answer = dana.delete_invoice(3, &row).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.plain_text().contains(words), "{}", answer.text);
    assert!(app.providers.find_invoice(US, &number).await.is_some(), "the invoice is kept");
}

#[rstest]
#[case(US, "Pipedrive is blocking requests")]
#[case(MIGUEL, "Pipedrive está bloqueando solicitudes")]
#[case(BR, "O Pipedrive está bloqueando solicitações")]
#[tokio::test]
async fn a_proxy_page_is_not_taken_for_a_missing_deal(#[case] user: User, #[case] words: &str) {
    let app = TestApp::start(Sqlite).await.with_company(if user.realm == US.realm { US } else { BR }).await;
    let app = if user.id == MIGUEL.id { app.with_company(MIGUEL).await } else { app };
    let person = app.sign_in(user);
    app.providers.inject_fault("pipedrive", Method::GET, "/deals/1", 20, json!({ "page": 403 })).await;
    let blocked = person.try_open_form(1).await;
    app.providers.clear_faults().await;
    assert_eq!(blocked.status, StatusCode::SERVICE_UNAVAILABLE, "{}", blocked.text);
    assert!(blocked.plain_text().contains(words), "{}", blocked.text);
    assert_eq!(person.try_open_form(1).await.status, StatusCode::OK, "the block ends");
}

#[rstest]
#[case(json!("not_authorized"), "Ask an administrator to reconnect QuickBooks")]
#[case(json!({ "xml": "wrong_cluster" }), "Contact its operator")]
#[case(json!({ "page": 403 }), "QuickBooks is blocking requests")]
#[tokio::test]
async fn a_failed_read_names_the_party_that_has_to_act(#[case] effect: Value, #[case] words: &str) {
    let app = TestApp::start(Sqlite).await.with_company(US).await;
    let dana = app.sign_in(US);
    dana.open_form(3).await;
    app.providers.inject_fault("quickbooks", Method::GET, "/v3/company", 50, effect).await;
    let answer = dana.search_customers("Somebody").await;
    assert!(answer.plain_text().contains(words), "{}", answer.text);
}
