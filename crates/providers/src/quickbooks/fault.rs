//! Reads QuickBooks' faults. The API writes `Fault`, the gateway in front of it writes `fault`. Both may send XML
//! although JSON is requested, with any status, including 200.

use crate::{
    classify::{Body, Meaning, ReportedRefusal, UNREADABLE_ROW},
    error::Fault,
};
use serde::Deserialize;
use serde_json::Value;

/// A fault with the texts of the answer.
#[derive(Debug, Default)]
struct WrittenFault {
    kind: String,
    errors: Vec<WrittenError>,
}

#[derive(Debug, Default)]
struct WrittenError {
    code: String,
    message: String,
    detail: String,
    element: String,
}

/// `<IntuitResponse><Fault type="…"><Error code="…" element="…"><Message>…</Message><Detail>…</Detail></Error></Fault>`.
#[derive(Debug, Deserialize)]
struct XmlAnswer {
    #[serde(rename = "Fault")]
    fault: XmlFault,
}

#[derive(Debug, Deserialize)]
struct XmlFault {
    #[serde(rename = "@type", default)]
    kind: String,
    #[serde(rename = "Error", default)]
    errors: Vec<XmlError>,
}

#[derive(Debug, Deserialize)]
struct XmlError {
    #[serde(rename = "@code", default)]
    code: String,
    #[serde(rename = "@element", default)]
    element: String,
    #[serde(rename = "Message", default)]
    message: String,
    #[serde(rename = "Detail", default)]
    detail: String,
}

/// Reads the fault of an answer, if the answer is a fault.
pub(super) fn read_fault(body: &Body) -> Option<ReportedRefusal> {
    match body {
        Body::Json(value) => read_json_fault(value),
        Body::Other(bytes, _) => {
            let XmlAnswer { fault } = quick_xml::de::from_reader(bytes.as_slice()).ok()?;
            let errors = fault.errors.into_iter().map(|error| WrittenError {
                code: error.code,
                message: error.message,
                detail: error.detail,
                element: error.element,
            });
            Some(to_refusal(WrittenFault { kind: fault.kind, errors: errors.collect() }))
        }
    }
}

/// Reads the fault in a JSON answer, or in an item of a batch.
pub(super) fn read_json_fault(answer: &Value) -> Option<ReportedRefusal> {
    let fault = [&answer["Fault"], &answer["fault"]].into_iter().find(|fault| fault.is_object())?;
    let kind = read_text(fault, ["type", "Type"]);
    let errors: Vec<WrittenError> =
        match [&fault["Error"], &fault["error"]].into_iter().find(|errors| !errors.is_null()) {
            Some(Value::Array(errors)) => errors.iter().map(read_error).collect(),
            Some(error) => vec![read_error(error)],
            None => Vec::new(),
        };
    (!kind.is_empty() || !errors.is_empty()).then(|| to_refusal(WrittenFault { kind, errors }))
}

fn read_error(error: &Value) -> WrittenError {
    WrittenError {
        code: read_text(error, ["code", "Code"]),
        message: read_text(error, ["Message", "message"]),
        detail: read_text(error, ["Detail", "detail"]),
        element: read_text(error, ["element", "Element"]),
    }
}

/// Reads a member as text. Codes may be numbers.
fn read_text(of: &Value, names: [&str; 2]) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    names.into_iter().find_map(|name| text(&of[name])).unwrap_or_default()
}

fn to_refusal(written: WrittenFault) -> ReportedRefusal {
    let meaning = choose_meaning(&written);
    let fault = |error: WrittenError| Fault {
        code: clean_code(&error.code),
        detail: if error.detail.trim().is_empty() { error.message } else { error.detail },
        element: error.element.trim().to_owned(),
    };
    ReportedRefusal { meaning, faults: written.errors.into_iter().map(fault).collect() }
}

