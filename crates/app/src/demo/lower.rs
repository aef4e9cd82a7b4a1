//! What hangs from the waist or the shoulders to the legs: trousers, shorts, skirts and dresses.
//!
//! The same recipe as `garment`: a painted front and back over one form. World units, about one tall.

use super::dice::Dice;
use super::garment::{Look, PX_PER_UNIT};
use super::palette::{brightness, tone};
use super::raster::Part;
use super::shading::Weave;
use super::shape::{Corner, Shape};
use super::sheet::{Belly, Fold, Sheet};
use super::space::v3;
use super::view::{Model, Stance};

/// A front and a back sheet over one form.
struct Pair<'a> {
    outline: &'a [Corner],
    /// The outline prolonged through its openings.
    form: &'a [Corner],
    size: [f32; 2],
    depth: f32,
    round: f32,
}

/// Paints and fills both sides; `paint` gets the sheet and whether it is the back, `fold` adds the folds.
fn fill_pair(
    pair: &Pair<'_>,
    look: &Look,
    dice: &mut Dice,
    mut paint: impl FnMut(&mut Sheet, bool),
    mut folds: impl FnMut(&mut Dice) -> Vec<Fold>,
) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let inside = tone(look.cloth.base, if brightness(look.cloth.base) > 0.3 { -0.25 } else { 0.06 });
    for back in [false, true] {
        let mut sheet = Sheet::new(pair.size[0], pair.size[1], PX_PER_UNIT, look.cloth.base)?;
        sheet.cut(&Shape::symmetric(pair.outline));
        paint(&mut sheet, back);
        let belly = Belly {
            depth: if back { -pair.depth * 0.9 } else { pair.depth },
            round: pair.round,
            folds: folds(dice),
            crumple: dice.between(0.008, 0.018),
            seed: (dice.bits() >> 40) as u32,
        };
        let mesh = sheet.inflate(&Shape::symmetric(pair.form), &belly);
        parts.push(Part { mesh, skin: sheet.skin(), finish: look.finish, inside: Some(inside) });
    }
    Some(parts)
}

fn wave(dice: &mut Dice, [x, y]: [f32; 2], [dx, dy]: [f32; 2], width: f32, height: f32) -> Fold {
    Fold {
        from: [x, y],
        to: [x + dx, y + dy],
        width: width * dice.between(0.7, 1.3),
        height: height * dice.between(0.6, 1.4),
    }
}

