//! How an encoder ranks photos whose product and class are known.
//!
//! Reads a table with a row per photo and columns `file`, `product_id`, `class`, and where there are such `source`, `color`,
//! `view`, `group` (photos of one group are never compared when classes are: one photographer's photos look alike) and
//! `fold` (what a network was trained on, and what it is measured on).

use super::robustness::EvaluateError;
use crate::search::likeness_query;
use crate::store::StoredImage;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

/// Photos per query in the precision of classes.
const CLASS_PLACES: usize = 5;

/// What is known of one photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    product: String,
    class: String,
    source: String,
    colour: String,
    view: String,
    group: String,
    /// What part of the photos it belongs to; empty where the table does not say.
    pub fold: String,
}

/// The labels of a table, by file name without folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(HashMap<String, Label>);

impl Labels {
    /// The label of a stored image.
    pub fn of(&self, image: &StoredImage) -> Option<&Label> {
        self.0.get(file_name(image.id.as_str()))
    }

    /// Whether any label names a fold.
    pub fn have_folds(&self) -> bool {
        self.0.values().any(|label| !label.fold.is_empty())
    }
}

/// How often the nearest other photo shows the same product in the same colour.
#[derive(Debug, Clone, PartialEq)]
pub struct SameProduct {
    /// Which photos are asked for, and among which.
    pub question: String,
    /// Photos asked for.
    pub queries: usize,
    /// Share of them whose nearest one is right.
    pub right: f64,
}

/// Figures of one encoder on one part of the photos. Each is `None` when no query applies.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelFigures {
    /// Which photos.
    pub part: String,
    /// Photos.
    pub photos: usize,
    /// Share of photos whose nearest other photo shows the same product.
    pub same_product_r1: Option<f64>,
    /// Mean average precision of the same product's photos.
    pub same_product_map: Option<f64>,
    /// Share of back views whose nearest main view shows the same product.
    pub back_to_main_r1: Option<f64>,
    /// Share of same-class photos among the nearest five.
    pub same_class_p5: Option<f64>,
}

