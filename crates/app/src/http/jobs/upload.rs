//! A source that is sent as a file of a form: written to the disk as it comes, never held whole.

use super::folder::JobFolder;
use super::request::ImportRequest;
use crate::http::problem::Problem;
use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest file.
const MOST_FILE_BYTES: u64 = 1 << 30;
/// Longest other field.
const MOST_FIELD_BYTES: usize = 64 << 10;
/// Pieces of the file that wait to be written.
const MOST_WAITING: usize = 16;

/// Reads a form: its file into the job's folder, its fields as a request. `patience` is how long a caller may send
/// nothing.
pub(super) async fn read(
    mut form: Multipart,
    folder: &JobFolder,
    patience: Duration,
) -> Result<ImportRequest, Problem> {
    let invalid = |detail: &str| Problem::invalid("invalid_parameter", detail);
    let (mut fields, mut file_name) = (Vec::new(), None);
    while let Some(mut field) = in_time(patience, form.next_field()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let named = field.file_name().unwrap_or_default().to_owned();
            if file_name.replace(named).is_some() {
                return Err(invalid("file is given more than once; an import has one source"));
            }
            keep(&mut field, folder.source_begun(), patience).await?;
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(piece) = in_time(patience, field.chunk()).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MOST_FIELD_BYTES {
                return Err(invalid("a field of the form is longer than 64 KiB"));
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| invalid("a field of the form is not UTF-8"))?;
        fields.push((name, text));
    }
    let file_name = file_name.ok_or_else(|| {
        invalid("the form has no file: send the source as `file`, or ask in JSON for one by its place")
    })?;
    if fields.iter().any(|(name, _)| name == "source") {
        return Err(invalid(
            "source is the file that is sent; leave it out, or ask in JSON for one by its place",
        ));
    }
    let mut request = ImportRequest::of_form(fields)?;
    request.source.clone_from(&file_name);
    let folder = folder.clone();
    let finished = tokio::task::spawn_blocking(move || folder.finish_source(&file_name)).await;
    finished
        .unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
        .map_err(|error| Problem::internal("keeping a source", &error))?;
    Ok(request)
}

/// Waits for the next piece, not for ever.
async fn in_time<T>(
    patience: Duration,
    next: impl Future<Output = Result<T, MultipartError>>,
) -> Result<T, Problem> {
    let arrived = tokio::time::timeout(patience, next).await.map_err(|_| {
        Problem::too_slow(format!("nothing of the body arrived for {} s", patience.as_secs()))
    })?;
    arrived.map_err(|error| Problem::malformed(format!("the form cannot be read: {}", error.body_text())))
}

/// Writes a file as it comes.
async fn keep(field: &mut Field<'_>, path: PathBuf, patience: Duration) -> Result<(), Problem> {
    let (pieces, mut waiting) = mpsc::channel::<Bytes>(MOST_WAITING);
    let writing = tokio::task::spawn_blocking(move || {
        let mut file = File::create(path)?;
        while let Some(piece) = waiting.blocking_recv() {
            file.write_all(&piece)?;
        }
        file.flush()
    });
    let mut length = 0_u64;
    while let Some(piece) = in_time(patience, field.chunk()).await? {
        length += piece.len() as u64;
        if length > MOST_FILE_BYTES {
            return Err(Problem::too_large(usize::try_from(MOST_FILE_BYTES).unwrap_or(usize::MAX)));
        }
        // Where it cannot be written any more, the reason comes at the end.
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    match writing.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::StorageFull => {
            Err(Problem::unavailable("disk_full", "the server's disk is full; nothing was imported", 60))
        }
        Ok(Err(error)) => Err(Problem::internal("keeping a source", &error)),
        Err(panicked) => Err(Problem::internal("keeping a source", &panicked)),
    }
}
