//! Scenarios over the whole demo, and the contact sheets that a person looks at.

use super::dice::Dice;
use super::garment::{self, Look};
use super::pattern::{Cloth, Pattern};
use super::print::Print;
use super::shading::*;
use super::view::{Angle, Model, photograph};
use super::{lower, shoe};

#[test]
fn sheet_of_kinds() {
    let Some(out) = std::env::var_os("DEMO_CONTACT_SHEET") else { return };
    let cuts = [garment::Cut::Tee, garment::Cut::Sweater, garment::Cut::Hoodie, garment::Cut::Shirt, garment::Cut::Jacket];
    let started = std::time::Instant::now();
    let pats = [Pattern::Plain, Pattern::Stripes, Pattern::Plain, Pattern::Gingham, Pattern::Plain, Pattern::Floral];
    let mut models: Vec<(Dice, Model)> = Vec::new();
    let seed: u64 = std::env::var("DEMO_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(40);
    let only = std::env::var("DEMO_ONLY").unwrap_or_default();
    let want = |name: &str| only.is_empty() || only.split(',').any(|o| o == name);
    for row in 0..30_usize {
        let mut dice = Dice::new(row as u64 + seed);
        let color = super::palette::DYES[dice.below(28)].rgb;
        let look = Look {
            cloth: Cloth::new(&mut dice, color, pats[row % 6]),
            trim: [230, 225, 215],
            metal: [200, 200, 205],
            print: (row == 0).then(|| Print::new(&mut dice)),
            finish: [JERSEY, KNIT, FLEECE, CANVAS, TWILL, SATIN][row % 6],
            brand: 5 + row as u64,
        };
        let leather = Look { cloth: Cloth::plain(super::palette::HIDES[dice.below(8)].rgb), finish: LEATHER, ..look.clone() };
        let model = match row {
            0..5 if want("top") => garment::top(cuts[row], &dice, &look),
            5 if want("lower") => lower::skirt(true, &dice, &look),
            6 if want("lower") => lower::trousers(false, &dice, &look),
            7 if want("lower") => lower::trousers(true, &dice, &look),
            8 if want("lower") => lower::skirt(false, &dice, &look),
            9 if want("shoe") => shoe::shoe(false, &dice, &look),
            10 if want("shoe") => shoe::shoe(true, &dice, &leather),
            11 | 12 if want("shoe") => shoe::shoe(false, &dice, &leather),
            13 if want("shoe") => shoe::shoe(true, &dice, &leather),
            _ => continue,
        };
        models.push((dice, model.unwrap()));
    }
    let mut sheet = image::RgbImage::new(5 * 400, models.len() as u32 * 400);
    for (row, (dice, model)) in models.iter().enumerate() {
        for (column, angle) in [Angle::Front, Angle::Back, Angle::ThreeQuarter, Angle::Detail, Angle::Lifestyle].into_iter().enumerate() {
            let picture = photograph(model, angle, dice);
            let small = image::imageops::thumbnail(&picture, picture.width() * 400 / 640, picture.height() * 400 / 640);
            image::imageops::replace(&mut sheet, &small, column as i64 * 400, row as i64 * 400);
        }
    }
    println!("{:?} for {}", started.elapsed(), models.len() * 5);
    sheet.save(out).unwrap();
}
