//! Which column is the product's id and which ones name its photos; the rest are fields.
//!
//! Written by hand (`--map id=sku,image=photo`) or recognised by the names shops give them. It knows nothing of
//! rows; `csv` and `jsonl` look the columns up in theirs.

use std::fmt;

/// Which columns mean what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// Holds the product's id; recognised by name when not given.
    pub id: Option<String>,
    /// Hold the photos' names or addresses, the main one first; recognised by name when empty.
    pub images: Vec<String>,
}

/// A `--map` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// No `=`.
    #[error("`{0}` in the map is not of the form `id=COLUMN` or `image=COLUMN`")]
    NotAPair(String),
    /// Neither `id` nor `image`.
    #[error(
        "the map names `{0}`, but only `id` and `image` can be mapped: all other columns are kept as fields"
    )]
    UnknownRole(String),
    /// More than one id.
    #[error("the map names two columns for the id, `{0}` and `{1}`: a product has one id")]
    TwoIds(String, String),
}

/// Names of id columns, likeliest first, as [`plain`] writes them.
const ID_NAMES: &[&str] = &[
    "product_id",
    "productid",
    "id",
    "sku",
    "entity_id",
    "handle",
    "item_id",
    "itemid",
    "variant_sku",
    "asin",
    "listing_id",
    "article",
    "article_id",
    "product_code",
    "uniq_id",
];

/// Names of image columns, likeliest first, as [`plain`] writes them.
const IMAGE_NAMES: &[&str] = &[
    "image",
    "image_url",
    "image_path",
    "image_src",
    "image_file",
    "image_link",
    "imageurl",
    "main_image",
    "images",
    "image_urls",
    "photo",
    "photo_url",
    "photos",
    "picture",
    "picture_url",
    "img",
    "img_url",
    "base_image",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "path",
    "url",
];

impl Mapping {
    /// Reads `id=COLUMN,image=COLUMN`; `image` may come several times, and a comma in a column's name is written
    /// `\,`.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mut mapping = Self::default();
        for pair in split_escaped(text) {
            let Some((role, column)) = pair.split_once('=') else { return Err(MappingError::NotAPair(pair)) };
            let (role, column) = (role.trim(), column.trim().to_owned());
            if column.is_empty() {
                return Err(MappingError::NotAPair(pair));
            }
            match (role, &mapping.id) {
                ("id", None) => mapping.id = Some(column),
                ("id", Some(first)) => return Err(MappingError::TwoIds(first.clone(), column)),
                ("image", _) => mapping.images.push(column),
                _ => return Err(MappingError::UnknownRole(role.to_owned())),
            }
        }
        Ok(mapping)
    }

    /// Fills in what is not mapped from `columns` by their names, and makes sure that what is mapped is there:
    /// `exists` says so of one column's name.
    ///
    /// # Errors
    /// A sentence that names the column that is missing, the nearest one, and all there are.
    pub(super) fn complete(
        &self,
        columns: &[String],
        exists: impl Fn(&str) -> bool,
    ) -> Result<Recognised, String> {
        for column in self.id.iter().chain(&self.images) {
            if !exists(column) {
                let nearest = nearest(column, columns).map(|name| format!("; did you mean `{name}`?"));
                let nearest = nearest.unwrap_or_else(|| ".".to_owned());
                return Err(format!("there is no column `{column}`{nearest} There are: {}", listed(columns)));
            }
        }
        let id = self.id.clone().or_else(|| recognise(ID_NAMES, columns)).ok_or_else(|| {
            format!(
                "no column looks like a product's id: name it with `--map id=COLUMN`. There are: {}",
                listed(columns)
            )
        })?;
        let mut images = self.images.clone();
        if images.is_empty() {
            images.extend(recognise(IMAGE_NAMES, columns));
        }
        if images.is_empty() {
            return Err(format!(
                "no column looks like a photo's name or address: name it with `--map image=COLUMN`. There are: {}",
                listed(columns)
            ));
        }
        let by_name = self.id.is_none() || self.images.is_empty();
        Ok(Recognised { id, images, by_name })
    }
}

