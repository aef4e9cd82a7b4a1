//! What the gate adds to every operation of the description: which key it takes, and how it is refused.
//!
//! Handlers describe what they answer themselves; who is let in is decided before them, in one place, and is described
//! here. A test asks a server with keys whether each operation needs what is said.

use crate::http::auth::Role;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, HttpMethod, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};

/// Routes of older systems that are called with and without a slash at their end.
const SECOND_NAMES: [(&str, &str); 2] =
    [("/find_similar/", "/find_similar"), ("/similarity-search", "/similarity-search/")];
const BEARER: &str = "bearer";
const API_KEY: &str = "api_key";

/// What a caller's role must be; `None` where anybody who reaches the server is answered.
pub(super) fn needed(method: &HttpMethod, path: &str) -> Option<Role> {
    let begins =
        |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let is_open = ["/healthz", "/readyz", "/openapi.json"].contains(&path);
    let reads = matches!(method, HttpMethod::Get | HttpMethod::Head);
    if is_open {
        None
    } else if begins("/v1/imports") || begins("/v1/jobs") || path == "/metrics" {
        Some(Role::Admin)
    } else if begins("/v1/products") && !reads {
        Some(Role::Write)
    } else {
        Some(Role::Read)
    }
}

/// Completes the description, for a server on which anybody may do what the role `anonymous` may.
pub(super) fn describe(api: &mut OpenApi, anonymous: Option<Role>) {
    let components = api.components.get_or_insert_default();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some(
        "A key of `lookalike keys add`. Its role decides what it may do: `read` asks, `write` changes products, `admin` \
         runs the server; each may do what those before it may."
            .to_owned(),
    );
    let header = ApiKeyValue::with_description("X-API-Key", "The same key in a header of its own.");
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components.add_security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(header)));
    for (path, second_name) in SECOND_NAMES {
        if let Some(item) = api.paths.paths.get(path) {
            let mut item = item.clone();
            for (_, operation) in operations(&mut item) {
                operation.operation_id = operation.operation_id.as_ref().map(|id| format!("{id}_again"));
                operation.description = Some(format!("The same as `{path}`."));
            }
            api.paths.paths.insert(second_name.to_owned(), item);
        }
    }
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if let Some(role) = needed(&method, path) {
                guard(operation, role, anonymous);
            }
            wait_where_told(operation);
        }
    }
}

/// The operations of one path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn guard(operation: &mut Operation, role: Role, anonymous: Option<Role>) {
    let with = |scheme: &str| SecurityRequirement::new(scheme, Vec::<String>::new());
    let mut security = vec![with(BEARER), with(API_KEY)];
    if anonymous.is_some_and(|anonymous| anonymous >= role) {
        security.push(SecurityRequirement::default());
    }
    operation.security = Some(security);
    let note = match role {
        Role::Read => None,
        Role::Write | Role::Admin => Some(format!("Takes a key of the role `{}`.", role.as_str())),
    };
    if let Some(note) = note {
        let described = operation.description.take().filter(|text| !text.is_empty());
        operation.description = Some(described.map_or(note.clone(), |text| format!("{text}\n\n{note}")));
    }
    let refusal = refusal(operation);
    let mut refuse = |status: &str, description: &str| {
        let mut response = refusal.clone();
        response.description = description.to_owned();
        let places = &mut operation.responses.responses;
        places.entry(status.to_owned()).or_insert(RefOr::T(response));
    };
    refuse("401", "A key is needed, or the one shown is not known");
    if role > Role::Read {
        refuse("403", "The key's role does not allow it");
    }
    refuse("421", "A server on this machine's own addresses was called by a name that is not its own");
    refuse("429", "Too often, where the operator set a limit");
    refuse("500", "Something went wrong on the server; its log says what");
    let asks = HeaderBuilder::new().description(Some("`Bearer`")).build();
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("401") {
        response.headers.insert("WWW-Authenticate".to_owned(), RefOr::T(asks));
    }
}

/// Says when to come back wherever a caller is told to.
fn wait_where_told(operation: &mut Operation) {
    for status in ["429", "503"] {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
            let description =
                Some("Seconds until it is worth coming back; not there where only a restart helps");
            let header = HeaderBuilder::new().schema(Some(seconds)).description(description).build();
            response.headers.entry("Retry-After".to_owned()).or_insert(RefOr::T(header));
        }
    }
}

/// A refusal in the shape in which an operation tells its own errors: older clients read theirs.
fn refusal(operation: &Operation) -> Response {
    match operation.responses.responses.get("503") {
        Some(RefOr::T(own)) => own.clone(),
        _ => {
            let problem = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
            ResponseBuilder::new().content("application/problem+json", problem.build()).build()
        }
    }
}
