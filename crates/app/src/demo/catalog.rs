//! What the demo shop sells: kinds, designs, colour variants, words and prices, and the planted copies.
//!
//! A pure function of the seed; draws nothing. One *design* has a shape, a pattern and a print; its colour
//! variants are listings that share its `style`. About one listing in twenty is somebody's re-upload of another
//! listing's photo, and says so in `copy_of` and `edit`. Neighbours: `stock` has the tables, `write` draws.

#![expect(clippy::indexing_slicing, reason = "indices come from `Dice::below` over lists that are not empty")]

use std::collections::HashSet;

use super::dice::Dice;
use super::edits::{EDITS, Edit};
use super::garment::{Cut, Look};
use super::palette::{DYES, HIDES, METALS, Named, brightness, choose, dye, partner, tone};
use super::pattern::{Cloth, Pattern};
use super::print::Print;
use super::stock::{BRANDS, KINDS, Kind, SELLERS, SERIES, Stock};
use super::view::{Angle, Model};
use super::{accessory, bag, garment, household, lower, pottery, shoe};

/// One photograph of a listing.
#[derive(Clone, Debug)]
pub(crate) struct DemoView {
    /// Path within the demo's folder, with `/`.
    pub(crate) file: String,
    pub(crate) angle: Angle,
}

/// Whose photo a listing shows, and what was done to it.
#[derive(Clone, Debug)]
pub(crate) struct Copied {
    pub(crate) of: String,
    pub(crate) edit: Edit,
}

/// One listing of the demo shop.
#[derive(Clone, Debug)]
pub(crate) struct DemoProduct {
    /// Such as `tee-0042-red`; unique in the catalog, safe in file names.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) category: &'static str,
    pub(crate) price_cents: u32,
    pub(crate) currency: &'static str,
    pub(crate) color: &'static str,
    pub(crate) pattern: String,
    pub(crate) material: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) seller: &'static str,
    pub(crate) description: String,
    /// The design; shared by its colour variants and by copies of their photos.
    pub(crate) style: String,
    pub(crate) copy: Option<Copied>,
    /// At least one; the first is the main picture.
    pub(crate) views: Vec<DemoView>,
    shape: Dice,
    camera: Dice,
    look: Look,
}

impl DemoProduct {
    /// The product in three dimensions; nothing when a sheet of it is too large for memory.
    pub(crate) fn model(&self) -> Option<Model> {
        let (shape, look) = (&self.shape, &self.look);
        match self.kind {
            Kind::Tee => garment::top(Cut::Tee, shape, look),
            Kind::Sweater => garment::top(Cut::Sweater, shape, look),
            Kind::Hoodie => garment::top(Cut::Hoodie, shape, look),
            Kind::Shirt => garment::top(Cut::Shirt, shape, look),
            Kind::Jacket => garment::top(Cut::Jacket, shape, look),
            Kind::Trousers => lower::trousers(false, shape, look),
            Kind::Shorts => lower::trousers(true, shape, look),
            Kind::Skirt => lower::skirt(false, shape, look),
            Kind::Dress => lower::skirt(true, shape, look),
            Kind::Sneaker => shoe::shoe(false, shape, look),
            Kind::Boot => shoe::shoe(true, shape, look),
            Kind::Cap => accessory::cap(shape, look),
            Kind::Watch => accessory::watch(shape, look),
            Kind::Tote => bag::tote(shape, look),
            Kind::Backpack => bag::backpack(shape, look),
            Kind::Mug => pottery::mug(shape, look),
            Kind::Bottle => pottery::bottle(shape, look),
            Kind::Vase => pottery::vase(shape, look),
            Kind::Bowl => pottery::bowl(shape, look),
            Kind::Lamp => household::lamp(shape, look),
            Kind::Cushion => household::cushion(shape, look),
        }
    }

    /// Settles lamps, camera and backdrop of this listing's photographs.
    pub(crate) fn camera(&self) -> &Dice {
        &self.camera
    }

    /// Such as `29.90`.
    pub(crate) fn price(&self) -> String {
        format!("{}.{:02}", self.price_cents / 100, self.price_cents % 100)
    }
}

/// A catalog of `products` listings, sorted by id. The same seed and count give the same catalog.
pub(crate) fn catalog(seed: u64, products: usize) -> Vec<DemoProduct> {
    let dice = Dice::new(seed).fork("catalog");
    let copies = if products < 8 { 0 } else { (products / 20).max(1) };
    let mut listings = Vec::with_capacity(products);
    let mut design = 0;
    let mut order = kinds_in_order(&mut dice.fork("kinds"));
    while listings.len() < products - copies {
        if order.is_empty() {
            order = kinds_in_order(&mut dice.fork(&format!("kinds {design}")));
        }
        let Some(stock) = order.pop() else { break };
        design += 1;
        let mut variants = variants(stock, design, &dice.fork(&format!("design {design}")));
        variants.truncate(products - copies - listings.len());
        listings.append(&mut variants);
    }
    let originals = listings.len();
    let mut taken = HashSet::new();
    let mut planting = dice.fork("copies");
    for number in 0..copies {
        let mut source = planting.below(originals);
        while taken.len() < originals && !taken.insert(source) {
            source = (source + 1) % originals;
        }
        let edit = EDITS[number % EDITS.len()];
        let copy = reupload(&listings[source], design + 1 + number, edit, &mut planting);
        listings.push(copy);
    }
    listings.sort_by(|a, b| a.id.cmp(&b.id));
    listings
}

