//! How matches are written in answers.

use super::image_url;
use lookalike_engine::catalog::{Fields, ImageId};
use lookalike_engine::search::{Class, Evidence, Match, Orientation, Region, TextEvidence, TextMatch};
use lookalike_engine::store::{ImageKey, IndexKind, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// A product that was found.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "product_id": "red-mug", "image_id": "mugs/red.jpg", "match_percent": 96.2, "score": 0.962,
    "class": "edited_copy", "fields": {"name": "Red mug", "price": 9.5}, "image_url": "/v1/images/mugs/red.jpg",
    "evidence": {
        "same_bytes": false, "phash_bits": 0, "pdq_bits": 8, "pdq_quality": 100, "orientation": "upright",
        "cosine": 0.94,
        "likeness": 0.96,
        "region": null,
        "region_cosine": 0.94
    }
}))]
pub(super) struct MatchAnswer {
    /// The product.
    product_id: String,
    /// Its best matching image; null where words were compared with words and the product has no image.
    image_id: Option<String>,
    /// How well it matches, 0 to 100; 100 is kept for the very same bytes.
    match_percent: f32,
    /// 0 to 1; decides the order.
    score: f32,
    /// What the match is.
    class: ClassName,
    /// The product's fields as its source gave them; those asked for.
    #[schema(value_type = Object)]
    fields: Fields,
    /// Where this server shows the image.
    image_url: Option<String>,
    /// Why it matches.
    evidence: Reason,
    /// Further products, best first, that it stands for; there only where `fold_by` folded any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<String>,
}

/// Why a product matches: a picture, words, or both.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Reason {
    /// The question was a picture.
    Picture(EvidenceAnswer),
    /// The question was words, compared with photos.
    Text(TextEvidenceAnswer),
    /// The question was words, compared with words.
    Words(WordsEvidenceAnswer),
    /// The question was a picture and words, compared with photos.
    Both(BothEvidenceAnswer),
    /// The question was a picture, compared with photos, and words, compared with words.
    Ranks(RanksEvidenceAnswer),
}

/// How a text compares with the image found.
#[derive(Serialize, ToSchema)]
// Nothing else is in it, here and in the others: evidence is of one kind alone.
#[serde(deny_unknown_fields)]
struct TextEvidenceAnswer {
    /// Cosine of the text's vector and the image's, -1 to 1; far below 1 also where they fit.
    cosine: f32,
}

/// How words fit the product found.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WordsEvidenceAnswer {
    /// How well they fit (BM25), above 0; to be compared within one answer.
    bm25: f32,
}

/// How a picture and a text compare with the image found.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BothEvidenceAnswer {
    /// Cosine of the picture's vector and the image's, -1 to 1.
    picture_cosine: f32,
    /// Cosine of the text's vector and the image's, -1 to 1; far below 1 also where they fit.
    text_cosine: f32,
}

/// Where the product found stands among what looks alike and among what fits the words.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RanksEvidenceAnswer {
    /// Its place among what looks alike, from 1; null beyond those that were looked at.
    picture_rank: Option<u32>,
    /// Its place among what fits the words, from 1; null where it does not or is beyond those that were looked at.
    words_rank: Option<u32>,
}

/// Which index answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(super) enum IndexName {
    /// All vectors or hashes, compared one by one or as good as: nothing is missed.
    #[serde(rename = "exact")]
    Exact,
    /// An approximate one, which may miss some.
    #[serde(rename = "approximate")]
    Approximate,
    /// The words in the products' fields.
    #[serde(rename = "words")]
    Words,
    /// Both of these.
    #[serde(rename = "exact+words")]
    ExactAndWords,
    /// Both of these.
    #[serde(rename = "approximate+words")]
    ApproximateAndWords,
}

impl IndexName {
    /// Of a question that was compared with photos, with words, or with both.
    pub(super) fn of(store: &dyn Store, photos: bool, words: bool) -> Self {
        match (store.index(), photos, words) {
            (_, false, _) => Self::Words,
            (IndexKind::Exact, _, false) => Self::Exact,
            (IndexKind::Approximate, _, false) => Self::Approximate,
            (IndexKind::Exact, _, true) => Self::ExactAndWords,
            (IndexKind::Approximate, _, true) => Self::ApproximateAndWords,
        }
    }
}

/// What a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClassName {
    /// The same photo: the same bytes, or encoded again without visible change.
    Identical,
    /// The same photo, edited.
    EditedCopy,
    /// Looks alike.
    Similar,
    /// Fits the words asked for.
    Described,
    /// Nothing in common that counts.
    None,
}

