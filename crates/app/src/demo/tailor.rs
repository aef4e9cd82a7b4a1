//! The painted side of tops: seams, hems, ribs, buttons, zips, pockets and collars.
//!
//! Works on the flat sheet that `garment` then fills; the outline's measures are `garment`'s.

use super::dice::Dice;
use super::garment::{Cut, HIGH, Look, Plan};
use super::palette::{Rgb, brightness, tone};
use super::pattern::{Cloth, Pattern};
use super::print::emblem;
use super::shading::Weave;
use super::shape::{Corner, Shape};
use super::sheet::Sheet;

/// Paints one side of a top: cloth, seams, hems, fastenings, collar and print.
pub(super) fn paint(sheet: &mut Sheet, plan: &Plan, look: &Look, dice: &mut Dice, back: bool) {
    let base = look.cloth.base;
    let everything = Shape::rect(0.0, 0.0, 2.4, 1.2);
    sheet.cloth(&everything, &look.cloth, [0.0, 0.1], 0.0);
    let sleeve_cloth = if plan.raglan { Cloth::plain(look.trim) } else { look.cloth.clone() };
    let mut left: Vec<Corner> = plan.sleeve().iter().map(|&(x, y, r)| (-x, y, r)).collect();
    let turn = std::f32::consts::FRAC_PI_2 - plan.arm_angle;
    let (x, y) = plan.tip();
    sheet.cloth(&Shape::outline(&plan.sleeve()), &sleeve_cloth, [x, y], turn);
    sheet.cloth(&Shape::outline(&left), &sleeve_cloth, [-x, y], -turn);
    left = plan.armhole().iter().map(|&(x, y, r)| (-x, y, r)).collect();
    for armhole in [plan.armhole(), left] {
        sheet.seam(&Shape::line(&armhole), base);
        let inner: Vec<Corner> = armhole.iter().map(|&(x, y, r)| (x - 0.007 * x.signum(), y, r)).collect();
        sheet.stitch(&Shape::line(&inner), tone(base, 0.3));
    }
    hems(sheet, plan, look);
    let stitch = tone(base, if brightness(base) < 0.35 { 0.35 } else { -0.35 });
    match plan.cut {
        Cut::Jacket => jacket_front(sheet, plan, look, dice, back),
        Cut::Shirt if !back => {
            sheet.soft(
                &Shape::line(&[(0.028, HIGH, 0.0), (0.028, plan.hem, 0.0)]),
                0.02,
                tone(base, -0.6),
                0.3,
            );
            sheet.stitch(&Shape::line(&[(-0.026, HIGH, 0.0), (-0.026, plan.hem, 0.0)]), stitch);
            sheet.stroke(
                &Shape::line(&[(0.028, HIGH, 0.0), (0.028, plan.hem, 0.0)]),
                0.002,
                tone(base, -0.5),
                0.7,
            );
            buttons(sheet, plan, tone(look.trim, 0.5), 0.011);
            if dice.chance(0.6) {
                pocket(sheet, [0.11, 0.17], [0.105, 0.115], base, stitch);
            }
        }
        Cut::Shirt if back => {
            sheet.seam(&Shape::line(&[(-plan.half, 0.3, 0.0), (plan.half, 0.3, 0.0)]), base);
        }
        Cut::Hoodie if !back => {
            let (low, high) = (plan.hem + 0.065, plan.hem + 0.27);
            let pouch = Shape::symmetric(&[
                (0.0, high, 0.0),
                (0.085, high, 0.0),
                (0.165, low + 0.07, 0.3),
                (0.165, low, 0.0),
                (0.0, low, 0.0),
            ]);
            sheet.soft(&pouch, 0.026, tone(base, -0.7), 0.38);
            sheet.cloth(&pouch, &look.cloth, [0.0, 0.1], 0.0);
            sheet.stroke(&pouch, 0.003, tone(base, -0.5), 0.5);
            sheet.stitch(&pouch.placed(0.0, (low + high) / 2.0 * 0.06, 0.94, 0.0), stitch);
        }
        _ => {}
    }
    if plan.has_leaves(look) && !back {
        leaves(sheet, plan, look, stitch);
    }
    let line = plan.neckline(back);
    let rib = if plan.raglan || look.cloth.pattern != Pattern::Plain { look.trim } else { tone(base, -0.05) };
    if matches!(plan.cut, Cut::Tee | Cut::Sweater) {
        let width = if plan.cut == Cut::Sweater { 0.066 } else { 0.044 };
        sheet.soft(&Shape::line(&line), width + 0.03, tone(base, -0.7), 0.35);
        sheet.stroke(&Shape::line(&line), width, rib, 1.0);
        let below: Vec<Corner> = line
            .iter()
            .map(|&(x, y, r)| (x * (1.0 + width * 0.8 / plan.neck), y - width * 0.62, r))
            .collect();
        sheet.stitch(&Shape::line(&below), stitch);
    }
    if let Some(print) = look.print {
        if !back {
            let size = dice.between(0.17, 0.27);
            print.draw(sheet, [0.0, 0.14 + dice.between(-0.04, 0.03)], size, base);
        }
    } else if !back && dice.chance(0.4) {
        emblem(
            sheet,
            [0.115, 0.22],
            0.04,
            tone(base, if brightness(base) < 0.5 { 0.7 } else { -0.7 }),
            look.brand,
        );
    }
}

