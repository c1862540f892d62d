//! Tests against token endpoints with valid and invalid answers.

use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const HOUR: i64 = 3600;

fn registration(token_url: &str) -> Registration {
    let url = |text: &str| Url::parse(text).expect("an address");
    Registration {
        client_id: "id".into(),
        client_secret: "secret".into(),
        authorize_url: url("https://provider.example/authorize"),
        token_url: url(token_url),
        revoke_url: url(token_url),
        redirect_url: url("https://fatura.example/callback"),
        scopes: Vec::new(),
        discovery: None,
    }
}

/// Refreshes tokens at an endpoint that returns this answer.
async fn refresh(status: &str, body: &[u8]) -> Result<GrantedTokens, ProviderError> {
    call_endpoint(status, body, async |registration, http| {
        registration.refresh_tokens(&http, &SecretString::from("old"), NOW).await
    })
    .await
}

/// Makes a call to an endpoint that returns this answer and closes the connection.
async fn call_endpoint<T>(status: &str, body: &[u8], call: impl AsyncFnOnce(Registration, Http) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/token", listener.local_addr().expect("an address"));
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let _ = stream.read(&mut request).await;
        // The client may close the connection early, so a failed write is fine.
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
    });
    let http = Http::new(Duration::from_secs(10)).expect("a client");
    let outcome = timeout(Duration::from_secs(5), call(registration(&url), http)).await.expect("in time");
    server.abort();
    outcome
}

async fn refresh_with_answer(body: &str) -> Option<(String, String, i64)> {
    let granted = refresh("200 OK", body.as_bytes()).await.ok()?;
    Some((
        granted.access.expose_secret().to_owned(),
        granted.refresh.expose_secret().to_owned(),
        granted.expires_at.as_second(),
    ))
}

