//! QuickBooks' faults. The API writes `Fault`, the gateway in front of it `fault`; either may come as XML though JSON was asked
//! for, with any status, 200 included.

use crate::{
    classify::{Body, Meaning, Told},
    error::Fault,
};
use serde::Deserialize;
use serde_json::Value;

/// A fault as it is written.
#[derive(Debug, Default)]
struct Written {
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

/// Reads the fault of an answer, if it is one.
pub(super) fn read(body: &Body) -> Option<Told> {
    match body {
        Body::Json(value) => read_json(value),
        Body::Other(bytes, _) => {
            let XmlAnswer { fault } = quick_xml::de::from_reader(bytes.as_slice()).ok()?;
            let errors = fault.errors.into_iter().map(|error| WrittenError {
                code: error.code,
                message: error.message,
                detail: error.detail,
                element: error.element,
            });
            Some(told(Written { kind: fault.kind, errors: errors.collect() }))
        }
    }
}

/// Reads the fault that a JSON answer, or one item of a batch, holds.
pub(super) fn read_json(answer: &Value) -> Option<Told> {
    let fault = [&answer["Fault"], &answer["fault"]].into_iter().find(|fault| fault.is_object())?;
    let kind = text(fault, ["type", "Type"]);
    let errors: Vec<WrittenError> =
        match [&fault["Error"], &fault["error"]].into_iter().find(|errors| !errors.is_null()) {
            Some(Value::Array(errors)) => errors.iter().map(written_error).collect(),
            Some(error) => vec![written_error(error)],
            None => Vec::new(),
        };
    (!kind.is_empty() || !errors.is_empty()).then(|| told(Written { kind, errors }))
}

fn written_error(error: &Value) -> WrittenError {
    WrittenError {
        code: text(error, ["code", "Code"]),
        message: text(error, ["Message", "message"]),
        detail: text(error, ["Detail", "detail"]),
        element: text(error, ["element", "Element"]),
    }
}

/// A member as text: codes come as numbers as well.
fn text(of: &Value, names: [&str; 2]) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    names.into_iter().find_map(|name| text(&of[name])).unwrap_or_default()
}

fn told(written: Written) -> Told {
    let meaning = meaning(&written);
    let fault = |error: WrittenError| Fault {
        code: clean_code(&error.code),
        detail: if error.detail.trim().is_empty() { error.message } else { error.detail },
        element: error.element.trim().to_owned(),
    };
    Told { meaning, faults: written.errors.into_iter().map(fault).collect() }
}

fn meaning(written: &Written) -> Meaning {
    let has =
        |codes: &[&str]| written.errors.iter().any(|error| codes.contains(&error.code.trim().trim_start_matches('0')));
    let says = |words: &str| written.errors.iter().any(|error| error.message.contains(words));
    let kind = written.kind.to_ascii_lowercase();
    if has(&["130"]) {
        Meaning::WrongEnvironment
    } else if has(&["3001", "3002"]) || says("ThrottleExceeded") {
        Meaning::Throttled
    } else if has(&["3100", "110", "120"]) || kind.starts_with("authoriz") || says("AuthorizationFailed") {
        Meaning::NotPermitted
    } else if has(&["3200", "100"]) || kind.starts_with("authenticat") {
        Meaning::TokenRefused
    } else if has(&["600", "10000", "10100", "10200"]) {
        Meaning::Undecided
    } else {
        Meaning::Refused
    }
}

/// A code is logged, so that only letters, digits and hyphens of it are kept, as QuickBooks' own codes have them.
fn clean_code(code: &str) -> String {
    let known = code.trim().trim_start_matches('0').chars();
    known.filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(MAX_CODE_CHARS).collect()
}

