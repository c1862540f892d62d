//! The operations of Pipedrive's OpenAPI documents, with their costs and scopes, and the check of every call.

use super::{
    answer::Refusal,
    caller::{Caller, unauthorized},
};
use crate::shared::Shared;
use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sandbox_core::oauth::bearer_token;
use std::sync::LazyLock;

const OPERATIONS_FILE: &str = include_str!("operations.txt");

#[derive(Debug)]
struct Operation {
    version: &'static str,
    method: &'static str,
    path: Vec<&'static str>,
    cost: u64,
    scopes: Vec<&'static str>,
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    OPERATIONS_FILE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(Operation {
                version: words.next()?,
                method: words.next()?,
                path: words.next()?.trim_matches('/').split('/').collect(),
                cost: words.next()?.parse().ok()?,
                scopes: words.next()?.split(',').filter(|scope| *scope != "-").collect(),
            })
        })
        .collect()
});

/// Parameters of paths that hold a text. All others hold a number.
const TEXT_PARAMETERS: [&str; 4] = ["{field_code}", "{discount_id}", "{conversion_id}", "{commentId}"];

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Finds the operation of a call. If several match, returns the one with the fewest parameters.
fn find(version: &str, method: &str, path: &[&str]) -> Option<&'static Operation> {
    OPERATIONS
        .iter()
        .filter(|operation| {
            operation.version == version
                && operation.method == method
                && operation.path.len() == path.len()
                && operation.path.iter().zip(path).all(|(wanted, actual)| is_parameter(wanted) || wanted == actual)
        })
        .min_by_key(|operation| operation.path.iter().filter(|segment| is_parameter(segment)).count())
}

impl Operation {
    /// Returns the name of the first numeric parameter whose value is not a number.
    fn non_numeric_parameter(&self, path: &[&str]) -> Option<&'static str> {
        let is_text = |name: &str| {
            TEXT_PARAMETERS.contains(&name)
                || matches!(self.path[0], "leads" | "leadLabels" | "goals" | "permissionSets" | "callLogs" | "channels")
        };
        self.path
            .iter()
            .zip(path)
            .find(|(name, actual)| is_parameter(name) && !is_text(name) && actual.parse::<i64>().is_err())
            .map(|(name, _)| name.trim_matches(['{', '}']))
    }
}

fn version_and_path(path: &str) -> Option<(&'static str, Vec<&str>)> {
    let (version, rest) = [("/api/v2/", "v2"), ("/api/v1/", "v1"), ("/v1/", "v1")]
        .into_iter()
        .find_map(|(prefix, version)| Some((version, path.strip_prefix(prefix)?)))?;
    Some((version, rest.split('/').collect()))
}

/// Returns the API token of a request, from the header `x-api-token` or the parameter `api_token`.
fn api_token(request: &Request) -> Option<String> {
    let header = request.headers().get("x-api-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
    header.or_else(|| {
        let query = request.uri().query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "api_token")
            .map(|(_, token)| token.into_owned())
    })
}

/// Identifies the caller. Returns the token and its scopes; an API token has all of them.
fn identify_caller(shared: &Shared, request: &Request) -> Option<(Caller, Option<Vec<String>>, String)> {
    let state = shared.state();
    let (caller, scopes, token) = if let Some(token) = bearer_token(request.headers()) {
        let grant = state.grants.find_by_access_token(token, shared.clock().epoch_seconds())?;
        (
            Caller { company: grant.company_id, user: grant.user_id, is_app: true },
            Some(grant.scopes.clone()),
            token.to_owned(),
        )
    } else {
        let token = api_token(request)?;
        let (company, user) = state.users().find(|(_, user)| user.api_token() == token)?;
        (Caller { company: company.id, user: user.id, is_app: false }, None, token)
    };
    let user = state.company(caller.company)?.user(caller.user)?;
    (user.active && user.may("can_use_api")).then_some((caller, scopes, token))
}

/// Checks the operation, the caller, the limits and the scopes of a call.
pub(super) async fn check_call(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let uri: Uri = request.uri().clone();
    let Some((version, path)) = version_and_path(uri.path()) else {
        return unknown_method().into_response();
    };
    let Some(operation) = find(version, request.method().as_str(), &path) else {
        return unknown_method().into_response();
    };
    let Some((caller, scopes, token)) = identify_caller(&shared, &request) else {
        return unauthorized().into_response();
    };
    let seats = shared.state().company(caller.company).map_or(0, |company| company.users.len()) as u64;
    let rate_limit =
        shared.meter.count_call(&token, caller.company, seats, operation.cost, shared.clock().epoch_seconds());
    let mut response = if !rate_limit.is_allowed() {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "request over limit").into_response()
    } else if scopes.is_some_and(|scopes| {
        !operation.scopes.is_empty()
            && !operation.scopes.iter().any(|wanted| scopes.iter().any(|scope| scope == wanted))
    }) {
        Refusal::new(StatusCode::FORBIDDEN, "Scope and URL mismatch").into_response()
    } else if let Some(name) = operation.non_numeric_parameter(&path) {
        Refusal::invalid(format!("{name} must be an integer")).into_response()
    } else {
        request.extensions_mut().insert(caller);
        normalize_refusal(next.run(request).await)
    };
    rate_limit.write_headers(response.headers_mut());
    response
}

/// Rewrites a refusal by the framework to Pipedrive's form.
fn normalize_refusal(response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if response.status().is_client_error() && !is_json {
        Refusal::invalid("a parameter is not of its type").into_response()
    } else {
        response
    }
}

fn unknown_method() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "Unknown method .")
}