fn choose_meaning(written: &WrittenFault) -> Meaning {
    let has =
        |codes: &[&str]| written.errors.iter().any(|error| codes.contains(&error.code.trim().trim_start_matches('0')));
    let says = |words: &str| written.errors.iter().any(|error| error.message.contains(words));
    let kind = written.kind.to_ascii_lowercase();
    // Intuit documents some refusals also with the type of a system fault.
    let is_documented = written.errors.iter().any(|error| error.code.trim().parse().is_ok_and(is_documented_refusal));
    if has(&["130"]) {
        Meaning::WrongEnvironment
    } else if has(&["3001", "3002"]) || says("ThrottleExceeded") {
        Meaning::Throttled
    } else if has(&["3100", "110", "120"]) || kind.starts_with("authoriz") || says("AuthorizationFailed") {
        Meaning::NotPermitted
    } else if has(&["3200", "100"]) || kind.starts_with("authenticat") {
        Meaning::TokenRefused
    } else if has(&["600", "10000", "10100", "10200"])
        || (kind.starts_with("system") && !has(&[UNREADABLE_ROW]) && !is_documented)
    {
        // After a system fault with an undocumented code, it is unknown whether a write was carried out.
        Meaning::Undecided
    } else {
        Meaning::Refused
    }
}

/// Keeps the letters, digits and hyphens of a code, because codes are logged. QuickBooks' codes have no other
/// characters.
fn clean_code(code: &str) -> String {
    let characters = code.trim().trim_start_matches('0').chars();
    characters.filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(MAX_CODE_CHARS).collect()
}

/// Maximum length of a code. QuickBooks' codes are shorter.
const MAX_CODE_CHARS: usize = 40;