/// Distances between the question's picture and the image found.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EvidenceAnswer {
    /// The very same bytes.
    same_bytes: bool,
    /// Differing bits of the pHash, 0 to 64; unrelated pictures differ in about 32.
    phash_bits: u32,
    /// Differing bits of PDQ in the best orientation, 0 to 256; unrelated pictures differ in about 128.
    pdq_bits: u32,
    /// The lower of the two PDQ qualities, 0 to 100; below 50 PDQ says little.
    pdq_quality: u8,
    /// `upright`, or `turned` when the picture fits best turned or mirrored.
    orientation: OrientationName,
    /// Cosine of the vectors, -1 to 1.
    cosine: f32,
    /// How alike both are as photos of a product, -1 to 1: the cosine, except under `look-1`, where colours count more.
    likeness: f32,
    /// The part of the question's picture that looks more like the image found than the whole does, where it was looked
    /// for and does: `upper_left`, `upper_right`, `lower_left`, `lower_right`, `upper`, `without_border`.
    region: Option<&'static str>,
    /// Cosine of that part's vector and the image's; that of the whole where there is none, as it may have been before it was
    /// made darker or was given a cast where its border tells of that.
    region_cosine: f32,
}

/// How the question's picture fits best.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OrientationName {
    /// As it is.
    Upright,
    /// Turned or mirrored.
    Turned,
}

impl From<Class> for ClassName {
    fn from(class: Class) -> Self {
        match class {
            Class::Identical => Self::Identical,
            Class::EditedCopy => Self::EditedCopy,
            Class::Similar => Self::Similar,
            Class::Described => Self::Described,
            Class::None => Self::None,
        }
    }
}

impl From<Evidence> for EvidenceAnswer {
    fn from(evidence: Evidence) -> Self {
        let Evidence {
            same_bytes,
            phash_bits,
            pdq_bits,
            pdq_quality,
            orientation,
            cosine,
            likeness,
            region,
            ..
        } = evidence;
        let orientation = match orientation {
            Orientation::Upright => OrientationName::Upright,
            Orientation::Turned => OrientationName::Turned,
        };
        let (region, region_cosine) = (region.map(Region::as_str), evidence.region_cosine);
        Self {
            same_bytes,
            phash_bits,
            pdq_bits,
            pdq_quality,
            orientation,
            cosine,
            likeness,
            region,
            region_cosine,
        }
    }
}

/// How products are shown.
pub(super) struct Showing<'a> {
    pub(super) store: &'a dyn Store,
    /// Names of the fields that are; `None` for all.
    pub(super) fields: Option<&'a [String]>,
}

impl Showing<'_> {
    /// A product that was found by a picture.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn found(&self, found: Match) -> Result<MatchAnswer, StoreError> {
        Ok(MatchAnswer {
            image_url: Some(image_url::of(self.store, &found.product, &found.image, found.key)?),
            product_id: found.product.to_string(),
            image_id: Some(found.image.to_string()),
            match_percent: found.match_percent,
            score: found.score,
            class: found.class.into(),
            fields: self.chosen(found.fields),
            evidence: Reason::Picture(found.evidence.into()),
            also: found.also.iter().map(ToString::to_string).collect(),
        })
    }

    /// A product that was found by words, alone or beside a picture.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn described(&self, found: TextMatch) -> Result<MatchAnswer, StoreError> {
        let url = |(image, key): (&ImageId, ImageKey)| image_url::of(self.store, &found.product, image, key);
        Ok(MatchAnswer {
            image_url: found.image.as_ref().zip(found.key).map(url).transpose()?,
            product_id: found.product.to_string(),
            image_id: found.image.map(|image| image.to_string()),
            match_percent: found.match_percent,
            score: found.score,
            class: found.class.into(),
            fields: self.chosen(found.fields),
            evidence: match found.evidence {
                TextEvidence::Cosine(cosine) => Reason::Text(TextEvidenceAnswer { cosine }),
                TextEvidence::Bm25(bm25) => Reason::Words(WordsEvidenceAnswer { bm25 }),
                TextEvidence::Cosines { picture, text } => {
                    Reason::Both(BothEvidenceAnswer { picture_cosine: picture, text_cosine: text })
                }
                TextEvidence::Ranks { picture, words } => {
                    Reason::Ranks(RanksEvidenceAnswer { picture_rank: picture, words_rank: words })
                }
            },
            also: Vec::new(),
        })
    }

    fn chosen(&self, mut fields: Fields) -> Fields {
        if let Some(names) = self.fields {
            fields.retain(|field, _| names.iter().any(|name| name == field));
        }
        fields
    }
}
