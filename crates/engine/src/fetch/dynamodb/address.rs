//! Addresses of tables: `dynamodb://TABLE?region=eu-west-1&endpoint=http://127.0.0.1:8000`.

use std::fmt;
use url::form_urlencoded;

/// A table, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAddress {
    /// Its name.
    pub table: String,
    /// Where it is, unless the environment says so.
    pub region: Option<String>,
    /// Who is asked instead of Amazon.
    pub endpoint: Option<String>,
}

impl TableAddress {
    /// Reads an address; `None` for text that is none.
    ///
    /// # Errors
    /// A fragment that follows the address and says what is wrong with it.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (scheme, rest) = text.split_once("://")?;
        scheme.eq_ignore_ascii_case("dynamodb").then(|| Self::of(rest))
    }

    fn of(rest: &str) -> Result<Self, String> {
        let (table, query) = rest.split_once('?').unwrap_or((rest, ""));
        let table = table.trim_end_matches('/');
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !(3..=255).contains(&table.len()) || !table.chars().all(is_name) {
            return Err(
                "names no table: write it as dynamodb://TABLE, or dynamodb://TABLE?region=REGION".to_owned()
            );
        }
        let mut address = Self { table: table.to_owned(), region: None, endpoint: None };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "region" => address.region = Some(value.into_owned()),
                "endpoint" => {
                    let parsed =
                        url::Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                    if parsed.is_none() {
                        return Err(format!("has the endpoint {value}, which is no http or https address"));
                    }
                    address.endpoint = Some(value.trim_end_matches('/').to_owned());
                }
                other => return Err(format!("has `{other}`, and only `region` and `endpoint` are known")),
            }
        }
        Ok(address)
    }
}

impl fmt::Display for TableAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dynamodb://{}", self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_with_where_it_is() {
        let of = |text: &str| TableAddress::parse(text).unwrap();
        let address = of("dynamodb://Hash_Store?region=eu-west-1&endpoint=http://127.0.0.1:8000/").unwrap();
        assert_eq!((address.table.as_str(), address.region.as_deref()), ("Hash_Store", Some("eu-west-1")));
        assert_eq!(address.endpoint.as_deref(), Some("http://127.0.0.1:8000"));
        assert!(of("dynamodb://ab").unwrap_err().contains("dynamodb://TABLE"));
        assert!(of("dynamodb://table?zone=x").unwrap_err().contains("`zone`"));
        assert!(of("dynamodb://table?endpoint=file:///x").unwrap_err().contains("http"));
        assert_eq!(TableAddress::parse("s3://bucket"), None);
    }
}