/// Whether Intuit's list of error codes documents a code as a refusal.
fn is_documented_refusal(code: u32) -> bool {
    matches!(code, 610 | 620 | 700 | 800 | 1000..=3999 | 4000..=4001 | 5010..=5040 | 6000..=6999)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProviderError, classify::classify_failure, http::AnswerFormat};
    use reqwest::StatusCode;

    fn outcome(status: u16, body: &str) -> ProviderError {
        outcome_of(status, body, false)
    }

    fn outcome_of(status: u16, body: &str, is_read: bool) -> ProviderError {
        let status = StatusCode::from_u16(status).expect("a status");
        let format = AnswerFormat { provider: "quickbooks", read_refusal: read_fault };
        if status.is_success() {
            let reported = read_fault(&Body::parse(body.into())).expect("a fault");
            return reported.into_error(status, "tid".into());
        }
        classify_failure(status, "tid".into(), None, body.into(), format, is_read)
    }

    /// Describes the outcome. For a refusal, includes code, detail and element of each error.
    fn describe(status: u16, body: &str) -> String {
        match outcome(status, body) {
            ProviderError::Refused(refusal) => {
                let faults = refusal
                    .faults()
                    .into_iter()
                    .map(|fault| format!("{}|{}|{}", fault.code, fault.detail, fault.element));
                format!("refused {}", faults.collect::<Vec<_>>().join(" & "))
            }
            ProviderError::NotPermitted(refusal) => format!("not permitted {}", refusal.code),
            ProviderError::WrongEnvironment(refusal) => format!("wrong environment {}", refusal.code),
            ProviderError::Blocked(status) => format!("blocked {status}"),
            ProviderError::TokenRefused => "token refused".into(),
            ProviderError::NotFound => "not found".into(),
            ProviderError::Busy(_) => "busy".into(),
            ProviderError::TokenUnavailable => "token unavailable".into(),
            ProviderError::Unknown(_) => "unknown".into(),
            ProviderError::Disconnected => "disconnected".into(),
            ProviderError::Misconfigured(_) => "misconfigured".into(),
            ProviderError::ReadsRefused | ProviderError::HeldBack => "metered".into(),
        }
    }

    const PAGE: &str = "<!DOCTYPE html><html><head><title>403 Forbidden</title><meta charset=utf-8></head><body><h1>Forbidden</h1></body></html>";

    fn xml(kind: &str, code: &str, message: &str, detail: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><IntuitResponse time=\"2024-05-07T02:11:32.551-07:00\" \
             xmlns=\"http://schema.intuit.com/finance/v3\"><Fault type=\"{kind}\"><Error code=\"{code}\"><Message>{message}</Message>\
             <Detail>{detail}</Detail></Error></Fault></IntuitResponse>"
        )
    }

    #[test]
    fn reads_every_spelling_of_a_fault() {
        let api = r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":"6240","element":"DisplayName"}],"type":"ValidationFault"},"time":"t"}"#;
        assert_eq!(describe(400, api), "refused 6240|d|DisplayName");
        assert_eq!(describe(200, api), "refused 6240|d|DisplayName", "with status 200");
        let number = r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":6240}]}}"#;
        assert_eq!(describe(400, number), "refused 6240|d|", "a code that is a number");
        let forged = r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":"62\n40 \u001b[31mERROR"}]}}"#;
        assert_eq!(describe(400, forged), "refused 624031mERROR|d|", "a code cannot begin a line of the log");
        let object = r#"{"Fault":{"Error":{"Message":"m","Detail":"","code":"2020","element":"Line"},"type":"ValidationFault"}}"#;
        assert_eq!(describe(400, object), "refused 2020|m|Line", "one error, not in an array");
        let several = r#"{"Fault":{"Error":[{"Message":"a","code":"2050","element":"DocNumber"},{"Message":"b","code":2210,"element":"BillEmail"}]}}"#;
        assert_eq!(describe(400, several), "refused 2050|a|DocNumber & 2210|b|BillEmail");
        assert_eq!(describe(400, r#"{"Fault":{"type":"ValidationFault"}}"#), "refused 400||", "without any error");
        assert_eq!(
            describe(400, &xml("ValidationFault", "6240", "Duplicate", "Smith &amp; Sons &lt;1&gt;")),
            "refused 6240|Smith & Sons <1>|"
        );
        let of_batch = serde_json::json!({ "bId": "1", "Fault": { "Error": [{ "Message": "m", "code": "610" }] } });
        assert_eq!(read_json_fault(&of_batch).map(|reported| reported.faults[0].code.clone()), Some("610".into()));
    }

    #[test]
    fn other_bodies_are_no_fault() {
        for body in [
            "{}",
            r#"{"Invoice":{"Id":"1"}}"#,
            r#"{"fault":null,"queryResponse":{}}"#,
            r#"{"Fault":{}}"#,
            PAGE,
            "",
            "%PDF-1.7",
        ] {
            assert_eq!(read_fault(&Body::parse(body.into())), None, "{body}");
        }
    }

    #[test]
    fn classifies_faults_of_the_gateway() {
        let envelope = |kind: &str, message: &str, code: &str| {
            format!(
                r#"{{"warnings":null,"intuitObject":null,"fault":{{"error":[{{"message":"{message}","detail":null,"code":"{code}","element":null}}],"type":"{kind}"}},"report":null,"queryResponse":null,"batchItemResponse":[],"requestId":null,"time":1700000000000,"status":null}}"#
            )
        };
        let not_authorized =
            envelope("SERVICE", "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", "3100");
        assert_eq!(describe(403, &not_authorized), "not permitted 3100");
        assert_eq!(
            describe(401, &not_authorized),
            "token refused",
            "the token refresh shows whether the grant has ended"
        );
        let scope = envelope("SERVICE", "message=AuthorizationFailed; errorCode=003100; statusCode=403", "003100");
        assert_eq!(describe(403, &scope), "not permitted 3100");
        let token =
            envelope("AUTHENTICATION", "message=AuthenticationFailed; errorCode=003200; statusCode=401", "3200");
        assert_eq!(describe(401, &token), "token refused");
        assert_eq!(describe(403, &token), "token refused");
        let throttled = envelope("SERVICE", "message=ThrottleExceeded; errorCode=003001; statusCode=429", "3001");
        assert_eq!((describe(429, &throttled), describe(403, &throttled)), ("busy".into(), "busy".into()));
    }

    #[test]
    fn classifies_faults_in_xml() {
        let authentication = |code| xml("AuthenticationFault", code, "ApplicationAuthenticationFailed", "");
        for status in [401, 403] {
            assert_eq!(describe(status, &authentication("100")), "token refused");
            assert_eq!(
                describe(status, &xml("AUTHENTICATION", "3200", "message=AuthenticationFailed", "Token expired")),
                "token refused"
            );
            let cluster = xml("AuthenticationFault", "130", "Accessing Wrong Cluster", "");
            assert_eq!(describe(status, &cluster), "wrong environment 130");
        }
        let throttle = xml("SERVICE", "3001", "message=ThrottleExceeded; errorCode=003001; statusCode=403", "");
        assert_eq!(describe(403, &throttle), "busy");
        assert_eq!(
            describe(403, &xml("AuthorizationFault", "120", "Authorization Failure", "-11014-")),
            "not permitted 120"
        );
    }

    #[test]
    fn a_proxy_page_leaves_the_outcome_unknown() {
        assert_eq!(describe(403, PAGE), "blocked 403");
        assert_eq!(describe(404, PAGE), "blocked 404", "not taken for a deleted invoice");
        assert_eq!(describe(408, PAGE), "blocked 408");
        assert_eq!(describe(403, ""), "blocked 403");
        assert_eq!(describe(401, PAGE), "token refused");
        assert_eq!(describe(400, PAGE), "blocked 400");
        assert_eq!(describe(429, PAGE), "busy");
        for status in [500, 502, 503, 504, 302] {
            assert_eq!(describe(status, PAGE), "unknown", "{status}");
        }
    }

    #[test]
    fn an_undecided_fault_is_no_refusal() {
        let fault =
            |code: &str| format!(r#"{{"Fault":{{"Error":[{{"Message":"m","code":"{code}"}}],"type":"SystemFault"}}}}"#);
        for code in ["600", "10000", "10100", "10200", "5000", "-1", ""] {
            assert_eq!(
                (describe(400, &fault(code)), describe(200, &fault(code))),
                ("unknown".into(), "unknown".into()),
                "{code}"
            );
        }
    }

    /// Intuit's documentation lists these codes under both types.
    #[test]
    fn a_documented_code_is_a_refusal_even_in_a_system_fault() {
        let fault =
            |code: &str| format!(r#"{{"Fault":{{"Error":[{{"Message":"m","code":"{code}"}}],"type":"SystemFault"}}}}"#);
        for code in ["610", "620", "2010", "2500", "4001", "5010", "5030", "6000", "6140", "6240"] {
            assert!(matches!(outcome(400, &fault(code)), ProviderError::Refused(_)), "{code}");
        }
        assert!(matches!(outcome(500, &fault("6140")), ProviderError::Unknown(_)), "with a status of the server");
    }

    /// A read fails because of one row that QuickBooks cannot return. A write with such an answer may have been carried out.
    #[test]
    fn an_unreadable_row_with_status_500_refuses_only_reads() {
        let row = r#"{"Fault":{"Error":[{"Message":"m","code":"4002"}],"type":"ValidationFault"}}"#;
        assert!(matches!(outcome_of(500, row, true), ProviderError::Refused(_)));
        assert!(matches!(outcome_of(500, row, false), ProviderError::Unknown(_)));
        assert!(matches!(outcome_of(400, row, false), ProviderError::Refused(_)));
        let system = row.replace("Validation", "System");
        assert!(matches!(outcome_of(400, &system, true), ProviderError::Refused(_)));
    }
}
