//! What is sent: photos, and what passes for them.

use anyhow::{Context, bail};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

/// Photos that are kept in memory.
const MOST: usize = 64;

/// Photos to ask with.
pub(crate) struct Photos(Vec<Bytes>);

/// A body, with its media type.
pub(crate) type Sent = (&'static str, Bytes);

const FORM: &str = "multipart/form-data; boundary=XYZ";
const JSON: &str = "application/json";

impl Photos {
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "jpg" || end == "png"));
        paths.sort();
        // From all over the folder, whose files may be sorted by what they show.
        let step = paths.len().div_ceil(MOST).max(1);
        let read = paths.iter().step_by(step).map(|path| Ok(Bytes::from(std::fs::read(path)?)));
        let photos = read.collect::<std::io::Result<Vec<_>>>()?;
        if photos.is_empty() {
            bail!("there are no .jpg and .png in {}", folder.display());
        }
        Ok(Self(photos))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn one(&self, number: u64) -> Bytes {
        let at = number as usize % self.0.len();
        self.0.get(at).cloned().unwrap_or_default()
    }
}

/// A photo as a form's file `image`.
pub(crate) fn form(photo: &[u8]) -> Sent {
    form_with("image", photo)
}

/// A photo as a form's file `file`, as the second system wants it.
pub(crate) fn file(photo: &[u8]) -> Sent {
    form_with("file", photo)
}

fn form_with(name: &str, photo: &[u8]) -> Sent {
    let head = format!("--XYZ\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n");
    (FORM, [head.as_bytes(), photo, b"\r\n--XYZ--\r\n"].concat().into())
}

/// A product with a photo.
pub(crate) fn product(version: u64, photo: &[u8]) -> Sent {
    let fields = serde_json::json!({"version": version, "name": format!("load {version}")});
    let body = serde_json::json!({"fields": fields, "images": [{"data": STANDARD.encode(photo)}]});
    (JSON, body.to_string().into())
}

/// A question about an image that is stored.
pub(crate) fn stored(image_id: &str) -> Sent {
    (JSON, serde_json::json!({"image_id": image_id, "top": 10}).to_string().into())
}

/// Something that is no photo, or not one that anybody should decode.
pub(crate) fn hostile(number: u64, photo: &[u8]) -> Sent {
    match number % 10 {
        0 => form(b""),
        1 => form(photo.get(..photo.len() / 3).unwrap_or_default()),
        2 => form(&bomb()),
        3 => (JSON, Bytes::from_static(b"{\"image\": \"data:image/png;base64,!!!!\"}")),
        4 => (JSON, "[".repeat(100_000).into()),
        5 => (JSON, Bytes::from_static(b"{\"image_url\": \"http://169.254.169.254/latest/meta-data/\"}")),
        6 => (
            FORM,
            Bytes::from_static(b"--XYZ\r\ncontent-disposition: form-data; name=\"image\"\r\n\r\nno end"),
        ),
        7 => ("application/x-tar", Bytes::from_static(b"\0\0\0")),
        8 => (JSON, "{\"text\": \"".to_owned().into()),
        _ => (JSON, serde_json::json!({"text": "x".repeat(1 << 20)}).to_string().into()),
    }
}

/// A PNG that says it has 60,000 by 60,000 pixels.
fn bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&60_000_u32.to_be_bytes());
    header.extend_from_slice(&60_000_u32.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bomb.extend_from_slice(&header);
    bomb.extend_from_slice(&crc32(&header).to_be_bytes());
    bomb
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}
