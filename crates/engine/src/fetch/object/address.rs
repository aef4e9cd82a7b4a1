//! Addresses of objects: `s3://bucket/key`, `gs://bucket/key`, `az://container/key`.
//!
//! A key is written as it is, not percent-encoded. Nothing is contacted here.

use std::fmt;

/// Whose store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Amazon S3 and what speaks like it.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage; the account comes from the environment.
    Azure,
}

const SCHEMES: [(&str, Scheme); 3] = [("s3", Scheme::S3), ("gs", Scheme::Gcs), ("az", Scheme::Azure)];

/// A bucket (a container, on Azure).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Whose store.
    pub scheme: Scheme,
    /// Its name.
    pub name: String,
}

/// An object, or the front of the names of many.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectAddress {
    /// Where.
    pub bucket: Bucket,
    /// The object's name; empty for the whole bucket.
    pub key: String,
}

/// Whether `text` begins as the address of an object does.
pub fn is_object_address(text: &str) -> bool {
    split(text).is_some()
}

fn split(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let known = SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme))?;
    Some((known.1, rest))
}

impl ObjectAddress {
    /// Reads an address; `None` for text that is none.
    ///
    /// # Errors
    /// For an address without a bucket, as a fragment that follows it.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (scheme, rest) = split(text)?;
        let (name, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if name.is_empty() || !name.chars().all(is_name) {
            let reason =
                "names no bucket: write it as s3://BUCKET/KEY, its name as it is and nothing before it";
            return Some(Err(reason.to_owned()));
        }
        let bucket = Bucket { scheme, name: name.to_owned() };
        Some(Ok(Self { bucket, key: key.to_owned() }))
    }

    /// The last part of its name.
    pub fn file_name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }

    /// The address of what stands beside it: everything up to its name's last `/`.
    pub fn folder(&self) -> Self {
        let front = self.key.rsplit_once('/').map_or("", |(front, _)| front);
        Self { bucket: self.bucket.clone(), key: front.to_owned() }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEMES.iter().find(|(_, scheme)| scheme == self).map_or("", |(name, _)| name))
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.name)
    }
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_everything_else() {
        let of = |text: &str| ObjectAddress::parse(text).map(|address| address.unwrap().to_string());
        assert_eq!(of("S3://shop/a b/ü%20.jpg").unwrap(), "s3://shop/a b/ü%20.jpg");
        assert_eq!(of("az://photos").unwrap(), "az://photos/");
        for text in ["https://shop/a.jpg", "s3:/shop/a", "photos/s3", "C:\\a", ""] {
            assert_eq!(of(text), None, "{text}");
        }
        for text in ["s3:///a.jpg", "s3://", "gs://key:secret@bucket/a", "s3://bu cket/a"] {
            assert!(ObjectAddress::parse(text).unwrap().is_err(), "{text}");
        }
        let address = ObjectAddress::parse("gs://b/x/y/feed.csv").unwrap().unwrap();
        assert_eq!((address.file_name(), address.folder().to_string().as_str()), ("feed.csv", "gs://b/x/y"));
    }
}
