//! The discovery document, and endpoints that move.

use super::ISSUER;
use crate::world::Shared;
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What the control door has made of it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Discovery {
    /// The token endpoint is at `/oauth2/{version}/tokens/bearer`; `v1` where nothing is said.
    token_version: Option<String>,
    /// Laid over the document.
    members: Map<String, Value>,
    /// So many bytes more.
    padding: usize,
}

impl Discovery {
    fn token_path(&self) -> String {
        format!("/oauth2/{}/tokens/bearer", self.token_version.as_deref().unwrap_or("v1"))
    }
}

/// Nobody is where the token endpoint was.
pub(super) async fn where_it_is_now(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = shared.world_untouched().quickbooks.discovery.token_path();
    if request.uri().path() == path { next.run(request).await } else { StatusCode::NOT_FOUND.into_response() }
}

pub(super) async fn document(State(shared): State<Shared>) -> Json<Value> {
    let base = &shared.origins.intuit;
    let world = shared.world_untouched();
    let discovery = &world.quickbooks.discovery;
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