/// No code of QuickBooks is longer.
const MAX_CODE_CHARS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProviderError, classify::classify, http::Explain};
    use reqwest::StatusCode;

    fn outcome(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).expect("a status");
        let explain = Explain { provider: "quickbooks", refusal: read };
        if status.is_success() {
            let told = read(&Body::parse(body.into())).expect("a fault");
            return told.into_error(status, "tid".into());
        }
        classify(status, "tid".into(), None, body.into(), explain)
    }

    /// The outcome in a word, with the errors where it is a refusal: code, detail, element.
    fn word(status: u16, body: &str) -> String {
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
            ProviderError::Away => "away".into(),
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
    fn every_spelling_of_a_fault_is_read() {
        let api = r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":"6240","element":"DisplayName"}],"type":"ValidationFault"},"time":"t"}"#;
        assert_eq!(word(400, api), "refused 6240|d|DisplayName");
        assert_eq!(word(200, api), "refused 6240|d|DisplayName", "with status 200");
        let number = r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":6240}]}}"#;
        assert_eq!(word(400, number), "refused 6240|d|", "a code that is a number");
        let forged = r#"{"Fault":{"Error":[{"Message":"m","Detail":"d","code":"62\n40 \u001b[31mERROR"}]}}"#;
        assert_eq!(word(400, forged), "refused 624031mERROR|d|", "a code cannot begin a line of the log");
        let object = r#"{"Fault":{"Error":{"Message":"m","Detail":"","code":"2020","element":"Line"},"type":"ValidationFault"}}"#;
        assert_eq!(word(400, object), "refused 2020|m|Line", "one error, not in an array");
        let several = r#"{"Fault":{"Error":[{"Message":"a","code":"2050","element":"DocNumber"},{"Message":"b","code":2210,"element":"BillEmail"}]}}"#;
        assert_eq!(word(400, several), "refused 2050|a|DocNumber & 2210|b|BillEmail");
        assert_eq!(word(400, r#"{"Fault":{"type":"ValidationFault"}}"#), "refused 400||", "without any error");
        assert_eq!(
            word(400, &xml("ValidationFault", "6240", "Duplicate", "Smith &amp; Sons &lt;1&gt;")),
            "refused 6240|Smith & Sons <1>|"
        );
        let of_batch = serde_json::json!({ "bId": "1", "Fault": { "Error": [{ "Message": "m", "code": "610" }] } });
        assert_eq!(read_json(&of_batch).map(|told| told.faults[0].code.clone()), Some("610".into()));
    }

    #[test]
    fn what_is_no_fault_is_not_taken_for_one() {
        for body in [
            "{}",
            r#"{"Invoice":{"Id":"1"}}"#,
            r#"{"fault":null,"queryResponse":{}}"#,
            r#"{"Fault":{}}"#,
            PAGE,
            "",
            "%PDF-1.7",
        ] {
            assert_eq!(read(&Body::parse(body.into())), None, "{body}");
        }
    }

    #[test]
    fn the_gateways_words_lead_to_the_next_step() {
        let envelope = |kind: &str, message: &str, code: &str| {
            format!(
                r#"{{"warnings":null,"intuitObject":null,"fault":{{"error":[{{"message":"{message}","detail":null,"code":"{code}","element":null}}],"type":"{kind}"}},"report":null,"queryResponse":null,"batchItemResponse":[],"requestId":null,"time":1700000000000,"status":null}}"#
            )
        };
        let not_authorized =
            envelope("SERVICE", "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", "3100");
        assert_eq!(word(403, &not_authorized), "not permitted 3100");
        assert_eq!(word(401, &not_authorized), "token refused", "renewing shows whether the grant has ended");
        let scope = envelope("SERVICE", "message=AuthorizationFailed; errorCode=003100; statusCode=403", "003100");
        assert_eq!(word(403, &scope), "not permitted 3100");
        let token =
            envelope("AUTHENTICATION", "message=AuthenticationFailed; errorCode=003200; statusCode=401", "3200");
        assert_eq!(word(401, &token), "token refused");
        assert_eq!(word(403, &token), "token refused");
        let throttled = envelope("SERVICE", "message=ThrottleExceeded; errorCode=003001; statusCode=429", "3001");
        assert_eq!((word(429, &throttled), word(403, &throttled)), ("busy".into(), "busy".into()));
    }

    #[test]
    fn faults_in_xml_lead_to_the_next_step() {
        let authentication = |code| xml("AuthenticationFault", code, "ApplicationAuthenticationFailed", "");
        for status in [401, 403] {
            assert_eq!(word(status, &authentication("100")), "token refused");
            assert_eq!(
                word(status, &xml("AUTHENTICATION", "3200", "message=AuthenticationFailed", "Token expired")),
                "token refused"
            );
            let cluster = xml("AuthenticationFault", "130", "Accessing Wrong Cluster", "");
            assert_eq!(word(status, &cluster), "wrong environment 130");
        }
        let throttle = xml("SERVICE", "3001", "message=ThrottleExceeded; errorCode=003001; statusCode=403", "");
        assert_eq!(word(403, &throttle), "busy");
        assert_eq!(
            word(403, &xml("AuthorizationFault", "120", "Authorization Failure", "-11014-")),
            "not permitted 120"
        );
    }

    #[test]
    fn a_page_in_front_of_quickbooks_says_nothing_of_the_call() {
        assert_eq!(word(403, PAGE), "blocked 403");
        assert_eq!(word(404, PAGE), "blocked 404", "no invoice is gone for that");
        assert_eq!(word(408, PAGE), "blocked 408");
        assert_eq!(word(403, ""), "blocked 403");
        assert_eq!(word(401, PAGE), "token refused");
        assert_eq!(word(400, PAGE), "blocked 400");
        assert_eq!(word(429, PAGE), "busy");
        for status in [500, 502, 503, 504, 302] {
            assert_eq!(word(status, PAGE), "unknown", "{status}");
        }
    }

    #[test]
    fn what_may_have_been_carried_out_is_no_refusal() {
        let fault =
            |code: &str| format!(r#"{{"Fault":{{"Error":[{{"Message":"m","code":"{code}"}}],"type":"SystemFault"}}}}"#);
        for code in ["600", "10000", "10100", "10200"] {
            assert_eq!(
                (word(400, &fault(code)), word(200, &fault(code))),
                ("unknown".into(), "unknown".into()),
                "{code}"
            );
        }
    }
}