/// Trousers, or with `short` shorts.
pub(crate) fn trousers(short: bool, shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("trousers");
    let top = if short { 0.28 } else { 0.46 };
    let waist = dice.between(0.145, 0.165) * if short { 1.25 } else { 1.0 };
    let hip = waist + dice.between(0.02, 0.04);
    let crotch = top - dice.between(0.27, 0.31) * if short { 1.1 } else { 1.0 };
    let ankle = if short { crotch - dice.between(0.1, 0.24) } else { -0.48 };
    let cuff = if short { dice.between(0.17, 0.2) } else { dice.between(0.07, 0.125) };
    let spread = dice.between(0.015, 0.045);
    let half = |more: f32| {
        let (low, outer) = (ankle - more, hip + spread);
        let slant = if short { 0.02 } else { 0.0 };
        vec![
            (0.0, top + more * 0.5 - 0.006, 0.8),
            (waist, top + more * 0.5, 0.0),
            (hip, top - 0.17, 0.9),
            ((hip + outer) / 2.0, (crotch + ankle) / 2.0, 0.9),
            (outer - 0.004, low + slant, 0.0),
            (outer - cuff, low - 0.004, 0.0),
            (0.03 + spread * 0.5, crotch - 0.05, 0.8),
            (0.0, crotch, 0.5),
        ]
    };
    let (outline, form) = (half(0.0), half(0.07));
    let jeans = look.finish.weave == Weave::Twill;
    let base = look.cloth.base;
    let stitch =
        if jeans { [216, 168, 96] } else { tone(base, if brightness(base) < 0.35 { 0.3 } else { -0.35 }) };
    let elastic = !jeans && look.finish.weave != Weave::Canvas;
    let crease = !jeans && !short && dice.chance(0.4);
    let stripe = elastic && dice.chance(0.5);
    let cargo = dice.chance(0.25);
    let fade = jeans && dice.chance(0.6);
    let pair = Pair {
        outline: &outline,
        form: &form,
        size: [2.0 * (hip + spread) + 0.1, 1.06],
        depth: 0.085,
        round: 0.10,
    };
    let parts = fill_pair(
        &pair,
        look,
        &mut dice,
        |sheet, back| {
            sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 2.0), &look.cloth, [0.0, 0.0], 0.0);
            for side in [-1.0, 1.0] {
                let leg = side * (hip + spread - cuff / 2.0);
                if fade {
                    sheet.soft(
                        &Shape::line(&[(side * hip * 0.55, crotch + 0.05, 0.0), (leg, ankle + 0.25, 0.0)]),
                        0.12,
                        [255, 255, 255],
                        0.28,
                    );
                }
                if crease {
                    sheet.soft(
                        &Shape::line(&[(side * hip * 0.5, crotch + 0.1, 0.0), (leg, ankle, 0.0)]),
                        0.012,
                        tone(base, -0.6),
                        0.4,
                    );
                }
                if stripe {
                    let edge: Vec<Corner> =
                        outline.iter().skip(1).take(4).map(|&(x, y, r)| (side * (x - 0.014), y, r)).collect();
                    sheet.stroke(&Shape::line(&edge), 0.03, look.trim, 1.0);
                }
                sheet.stitch(
                    &Shape::line(&[(leg - 0.2, ankle + 0.02, 0.0), (leg + 0.2, ankle + 0.02, 0.0)]),
                    stitch,
                );
                if back {
                    if !elastic {
                        super::tailor::pocket(
                            sheet,
                            [side * hip * 0.5, top - 0.09],
                            [0.1, 0.11],
                            base,
                            stitch,
                        );
                    }
                } else {
                    let slit = Shape::line(&[
                        (side * waist * 0.62, top - 0.045, 0.3),
                        (side * hip * 0.72, top - 0.11, 0.9),
                        (side * (hip + 0.01), top - 0.13, 0.3),
                    ]);
                    sheet.seam(&slit, base);
                    sheet.stitch(&slit.placed(0.0, 0.008, 1.0, 0.0), stitch);
                }
                if cargo {
                    super::tailor::pocket(
                        sheet,
                        [side * (hip - 0.02), crotch - 0.05],
                        [0.09, 0.12],
                        base,
                        stitch,
                    );
                }
            }
            let fly = Shape::line(&[(0.0, top, 0.0), (0.0, crotch - 0.02, 0.0)]);
            sheet.seam(&fly, base);
            if !back && !elastic {
                sheet.stitch(
                    &Shape::line(&[(0.03, top - 0.04, 0.0), (0.03, top - 0.14, 0.6), (0.0, top - 0.19, 0.3)]),
                    stitch,
                );
            }
            let band = 0.042;
            sheet.fill(&Shape::rect(0.0, top - band / 2.0 + 0.01, 1.0, band + 0.02), tone(base, -0.1), 0.7);
            sheet.seam(&Shape::line(&[(-hip, top - band, 0.0), (hip, top - band, 0.0)]), base);
            if elastic {
                let mut x = -waist;
                while x < waist {
                    sheet.soft(
                        &Shape::line(&[(x, top, 0.0), (x, top - band - 0.01, 0.0)]),
                        0.007,
                        tone(base, -0.6),
                        0.5,
                    );
                    x += 0.013;
                }
                if !back {
                    for side in [-1.0, 1.0] {
                        let cord = [
                            (side * 0.008, top - 0.03, 0.0),
                            (side * 0.02, top - 0.08, 1.0),
                            (side * 0.014, top - 0.15, 0.0),
                        ];
                        sheet.soft(&Shape::line(&cord), 0.018, [0, 0, 0], 0.25);
                        sheet.stroke(&Shape::line(&cord), 0.0085, look.trim, 1.0);
                    }
                }
            } else {
                sheet.stitch(
                    &Shape::line(&[(-hip, top - band + 0.007, 0.0), (hip, top - band + 0.007, 0.0)]),
                    stitch,
                );
                for x in [-0.75, -0.38, 0.38, 0.75] {
                    let strap = Shape::rect(x * waist, top - band / 2.0, 0.013, band + 0.008);
                    sheet.soft(&strap, 0.01, tone(base, -0.7), 0.4);
                    sheet.fill(&strap, tone(base, 0.03), 1.0);
                }
                if back && jeans {
                    sheet.fill(&Shape::rect(hip * 0.5, top - band / 2.0, 0.055, 0.034), [168, 112, 66], 1.0);
                } else if !back {
                    sheet.fill(&Shape::circle(0.0, top - band / 2.0, 0.011), look.metal, 1.0);
                }
            }
        },
        |dice| {
            let mut folds = Vec::new();
            for side in [-1.0, 1.0] {
                for i in 0..3 {
                    let reach = dice.between(0.06, 0.12);
                    folds.push(wave(
                        dice,
                        [side * 0.015, crotch + 0.01 - 0.02 * i as f32],
                        [side * reach, 0.05 - 0.05 * i as f32],
                        0.011,
                        0.006,
                    ));
                }
                let (middle, long) = (side * (hip + spread - cuff * 0.5), crotch - ankle);
                for _ in 0..4 {
                    let y = ankle + long * dice.between(0.02, 0.62);
                    folds.push(wave(dice, [middle - 0.05, y], [0.1, 0.04], 0.013, 0.006));
                }
                folds.push(wave(dice, [middle, ankle], [-side * 0.02, long * 0.7], 0.03, 0.007));
            }
            folds
        },
    )?;
    let focus = v3(dice.between(-0.1, 0.1), top - 0.1, 0.08);
    Some(Model {
        parts,
        stance: Stance::Hanging,
        focus,
        zoom: 2.6,
        aspect: if short { 1.0 } else { dice.pick(&[0.75, 0.8, 1.0]) },
    })
}

