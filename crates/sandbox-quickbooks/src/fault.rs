//! Refusals with QuickBooks' codes and messages.

use axum::http::StatusCode;
use serde_json::{Value, json};
use std::borrow::Cow;

/// A refusal by the API.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    status: StatusCode,
    kind: &'static str,
    code: Cow<'static, str>,
    message: String,
    detail: String,
    element: String,
}

impl Fault {
    pub(crate) fn validation(code: &'static str, message: &str, detail: impl Into<String>, element: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "ValidationFault",
            code: code.into(),
            message: message.into(),
            detail: detail.into(),
            element: element.into(),
        }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::validation(
            "2020",
            "Required param missing, need to supply the required value for the API",
            format!("Required parameter {parameter} is missing in the request"),
            parameter,
        )
    }

    /// Refuses an unknown member of a class. The text lists the known ones; there is no element.
    pub(crate) fn unsupported_property(name: &str, class: &str, known: &[&str]) -> Self {
        let listed: Vec<String> = known.iter().map(|member| format!("\"{member}\"")).collect();
        Self::validation(
            "2010",
            "Request has invalid or unsupported property",
            format!(
                "Property Name:Unrecognized field \"{name}\" (class com.intuit.schema.finance.v3.{class}), not marked as ignorable ({} known properties: {}) specified is unsupported or invalid",
                known.len(),
                listed.join(", ")
            ),
            "",
        )
    }

    pub(crate) fn too_long(element: &str, max: usize, supplied: usize) -> Self {
        Self::validation(
            "2050",
            "String length is either shorter or longer than supported by specification",
            format!(
                "String length specified does not match the supported length. Min:0 Max:{max} supported. Supplied length:{supplied}"
            ),
            element,
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::validation(
            "610",
            "Object Not Found",
            "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
            "",
        )
    }

    pub(crate) fn deleted() -> Self {
        Self::validation("610", "Object Not Found", "Object Not Found : Another user has deleted this transaction.", "")
    }

    pub(crate) fn invalid_reference(element: &str) -> Self {
        Self::validation("2500", "Invalid Reference Id", format!("Invalid Reference Id : {element}"), element)
    }

    /// Refuses a reference to an inactive row. QuickBooks' message does not identify the row.
    pub(crate) fn inactive_reference() -> Self {
        Self::validation(
            "2500",
            "Invalid Reference Id",
            "Invalid Reference Id : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
            "",
        )
    }

    /// Refuses a reference to a row that never existed. For some lists, QuickBooks' message names the list.
    pub(crate) fn missing_element(list: &str, id: &str) -> Self {
        let detail = format!("Invalid Reference Id : {list} element id {id} not found");
        Self::validation("2500", "Invalid Reference Id", detail, "")
    }

    /// Refuses an outdated `SyncToken`.
    pub(crate) fn stale(user: &str) -> Self {
        Self::validation(
            "5010",
            "Stale Object Error",
            format!(
                "Stale Object Error : You and {user} were working on this at the same time. {user} finished before you did, so your work was not saved."
            ),
            "",
        )
    }

    pub(crate) fn business(detail: &str) -> Self {
        Self::validation(
            "6000",
            "A business validation error has occurred while processing your request",
            format!("Business Validation Error: {detail}"),
            "",
        )
    }

    /// Refuses an invalid date.
    pub(crate) fn date(element: &str, value: &Value) -> Self {
        let text = value.to_string();
        Self::validation(
            "2060",
            "Invalid Date",
            format!("Invalid date/time format: {}", text.trim_matches('"')),
            element,
        )
    }

    /// Refuses a number that is too large.
    pub(crate) fn range(element: &str, value: &Value) -> Self {
        Self::validation("2110", "Number out of range", format!("The number is too large: {value}"), element)
    }

    /// Refuses an id that is not a number.
    pub(crate) fn id(supplied: &str) -> Self {
        Self::validation("2030", "Invalid ID", format!("Id should be a valid number. Supplied value:{supplied}"), "Id")
    }

    /// Refuses an unknown value of an enumeration.
    pub(crate) fn enumeration(element: &str, value: &Value) -> Self {
        let text = value.to_string();
        Self::validation(
            "2170",
            "Invalid Enumeration",
            format!("Invalid Enumeration : {}", text.trim_matches('"')),
            element,
        )
    }

    /// Refuses characters that a member does not accept.
    pub(crate) fn characters(element: &str, detail: &str) -> Self {
        Self::validation("2040", "Invalid String. The string has invalid characters", detail, element)
    }

    pub(crate) fn email(element: &str) -> Self {
        let detail = "Email Address does not conform to the RFC 822 standard.";
        Self::validation("2210", "Invalid Email Address format", detail, element)
    }

    /// Refuses an impossible amount.
    pub(crate) fn amount(element: &str, detail: impl Into<String>) -> Self {
        Self::validation("2140", "Invalid Amount", detail, element)
    }

    pub(crate) fn negative(element: &str) -> Self {
        Self::validation("2290", "Negative amount not allowed", "Transaction amount must be 0 or greater.", element)
    }

    pub(crate) fn duplicate_name(detail: &str) -> Self {
        Self::validation(
            "6240",
            "Duplicate Name Exists Error",
            format!("The name supplied already exists. : {detail}"),
            "",
        )
    }

    pub(crate) fn tax_code(element: &str, code: &str) -> Self {
        Self::validation("6100", "Invalid tax code", format!("Invalid tax rate id - {code}"), element)
    }

    pub(crate) fn closed_books(through: &str) -> Self {
        Self::validation(
            "6210",
            "Account Period Closed, Cannot Update Through Services API",
            format!(
                "The account period has closed and the account books cannot be updated through QuickBooks Online Services API. Please contact your QuickBooks admin. You have closed the books through {through}."
            ),
            "",
        )
    }

    pub(crate) fn no_email_address() -> Self {
        Self::validation(
            "6420",
            "Email address missing",
            "Business Validation Error: An email address is needed to send this transaction.",
            "BillEmail",
        )
    }

    /// Refuses the use of a feature that the subscription or the company's settings lack.
    pub(crate) fn feature(name: &str) -> Self {
        Self::validation(
            "5030",
            "Feature Not Supported Error",
            format!("The feature is not available: {name} is not turned on, or not part of this subscription."),
            "",
        )
    }

    /// Refuses a change to a transaction that has payments.
    pub(crate) fn has_payments(action: &str) -> Self {
        Self::validation(
            "6540",
            "Deposited transaction cannot be changed",
            format!("Business Validation Error: You must unlink the payments before {action} this transaction."),
            "",
        )
    }

    /// Refuses a query that cannot be parsed.
    pub(crate) fn unparsable(detail: impl Into<String>) -> Self {
        Self::validation("4000", "Error parsing query", detail, "")
    }

    /// Refuses a query that is parsed but invalid.
    pub(crate) fn invalid_query(detail: impl Into<String>) -> Self {
        Self::validation("4001", "Invalid query", format!("QueryValidationError: {}", detail.into()), "")
    }

    /// Refuses a list that holds an invoice with an invalid e-mail address.
    pub(crate) fn invalid_address(status: u16) -> Self {
        let fault = Self::validation(
            "4002",
            "Invalid query",
            "QueryValidationError: To email address entered is invalid. Please verify.",
            "",
        );
        Self { status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), ..fault }
    }

    /// Reports an internal error of the API.
    pub(crate) fn system() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "SystemFault",
            ..Self::validation(
                "10000",
                "An application error has occurred while processing your request",
                "System Failure Error: An application error has occurred while processing your request",
                "",
            )
        }
    }

    /// Creates a fault of any code, for a test.
    pub(crate) fn from_code(code: &str) -> Self {
        match code {
            "610" => Self::not_found(),
            "2500" => Self::inactive_reference(),
            "5010" => Self::stale("another user"),
            "6210" => Self::closed_books("the closing date"),
            "6240" => Self::duplicate_name(
                "Another customer, vendor or employee is already using this \nname. Please use a different name.",
            ),
            "10000" => Self::system(),
            _ => Self { code: code.to_owned().into(), ..Self::business("A requested fault.") },
        }
    }

    pub(crate) fn unsupported(operation: &str) -> Self {
        Self::validation("500", "Unsupported Operation", format!("Operation {operation} is not supported."), "")
    }

    /// Returns the `Fault` object alone, as in the answer to a batch.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "Message": self.message, "Detail": self.detail, "code": self.code });
        // Faults of parsing have no element.
        if !matches!(self.code.as_ref(), "2010" | "4000" | "4001") {
            error["element"] = json!(self.element);
        }
        json!({ "Error": [error], "type": self.kind })
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}