fn hems(sheet: &mut Sheet, plan: &Plan, look: &Look) {
    let base = look.cloth.base;
    let ribbed = matches!(plan.cut, Cut::Sweater | Cut::Hoodie);
    let stitch = tone(base, if brightness(base) < 0.35 { 0.3 } else { -0.3 });
    if !ribbed {
        for lift in [0.022, 0.028] {
            sheet.stitch(
                &Shape::line(&[
                    (-plan.half, plan.hem + lift, 0.0),
                    (0.0, plan.hem + lift - 0.006, 1.0),
                    (plan.half, plan.hem + lift, 0.0),
                ]),
                stitch,
            );
        }
    }
    let deep = if ribbed { 0.058 } else { 0.024 };
    let rib = if plan.raglan { look.trim } else { tone(base, -0.06) };
    if ribbed {
        let band = Shape::rect(0.0, plan.hem + deep / 2.0 - 0.01, 1.0, deep + 0.02);
        sheet.fill(&band, rib, if look.cloth.pattern == Pattern::Plain { 0.5 } else { 1.0 });
        sheet.soft(
            &Shape::line(&[(-0.4, plan.hem + deep, 0.0), (0.4, plan.hem + deep, 0.0)]),
            0.02,
            tone(base, -0.7),
            0.4,
        );
        let mut x = -plan.half;
        while x < plan.half {
            sheet.stroke(
                &Shape::line(&[(x, plan.hem - 0.01, 0.0), (x, plan.hem + deep - 0.004, 0.0)]),
                0.003,
                tone(rib, -0.4),
                0.3,
            );
            x += 0.0095;
        }
    }
    for side in [-1.0, 1.0] {
        let point = |length: f32, across: f32| {
            let (x, y) = plan.along(length, across);
            (side * x, y, 0.0)
        };
        let at = plan.arm_length - deep;
        let edge = Shape::line(&[point(at, -0.05), point(at - 0.008, plan.cuff + 0.05)]);
        if ribbed {
            let cuff = [
                point(at, -0.06),
                point(at + 0.12, -0.06),
                point(at + 0.12, plan.cuff + 0.06),
                point(at - 0.01, plan.cuff + 0.06),
            ];
            sheet.fill(
                &Shape::outline(&cuff),
                rib,
                if look.cloth.pattern == Pattern::Plain { 0.5 } else { 1.0 },
            );
            sheet.soft(&edge, 0.02, tone(base, -0.7), 0.4);
            let mut across = 0.004;
            while across < plan.cuff {
                sheet.stroke(
                    &Shape::line(&[point(at + 0.004, across), point(at + 0.08, across)]),
                    0.003,
                    tone(rib, -0.4),
                    0.3,
                );
                across += 0.009;
            }
        } else {
            sheet.stitch(&edge, stitch);
        }
    }
}