/// A mapping with every role filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recognised {
    pub(super) id: String,
    pub(super) images: Vec<String>,
    /// Something was recognised rather than said, and should be told.
    pub(super) by_name: bool,
}

impl fmt::Display for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let images: Vec<_> = self.images.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "took column `{}` as the product's id and {} as its photos", self.id, images.join(", "))
    }
}

fn split_escaped(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) if characters.peek() == Some(&',') => part.extend(characters.next()),
            (_, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn recognise(names: &[&str], columns: &[String]) -> Option<String> {
    names.iter().find_map(|name| columns.iter().find(|column| plain(column) == *name)).cloned()
}

/// Lower case with `_` for blanks and dashes, so that `Image Src` is `image_src`.
pub(super) fn plain(column: &str) -> String {
    column.trim().to_lowercase().replace([' ', '-'], "_")
}

fn listed(columns: &[String]) -> String {
    if columns.is_empty() { "none".to_owned() } else { columns.join(", ") }
}

/// The column whose name takes the fewest edits to become `wanted`, if they are few.
fn nearest<'a>(wanted: &str, columns: &'a [String]) -> Option<&'a str> {
    let wanted = plain(wanted);
    let scored = columns.iter().map(|column| (edits(&wanted, &plain(column)), column));
    let (distance, column) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= wanted.chars().count().div_ceil(3).max(1)).then_some(column.as_str())
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            let replaced = diagonal + usize::from(from != *to);
            *cell = replaced.min(above + 1).min(left + 1);
            (diagonal, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn complete(map: &str, names: &[&str]) -> Result<Recognised, String> {
        let columns = columns(names);
        Mapping::parse(map).unwrap().complete(&columns, |name| columns.iter().any(|column| column == name))
    }

    #[test]
    fn a_map_is_read_and_a_wrong_one_is_explained() {
        let mapping = Mapping::parse("id=sku, image=front,image=back\\, large").unwrap();
        assert_eq!(mapping.id.as_deref(), Some("sku"));
        assert_eq!(mapping.images, ["front", "back, large"]);
        assert!(matches!(Mapping::parse("sku"), Err(MappingError::NotAPair(_))));
        assert!(matches!(Mapping::parse("title=x"), Err(MappingError::UnknownRole(_))));
        assert!(matches!(Mapping::parse("id=a,id=b"), Err(MappingError::TwoIds(..))));
    }

    #[test]
    fn a_missing_column_is_named_with_the_nearest_and_all_there_are() {
        let error = complete("id=prodct_id,image=file", &["product_id", "file", "title"]).unwrap_err();
        assert!(error.contains("`prodct_id`") && error.contains("did you mean `product_id`"), "{error}");
        assert!(error.contains("product_id, file, title"), "{error}");
        assert!(!complete("id=zzz", &["product_id"]).unwrap_err().contains("did you mean"));
    }

    #[test]
    fn usual_names_are_recognised_and_a_map_may_share_a_column() {
        let shopify = complete("", &["Handle", "Title", "Image Src"]).unwrap();
        assert_eq!(
            (shopify.id.as_str(), shopify.images.as_slice()),
            ("Handle", &["Image Src".to_owned()][..])
        );
        assert!(shopify.by_name);
        let own = complete("id=file", &["file", "product_id"]).unwrap();
        assert_eq!((own.id.as_str(), own.images.as_slice()), ("file", &["file".to_owned()][..]));
        let none = complete("", &["product_id", "title"]).unwrap_err();
        assert!(none.contains("--map image=") && none.contains("product_id, title"), "{none}");
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!((edits("kitten", "sitting"), edits("", "abc"), edits("a", "a")), (3, 3, 0));
    }
}