/// One listing of each of some kinds that `catalog` with the same seed does not have.
pub(crate) fn unlisted(seed: u64, kinds: &[Kind]) -> Vec<DemoProduct> {
    let dice = Dice::new(seed).fork("unlisted");
    kinds
        .iter()
        .enumerate()
        .filter_map(|(i, kind)| {
            let stock = KINDS.iter().find(|stock| stock.kind == *kind)?;
            variants(stock, 9001 + i, &dice.fork(stock.slug)).into_iter().next()
        })
        .collect()
}

/// Every kind as often as its share says, in a seeded order.
fn kinds_in_order(dice: &mut Dice) -> Vec<&'static Stock> {
    let mut all: Vec<&Stock> =
        KINDS.iter().flat_map(|stock| std::iter::repeat_n(stock, stock.share)).collect();
    for i in (1..all.len()).rev() {
        all.swap(i, dice.below(i + 1));
    }
    all
}

/// The colour variants of one design.
fn variants(stock: &Stock, number: usize, dice: &Dice) -> Vec<DemoProduct> {
    let mut choice = dice.fork("choice");
    let (material, finish) = choice.pick(stock.materials);
    let table: &[Named] = if finish.metal > 0.5 {
        &METALS
    } else if material.contains("leather") || material == "suede" {
        &HIDES
    } else {
        &DYES
    };
    let plain_only = finish.metal > 0.5 || table.len() == HIDES.len();
    let pattern = if plain_only { Pattern::Plain } else { choice.pick(stock.patterns) };
    let print = (pattern == Pattern::Plain && !plain_only && choice.chance(stock.prints))
        .then(|| Print::new(&mut choice));
    let (brand, mark) = choice.pick(&BRANDS);
    let series = choice.pick(&SERIES);
    let price_cents = {
        let (low, high) = stock.price;
        let euros = choice.between(low as f32, high as f32) as u32;
        euros * 100 + choice.pick(&[0, 50, 90, 95, 99])
    };
    let count = choice.pick(&[1, 2, 2, 3, 3, 4]);
    let shape = dice.fork("shape");
    let colours = choose(&mut choice, table, count);
    let what = match (print, pattern) {
        (Some(print), _) => format!("{} with {} print", stock.noun, print.name()),
        (None, Pattern::Plain) => stock.noun.to_owned(),
        (None, pattern) => format!("{} {}", pattern.name(), stock.noun),
    };
    colours
        .into_iter()
        .map(|colour| {
            let mut tint = dice.fork(colour.name);
            let cloth = Cloth::new(&mut dice.fork("cloth"), colour.rgb, pattern);
            let trim = trim(&mut tint, colour, &cloth);
            let metal = tint.pick(&METALS).rgb;
            let metal = if finish.metal > 0.5 { colour.rgb } else { metal };
            let id = format!("{}-{number:04}-{}", stock.slug, colour.name);
            let views = angles(&mut tint)
                .into_iter()
                .map(|angle| DemoView { file: format!("pictures/{id}_{}.jpg", angle.name()), angle })
                .collect();
            DemoProduct {
                kind: stock.kind,
                name: format!("{series} {what}, {}", colour.name),
                category: stock.category,
                price_cents,
                currency: "EUR",
                color: colour.name,
                pattern: print
                    .map_or_else(|| pattern.name().to_owned(), |print| format!("{} print", print.name())),
                material,
                brand,
                seller: SELLERS[0],
                description: format!("{brand} {what} in {material}, {}. {}", colour.name, stock.care),
                style: format!("{}-{number:04}", stock.slug),
                copy: None,
                views,
                shape: shape.clone(),
                camera: tint.fork("camera"),
                look: Look { cloth, trim, metal, print, finish, brand: mark },
                id,
            }
        })
        .collect()
}

fn trim(dice: &mut Dice, colour: Named, cloth: &Cloth) -> [u8; 3] {
    match dice.below(5) {
        0 | 1 if brightness(colour.rgb) < 0.8 => dye("white"),
        2 => cloth.accent,
        3 => tone(colour.rgb, if brightness(colour.rgb) < 0.4 { 0.35 } else { -0.3 }),
        _ => partner(dice, colour.rgb),
    }
}

/// The front, and one to three others.
fn angles(dice: &mut Dice) -> Vec<Angle> {
    let mut others = vec![Angle::Back, Angle::ThreeQuarter, Angle::Detail, Angle::Lifestyle];
    let keep = dice.pick(&[1, 2, 2, 2, 3]);
    while others.len() > keep {
        others.remove(dice.below(others.len()));
    }
    others.insert(0, Angle::Front);
    others
}

/// Somebody else's listing of `original`, with an edited copy of its main photo.
fn reupload(original: &DemoProduct, number: usize, edit: Edit, dice: &mut Dice) -> DemoProduct {
    let mut copy = original.clone();
    let slug = original.style.split('-').next().unwrap_or_default();
    copy.id = format!("{slug}-{number:04}-{}", original.color);
    let noun = KINDS.iter().find(|stock| stock.kind == original.kind).map_or("item", |stock| stock.noun);
    copy.name = match dice.below(3) {
        0 => format!("{} {noun} NEW", original.color),
        1 => format!("{noun} {}, top quality", original.color),
        _ => format!("{} {noun}, fast shipping", original.brand),
    };
    copy.price_cents = (original.price_cents as f32 * dice.between(0.55, 0.95)) as u32;
    copy.seller = SELLERS[1 + dice.below(SELLERS.len() - 1)];
    copy.description = format!("{} {noun}, {}. Ships from our warehouse.", original.brand, original.color);
    copy.views = vec![DemoView {
        file: format!("pictures/{}_{}.jpg", copy.id, Angle::Front.name()),
        angle: Angle::Front,
    }];
    copy.copy = Some(Copied { of: original.id.clone(), edit });
    copy
}