/// A skirt, or with `bodice` a dress.
pub(crate) fn skirt(bodice: bool, shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("skirt");
    let waist_y = if bodice { dice.between(0.06, 0.14) } else { 0.36 };
    let waist = if bodice { dice.between(0.115, 0.135) } else { dice.between(0.15, 0.18) };
    let hem = if bodice { -dice.between(0.3, 0.48) } else { -dice.between(0.12, 0.42) };
    let flare = waist + (waist_y - hem) * dice.between(0.12, 0.42);
    let (neck, shoulder, high) = (dice.between(0.06, 0.095), dice.between(0.125, 0.155), 0.46);
    let sleeves = dice.chance(0.45);
    let straps = !sleeves && dice.chance(0.5);
    let dip = dice.between(0.07, 0.13);
    let sharp = dice.chance(0.4);
    let half = |more: f32| {
        let mut half = Vec::new();
        if bodice {
            half.push((0.0, high - 0.01, 1.0));
            half.push((neck, high, 0.0));
            if sleeves {
                half.extend([
                    (shoulder, high - 0.03, 0.7),
                    (shoulder + 0.10 + more * 0.6, high - 0.17 - more * 0.7, 0.0),
                    (shoulder + 0.015 + more * 0.4, high - 0.225 - more * 0.7, 0.0),
                    (waist + 0.025, high - 0.17, 0.3),
                ]);
            } else {
                let out = if straps { neck + 0.03 } else { shoulder };
                half.extend([
                    (out, high - 0.01, 0.0),
                    (out + 0.005, high - 0.1, 0.8),
                    (waist + 0.032, high - 0.18, 0.0),
                ]);
            }
            half.push((waist, waist_y, 1.0));
        } else {
            half.extend([(0.0, waist_y + more * 0.5 - 0.005, 0.8), (waist, waist_y + more * 0.5, 0.0)]);
        }
        half.extend([
            (waist + (flare - waist) * 0.5, waist_y + (hem - waist_y) * 0.38, 1.0),
            (flare, hem + 0.015 - more, 0.0),
            (flare * 0.5, hem - 0.006 - more, 0.9),
            (0.0, hem - 0.012 - more, 1.0),
        ]);
        half
    };
    let (outline, form) = (half(0.0), half(0.08));
    let base = look.cloth.base;
    let stitch = tone(base, if brightness(base) < 0.35 { 0.3 } else { -0.3 });
    let (tie, tiers, placket) = (dice.chance(0.4), dice.chance(0.3), dice.chance(0.25));
    let pleats = 5 + dice.below(8);
    let pair = Pair {
        outline: &outline,
        form: &form,
        size: [2.0 * flare.max(0.34) + 0.08, 1.08],
        depth: 0.09,
        round: 0.12,
    };
    let parts = fill_pair(
        &pair,
        look,
        &mut dice,
        |sheet, back| {
            sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 2.0), &look.cloth, [0.0, 0.0], 0.0);
            sheet.stitch(
                &Shape::line(&[(-flare, hem + 0.03, 0.3), (0.0, hem + 0.006, 1.0), (flare, hem + 0.03, 0.3)]),
                stitch,
            );
            sheet.seam(&Shape::line(&[(-0.3, waist_y, 0.0), (0.3, waist_y, 0.0)]), base);
            if tiers {
                for share in [0.35, 0.68] {
                    let y = waist_y + (hem - waist_y) * share;
                    sheet.seam(
                        &Shape::line(&[(-0.5, y + 0.01, 0.5), (0.0, y - 0.01, 1.0), (0.5, y + 0.01, 0.5)]),
                        base,
                    );
                }
            }
            if tie || !bodice {
                let belt = if bodice { look.trim } else { tone(base, -0.12) };
                sheet.soft(&Shape::rect(0.0, waist_y - 0.004, 0.6, 0.036), 0.03, tone(base, -0.8), 0.35);
                sheet.fill(&Shape::rect(0.0, waist_y, 0.7, 0.034), belt, 1.0);
            }
            if placket && !back {
                let mut y = high - dip - 0.04;
                while y > hem + 0.04 {
                    sheet.fill(&Shape::circle(0.001, y - 0.003, 0.0095), [0, 0, 0], 0.3);
                    sheet.fill(&Shape::circle(0.0, y, 0.008), look.metal, 1.0);
                    y -= 0.06;
                }
                sheet.soft(
                    &Shape::line(&[(0.018, high, 0.0), (0.018, hem, 0.0)]),
                    0.012,
                    tone(base, -0.7),
                    0.4,
                );
            }
            if bodice {
                let low = if back { high - dip * 0.45 } else { high - dip };
                let side = if sharp && !back { 0.15 } else { 0.7 };
                let line = [
                    (-neck, high, side),
                    (0.0, low, if sharp && !back { 0.0 } else { 1.0 }),
                    (neck, high, side),
                ];
                sheet.soft(&Shape::line(&line), 0.04, tone(base, -0.6), 0.35);
                sheet.stroke(&Shape::line(&line), 0.022, if tie { look.trim } else { tone(base, -0.1) }, 1.0);
                let mut hole = line.to_vec();
                hole.extend([(neck, high + 0.05, 0.0), (-neck, high + 0.05, 0.0)]);
                sheet.hole(&Shape::outline(&hole));
            }
        },
        |dice| {
            let mut folds = Vec::new();
            for i in 0..pleats {
                let share = (i as f32 + dice.between(0.2, 0.8)) / pleats as f32 * 2.0 - 1.0;
                let (x, top) = (share * flare, waist_y + (hem - waist_y) * dice.between(0.05, 0.35));
                folds.push(wave(dice, [x, hem - 0.02], [share * waist - x, top - hem], 0.02, 0.014));
            }
            if bodice {
                for side in [-1.0, 1.0] {
                    for i in 0..3 {
                        folds.push(wave(
                            dice,
                            [side * (waist + 0.01), high - 0.19 - 0.03 * i as f32],
                            [-side * 0.09, 0.03 * i as f32 - 0.01],
                            0.011,
                            0.006,
                        ));
                    }
                }
            }
            folds
        },
    )?;
    let focus = v3(dice.between(-0.05, 0.05), if bodice { 0.3 } else { 0.25 }, 0.08);
    Some(Model {
        parts,
        stance: Stance::Hanging,
        focus,
        zoom: 2.5,
        aspect: if bodice { dice.pick(&[0.75, 0.8]) } else { 1.0 },
    })
}