fn jacket_front(sheet: &mut Sheet, plan: &Plan, look: &Look, dice: &mut Dice, back: bool) {
    let base = look.cloth.base;
    let denim = look.finish.weave == Weave::Twill;
    let stitch =
        if denim { [214, 164, 92] } else { tone(base, if brightness(base) < 0.35 { 0.3 } else { -0.35 }) };
    let zip = dice.chance(0.65) && !denim;
    let pockets = dice.chance(0.7);
    let band = plan.hem + 0.05;
    if denim || dice.chance(0.4) {
        sheet.seam(&Shape::line(&[(-plan.half, band, 0.0), (plan.half, band, 0.0)]), base);
        sheet.stitch(&Shape::line(&[(-plan.half, band + 0.01, 0.0), (plan.half, band + 0.01, 0.0)]), stitch);
    }
    let yoke = HIGH - 0.17;
    if denim {
        sheet.seam(&Shape::line(&[(-0.3, yoke, 0.0), (0.3, yoke, 0.0)]), base);
        sheet.stitch(&Shape::line(&[(-0.3, yoke - 0.008, 0.0), (0.3, yoke - 0.008, 0.0)]), stitch);
        for side in [-1.0, 1.0] {
            let seam = [(side * 0.12, yoke, 0.0), (side * 0.075, band, 0.0)];
            sheet.seam(&Shape::line(&seam), base);
            sheet.stitch(&Shape::line(&seam.map(|(x, y, r)| (x + 0.008, y, r))), stitch);
        }
    }
    if back {
        return;
    }
    let middle = Shape::line(&[(0.0, HIGH, 0.0), (0.0, plan.hem, 0.0)]);
    if zip {
        sheet.soft(&middle, 0.055, tone(base, -0.7), 0.35);
        sheet.stroke(&middle, 0.022, tone(base, -0.35), 1.0);
        sheet.stroke(&middle, 0.010, look.metal, 1.0);
        sheet.stroke(&middle, 0.002, tone(look.metal, -0.6), 1.0);
        sheet.fill(
            &Shape::rounded(0.0, HIGH - plan.dip - 0.06, 0.014, 0.045, 0.006),
            tone(look.metal, 0.2),
            1.0,
        );
        for x in [-0.02, 0.02] {
            sheet.stitch(&Shape::line(&[(x, HIGH, 0.0), (x, plan.hem, 0.0)]), stitch);
        }
    } else {
        for x in [-0.024, 0.026] {
            sheet.stitch(&Shape::line(&[(x, HIGH, 0.0), (x, plan.hem, 0.0)]), stitch);
        }
        sheet.soft(&Shape::line(&[(0.03, HIGH, 0.0), (0.03, plan.hem, 0.0)]), 0.026, tone(base, -0.8), 0.45);
        sheet.stroke(
            &Shape::line(&[(0.03, HIGH, 0.0), (0.03, plan.hem, 0.0)]),
            0.0025,
            tone(base, -0.6),
            0.8,
        );
        buttons(sheet, plan, look.metal, 0.015);
    }
    for side in [-1.0, 1.0] {
        if denim {
            pocket(sheet, [side * 0.125, yoke - 0.005], [0.105, 0.05], base, stitch);
        } else if pockets {
            let slit = Shape::line(&[(side * 0.17, -0.10, 0.0), (side * 0.125, -0.24, 0.0)]);
            sheet.soft(&slit, 0.035, tone(base, -0.8), 0.45);
            sheet.stroke(&slit, 0.008, tone(base, -0.5), 1.0);
            sheet.stitch(&slit.placed(side * 0.012, 0.0, 1.0, 0.0), stitch);
        }
    }
}

/// The two leaves of a turned-down collar.
fn leaves(sheet: &mut Sheet, plan: &Plan, look: &Look, stitch: Rgb) {
    let low = HIGH - plan.dip;
    for side in [-1.0, 1.0] {
        let leaf = [
            (0.004, low - 0.002, 0.0),
            (plan.neck * 0.75, low + 0.03, 0.6),
            (plan.neck, HIGH + 0.01, 0.0),
            (plan.neck + 0.045, HIGH - 0.022, 0.2),
            (plan.neck * 0.75 + 0.02, low - 0.085, 0.0),
        ];
        let leaf = Shape::outline(&leaf.map(|(x, y, r)| (x * side, y, r)));
        sheet.soft(&leaf.placed(0.004, -0.006, 1.0, 0.0), 0.034, tone(look.cloth.base, -0.85), 0.5);
        sheet.cloth(&leaf, &look.cloth, [0.0, 0.0], side * 0.7);
        sheet.stroke(&leaf, 0.003, tone(look.cloth.base, -0.5), 0.6);
        let middle = (plan.neck * 0.6 * side * 0.1, (low - 0.01) * 0.1);
        sheet.stitch(&leaf.placed(middle.0, middle.1, 0.9, 0.0), stitch);
    }
}

/// A patch pocket whose top edge's middle is `(x, y)`.
pub(super) fn pocket(sheet: &mut Sheet, [x, y]: [f32; 2], [w, h]: [f32; 2], base: Rgb, stitch: Rgb) {
    let shape = Shape::outline(&[
        (x - w / 2.0, y, 0.0),
        (x + w / 2.0, y, 0.0),
        (x + w / 2.0, y - h * 0.85, 0.0),
        (x, y - h, 0.0),
        (x - w / 2.0, y - h * 0.85, 0.0),
    ]);
    sheet.soft(&shape, 0.02, tone(base, -0.7), 0.35);
    sheet.stroke(&shape, 0.0025, tone(base, -0.5), 0.6);
    sheet.stitch(&shape.placed(x * 0.07, (y - h / 2.0) * 0.07, 0.93, 0.0), stitch);
}

fn buttons(sheet: &mut Sheet, plan: &Plan, rgb: Rgb, radius: f32) {
    let mut y = HIGH - plan.dip - 0.075;
    while y > plan.hem + 0.03 {
        sheet.fill(&Shape::circle(0.002, y - 0.004, radius * 1.25), [20, 20, 24], 0.3);
        sheet.fill(&Shape::circle(0.0, y, radius), rgb, 1.0);
        sheet.stroke(&Shape::circle(0.0, y, radius * 0.72), 0.002, tone(rgb, -0.4), 0.8);
        for dx in [-0.25, 0.25] {
            sheet.fill(&Shape::circle(dx * radius, y, radius * 0.14), tone(rgb, -0.6), 1.0);
        }
        y -= 0.115;
    }
}
