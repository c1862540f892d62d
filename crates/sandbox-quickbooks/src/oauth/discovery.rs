//! The discovery document, and the token endpoint at the address that it names.

use crate::shared::Shared;
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Issuer of id tokens. Intuit's SDKs expect this name at any address.
pub(super) const ISSUER: &str = "https://oauth.platform.intuit.com/op/v1";

/// Answers 404 at any other address than that of the token endpoint.
pub(super) async fn require_current_path(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = shared.state().discovery.token_path();
    if request.uri().path() == path { next.run(request).await } else { StatusCode::NOT_FOUND.into_response() }
}

/// Serves the document.
pub(super) async fn document(State(shared): State<Shared>) -> Json<Value> {
    let base = &shared.origins.intuit;
    let state = shared.state();
    let discovery = &state.discovery;
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{base}/connect/oauth2"),
        "token_endpoint": format!("{base}{}", discovery.token_path()),
        "userinfo_endpoint": format!("{base}/v1/openid_connect/userinfo"),
        "revocation_endpoint": format!("{base}/v2/oauth2/tokens/revoke"),
        "jwks_uri": format!("{base}/op/v1/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    });
    for (name, value) in &discovery.members {
        document[name] = value.clone();
    }
    if discovery.padding > 0 {
        document["padding"] = json!("x".repeat(discovery.padding));
    }
    Json(document)
}