/// Reads labels by file name, without its folders.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub fn read_labels(path: &Path) -> Result<Labels, EvaluateError> {
    let wrong = |reason: String| EvaluateError::Labels(format!("{}: {reason}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|title| title == name);
    let needed = |name: &str| column(name).ok_or_else(|| wrong(format!("has no column `{name}`")));
    let (file, product, class) = (needed("file")?, needed("product_id")?, needed("class")?);
    let (source, colour, view) = (column("source"), column("color"), column("view"));
    let (group, fold) = (column("group"), column("fold"));
    let mut labels = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
        let optional = |at: Option<usize>| at.map(cell).unwrap_or_default();
        let label = Label {
            product: cell(product),
            class: cell(class),
            source: optional(source),
            colour: optional(colour),
            view: optional(view),
            group: optional(group),
            fold: optional(fold),
        };
        labels.insert(file_name(&cell(file)).to_owned(), label);
    }
    Ok(Labels(labels))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Ranks all labelled photos by the likeness of the vectors in `slot`, which `encoder` made, and compares with the labels: over everything, then by source.
///
/// # Errors
/// When no stored photo has a label.
pub fn rank(
    images: &[StoredImage],
    labels: &Labels,
    slot: usize,
    encoder: &str,
) -> Result<Vec<LabelFigures>, EvaluateError> {
    let photos = photos(images, labels, slot, encoder);
    if photos.is_empty() {
        return Err(EvaluateError::Labels("no photo of the catalog has a label".to_owned()));
    }
    let mut sources: Vec<&str> = photos.iter().map(|photo| photo.label.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut figures = vec![figures("all", &photos)];
    if sources.len() > 1 {
        for source in sources {
            let part: Vec<Photo<'_>> =
                photos.iter().filter(|photo| photo.label.source == source).cloned().collect();
            figures.push(self::figures(source, &part));
        }
    }
    Ok(figures)
}

/// Asks for the same product in the same colour by every photo of a fold (by all where the labels have no folds), among all
/// others: source by source, and there by back views among all photos and among main views.
pub fn same_product(
    images: &[StoredImage],
    labels: &Labels,
    slot: usize,
    encoder: &str,
    fold: &str,
) -> Vec<SameProduct> {
    let photos = photos(images, labels, slot, encoder);
    let folded = labels.have_folds();
    let mut sources: Vec<&str> = photos.iter().map(|photo| photo.label.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut figures = Vec::new();
    for source in sources {
        let of_source = |label: &Label| label.source == source && (!folded || label.fold == fold);
        let back = |label: &Label| of_source(label) && label.view == "back";
        let main = |label: &Label| label.view == "main";
        let named = |question: &str| [source, question].join(" ").trim_start().to_owned();
        figures.extend(asked(named("photos"), &photos, of_source, |_| true));
        figures.extend(asked(named("back views"), &photos, back, |_| true));
        figures.extend(asked(named("back views, among main views"), &photos, back, main));
    }
    figures
}

/// `None` where no photo that is asked for has another that would be right.
fn asked(
    question: String,
    photos: &[Photo<'_>],
    query: impl Fn(&Label) -> bool,
    answer: impl Fn(&Label) -> bool,
) -> Option<SameProduct> {
    let mut first = Mean::default();
    let is_same = |a: &Label, b: &Label| a.product == b.product && a.colour == b.colour;
    for (place, asked) in photos.iter().enumerate().filter(|(_, photo)| query(photo.label)) {
        let others = || {
            let others = photos.iter().enumerate().filter(|(other, _)| *other != place);
            others.map(|(_, photo)| photo).filter(|photo| answer(photo.label))
        };
        if others().any(|other| is_same(asked.label, other.label)) {
            let likeness = |photo: &Photo<'_>| dot(&asked.query, photo.vector);
            // Of equally near ones the first stored counts.
            let nearest =
                others().reduce(|best, other| if likeness(other) > likeness(best) { other } else { best });
            first.add(nearest.is_some_and(|nearest| is_same(asked.label, nearest.label)).into());
        }
    }
    first.value().map(|right| SameProduct { question, queries: first.count as usize, right })
}

#[derive(Clone)]
struct Photo<'a> {
    label: &'a Label,
    vector: &'a [f32],
    /// What the others' vectors are compared with when it is asked for.
    query: Cow<'a, [f32]>,
}

impl<'a> Photo<'a> {
    fn of(label: &'a Label, vector: &'a [f32], encoder: &str) -> Self {
        Self { label, vector, query: likeness_query(encoder, vector) }
    }
}

/// The labelled ones.
fn photos<'a>(images: &'a [StoredImage], labels: &'a Labels, slot: usize, encoder: &str) -> Vec<Photo<'a>> {
    let photo =
        |image: &'a StoredImage| Some(Photo::of(labels.of(image)?, image.vectors.get(slot)?, encoder));
    images.iter().filter_map(photo).collect()
}

fn figures(part: &str, photos: &[Photo<'_>]) -> LabelFigures {
    let mut same_product_first = Mean::default();
    let mut average_precision = Mean::default();
    let mut back_to_main = Mean::default();
    let mut same_class = Mean::default();
    for (place, query) in photos.iter().enumerate() {
        let mut others: Vec<(f32, &Label)> = photos
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, photo)| (dot(&query.query, photo.vector), photo.label))
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        let ranked = || others.iter().map(|(_, label)| *label);
        let same_product = |label: &Label| label.product == query.label.product;
        if ranked().any(same_product) {
            same_product_first.add(ranked().next().is_some_and(same_product).into());
            average_precision.add(precision_at_hits(ranked().map(same_product)));
        }
        let mains = || ranked().filter(|label| label.view == "main");
        if query.label.view == "back" && mains().any(same_product) {
            back_to_main.add(mains().next().is_some_and(same_product).into());
        }
        let comparable = |label: &&Label| label.group.is_empty() || label.group != query.label.group;
        let nearest: Vec<&Label> = ranked().filter(comparable).take(CLASS_PLACES).collect();
        if nearest.len() == CLASS_PLACES {
            let hits = nearest.iter().filter(|label| label.class == query.label.class).count();
            same_class.add(hits as f64 / CLASS_PLACES as f64);
        }
    }
    LabelFigures {
        part: part.to_owned(),
        photos: photos.len(),
        same_product_r1: same_product_first.value(),
        same_product_map: average_precision.value(),
        back_to_main_r1: back_to_main.value(),
        same_class_p5: same_class.value(),
    }
}

/// Mean, over the hits, of the share of hits up to and including each.
fn precision_at_hits(ranked: impl Iterator<Item = bool>) -> f64 {
    let mut precision = Mean::default();
    for (rank, _) in ranked.enumerate().filter(|(_, hit)| *hit) {
        precision.add((precision.count + 1.0) / (rank + 1) as f64);
    }
    precision.value().unwrap_or(0.0)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_precision_of_a_known_ranking() {
        let ranked = [true, false, true, false, false];
        assert!((precision_at_hits(ranked.into_iter()) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn colours_are_told_apart_and_only_the_fold_is_asked_for() {
        let label = |product: &str, colour: &str, view: &str, fold: &str| Label {
            product: product.to_owned(),
            class: String::new(),
            source: "shop".to_owned(),
            colour: colour.to_owned(),
            view: view.to_owned(),
            group: String::new(),
            fold: fold.to_owned(),
        };
        let labels = [
            label("shirt", "red", "main", "train"),
            label("shirt", "red", "back", "measure"),
            label("shirt", "blue", "main", "train"),
            label("shirt", "blue", "back", "measure"),
        ];
        // The blue shirt's back is nearest to the red shirt's front.
        let vectors = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.2]];
        let photos: Vec<Photo<'_>> =
            labels.iter().zip(&vectors).map(|(label, vector)| Photo::of(label, vector, "")).collect();
        let measured = |label: &Label| label.fold == "measure";
        let found = asked("backs".to_owned(), &photos, measured, |label| label.view == "main").unwrap();
        assert_eq!((found.queries, found.right), (2, 0.5));
        assert_eq!(asked(String::new(), &photos, |label| label.fold == "other", |_| true), None);
    }

    #[test]
    fn figures_of_a_perfect_and_a_useless_encoder() {
        let label = |product: &str| Label {
            product: product.to_owned(),
            class: product.to_owned(),
            source: String::new(),
            colour: String::new(),
            fold: String::new(),
            view: String::new(),
            group: String::new(),
        };
        let (a, b) = (label("a"), label("b"));
        let (left, right): ([f32; 2], [f32; 2]) = ([1.0, 0.0], [0.0, 1.0]);
        let perfect = [(&a, &left), (&a, &left), (&b, &right), (&b, &right)];
        let photos: Vec<Photo<'_>> =
            perfect.iter().map(|(label, vector)| Photo::of(label, *vector, "")).collect();
        let figures = figures("all", &photos);
        assert_eq!(figures.same_product_r1, Some(1.0));
        assert_eq!(figures.same_product_map, Some(1.0));
        assert_eq!(figures.same_class_p5, None);
        let swapped = [(&a, &left), (&a, &right), (&b, &left), (&b, &right)];
        let photos: Vec<Photo<'_>> =
            swapped.iter().map(|(label, vector)| Photo::of(label, *vector, "")).collect();
        assert_eq!(super::figures("all", &photos).same_product_r1, Some(0.0));
    }
}