#[tokio::test]
async fn an_invalid_token_answer_replaces_no_valid_token() {
    let full = |expires_in: &str| {
        format!(
            r#"{{"token_type":"bearer","access_token":"new-access","refresh_token":"new","expires_in":{expires_in}}}"#
        )
    };
    for (expires_in, seconds) in [
        ("3600", HOUR),
        ("null", HOUR),
        (r#""3600""#, HOUR),
        (r#"" 1800 ""#, 1800),
        (r#""soon""#, HOUR),
        ("-1", HOUR),
        ("1e300", HOUR),
        ("3599.5", HOUR),
        ("{}", HOUR),
        ("0", 120),
        ("18446744073709551615", 24 * HOUR),
        ("99999999999999999999999999", HOUR),
    ] {
        let granted = refresh_with_answer(&full(expires_in)).await;
        assert_eq!(granted, Some(("new-access".into(), "new".into(), seconds)), "{expires_in}");
    }
    // Without a new refresh token, the old one is kept.
    for refresh in ["", r#","refresh_token":null"#, r#","refresh_token":"""#, r#","refresh_token":7"#] {
        let granted = refresh_with_answer(&format!(r#"{{"access_token":"new-access"{refresh}}}"#)).await;
        assert_eq!(granted, Some(("new-access".into(), "old".into(), HOUR)), "{refresh}");
    }
    for unusable in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"access_token":null,"refresh_token":"new"}"#,
        r#"{"access_token":"","refresh_token":"new"}"#,
        r#"{"access_token":7,"refresh_token":"new"}"#,
        r#"{"access_token":"two\nlines","refresh_token":"new"}"#,
        r#"{"access_token":"new-access","refresh_token":"two\nlines"}"#,
        r#"{"access_token":"new-access","refresh_token":"ne"#,
    ] {
        assert_eq!(refresh_with_answer(unusable).await, None, "{unusable}");
    }
}

#[tokio::test]
async fn a_code_without_a_refresh_token_grants_nothing() {
    let answer: TokenAnswer = serde_json::from_str(r#"{"access_token":"new-access"}"#).expect("an answer");
    assert!(read_tokens(answer, None, NOW).is_err());
}

#[tokio::test]
async fn a_token_refusal_names_the_party_that_has_to_act() {
    let refusal = async |status: &str, body: &str| refresh(status, body.as_bytes()).await.expect_err("a refusal");
    // An administrator: the grant has ended.
    for body in [
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_grant","error_description":null}"#,
        r#"{"error_description":"Incorrect or invalid refresh token","error":"invalid_grant"}"#,
        r#"{"error_description":"Token invalid","error":"invalid_grant"}"#,
    ] {
        assert!(matches!(refusal("400 Bad Request", body).await, ProviderError::Disconnected), "{body}");
    }
    // The operator: the grant belongs to another client id.
    for (status, body) in [
        ("400 Bad Request", r#"{"error_description":"Incorrect Token type or clientID","error":"invalid_grant"}"#),
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#),
        ("400 Bad Request", r#"{"error":"invalid_client"}"#),
        ("400 Bad Request", r#"{"error":"unauthorized_client"}"#),
        ("401 Unauthorized", r#"{"success":false,"message":"Invalid client","error":"invalid_client"}"#),
    ] {
        assert!(matches!(refusal(status, body).await, ProviderError::Misconfigured(_)), "{body}");
    }
    // Nobody: Fatura tries again.
    for (status, body) in [
        ("429 Too Many Requests", r#"{"error":"too_many_requests"}"#),
        ("503 Service Unavailable", r#"{"error":"invalid_grant"}"#),
        ("502 Bad Gateway", "<html>"),
        ("400 Bad Request", "<html>"),
        ("400 Bad Request", r#"{"error":"server_error"}"#),
        ("400 Bad Request", ""),
        ("302 Found", ""),
    ] {
        assert!(matches!(refusal(status, body).await, ProviderError::Busy(_)), "{status} {body}");
    }
}

#[tokio::test]
async fn a_token_answer_is_read_up_to_a_megabyte() {
    let answer = |length: usize| {
        let mut body = br#"{"access_token":"new-access","refresh_token":"new"}"#.to_vec();
        body.resize(length, b' ');
        body
    };
    assert!(refresh("200 OK", &answer(MAX_ANSWER_BYTES)).await.is_ok());
    let outcome = refresh("200 OK", &answer(MAX_ANSWER_BYTES + 1)).await;
    assert!(matches!(outcome, Err(ProviderError::Unknown(_))), "{outcome:?}");
}

#[test]
fn never_requests_an_empty_scope() {
    let mut registration = registration("https://provider.example/token");
    for scopes in [vec![], vec![String::new()], vec![" ".to_owned(), String::new()]] {
        registration.scopes = scopes;
        let consent = registration.consent_url("state").expect("an address");
        assert!(consent.query_pairs().all(|(key, _)| key != "scope"), "{consent}");
    }
    registration.scopes = vec!["a b".to_owned(), String::new(), "c".to_owned()];
    let consent = registration.consent_url("state").expect("an address");
    assert!(consent.query_pairs().any(|(key, value)| key == "scope" && value == "a b c"), "{consent}");
}

/// If an unclear answer counted as a revocation, Fatura would delete the token, and the access would never end.
#[tokio::test]
async fn only_a_success_or_an_unknown_token_ends_a_revocation() {
    let revoke_with_answer = async |status: &str, body: &str| {
        let revoke = async |registration: Registration, http: Http| {
            registration.revoke_grant(&http, &SecretString::from("old")).await
        };
        call_endpoint(status, body.as_bytes(), revoke).await
    };
    assert!(revoke_with_answer("200 OK", "").await.is_ok());
    for body in
        ["", "{}", r#"{"error":"invalid_token"}"#, r#"{"error":"invalid_request"}"#, r#"{"error":"invalid_grant"}"#]
    {
        let answer = revoke_with_answer("400 Bad Request", body).await;
        assert!(matches!(answer, Err(ProviderError::Refused(_))), "{body}: {answer:?}");
    }
    for status in ["200 OK", "400 Bad Request"] {
        let answer = revoke_with_answer(status, "<html>sign in</html>").await;
        assert!(matches!(answer, Err(ProviderError::Unknown(_))), "{status}: {answer:?}");
    }
    assert!(revoke_with_answer("200 OK", r#"{"error":"invalid_client"}"#).await.is_err());
    for body in [r#"{"error":"invalid_client"}"#, r#"{"error":"unauthorized_client"}"#] {
        let answer = revoke_with_answer("400 Bad Request", body).await;
        assert!(matches!(answer, Err(ProviderError::Misconfigured(_))), "{body}: {answer:?}");
    }
    for status in ["401 Unauthorized", "403 Forbidden", "404 Not Found", "405 Method Not Allowed", "500 Oh", "503 Oh"] {
        for body in ["", r#"{"error":"invalid_client"}"#, r#"{"error":"access_denied"}"#] {
            let answer = revoke_with_answer(status, body).await;
            assert!(
                answer.is_err() && !matches!(answer, Err(ProviderError::Refused(_))),
                "{status} {body}: {answer:?}"
            );
        }
    }
}
