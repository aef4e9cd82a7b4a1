//! `GET /docs/`: the API's description to read and to try, as Swagger UI shows it.
//!
//! Its files are in the binary, as its makers packed them; nothing is loaded from elsewhere, and the policy forbids it.
//! Swagger UI sets style attributes, which is the one thing inline that is allowed here. The script that starts it is ours.

use super::problem::Problem;
use super::state::AppState;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use std::io::{Cursor, Read};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;
use zip::result::ZipError;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Without a validator on the web, and without a box for descriptions from elsewhere.
const INITIALIZER: &str = "window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis], layout: 'BaseLayout',
  });
};
";
/// What the document names, with its media type.
const FILES: [(&str, &str); 8] = [
    ("index.html", "text/html; charset=utf-8"),
    ("index.css", "text/css; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui-standalone-preset.js", "text/javascript; charset=utf-8"),
    ("swagger-initializer.js", "text/javascript; charset=utf-8"),
    ("favicon-16x16.png", "image/png"),
    ("favicon-32x32.png", "image/png"),
];

/// Leads to the document.
pub(super) async fn without_slash() -> Redirect {
    Redirect::permanent("/docs/")
}

/// Answers with the document.
pub(super) async fn index(State(state): State<AppState>) -> Result<Response, Problem> {
    file(&state, "index.html").await
}

/// Answers with a file that the document names.
pub(super) async fn asset(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    file(&state, &name).await
}

async fn file(state: &AppState, name: &str) -> Result<Response, Problem> {
    let Some((name, media_type)) = FILES.into_iter().find(|(file, _)| *file == name) else {
        return Err(Problem::not_found("no_such_route", format!("there is nothing at /docs/{name}")));
    };
    let content = if name == "swagger-initializer.js" {
        INITIALIZER.as_bytes().to_vec()
    } else {
        let unpacked = state.on_thread(move |_| {
            unpacked(name).map_err(|error| Problem::internal("unpacking the API's description", &error))
        });
        unpacked.await?
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "private, max-age=3600"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((headers, content).into_response())
}

fn unpacked(name: &str) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    // All of it is in a folder that is called by its version.
    let end = format!("/dist/{name}");
    let path = archive.file_names().filter_map(Result::ok).find(|path| path.ends_with(&end));
    let path = path.map(|path| path.into_owned()).ok_or(ZipError::FileNotFound)?;
    let mut content = Vec::new();
    archive.by_name(&path)?.read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_document_names_is_there_and_here() {
        for (name, _) in FILES {
            assert!(!unpacked(name).unwrap().is_empty(), "{name}");
        }
        let document = String::from_utf8(unpacked("index.html").unwrap()).unwrap();
        let named: Vec<&str> = ["src=\"", "href=\""]
            .iter()
            .flat_map(|attribute| document.split(attribute).skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(named.len() >= 5, "{named:?}");
        for name in named {
            let name = name.trim_start_matches("./");
            assert!(FILES.iter().any(|(file, _)| *file == name), "{name}");
        }
    }
}
