//! Lamps and cushions.
//!
//! World units, about one tall, standing on the ground. Neighbours: `pottery` turns a lamp's foot and shade, `sheet`
//! fills a cushion.

use super::dice::Dice;
use super::garment::{Look, PX_PER_UNIT};
use super::mesh::{Mesh, profile};
use super::palette::tone;
use super::pottery::{standing, turned, wrap};
use super::raster::Part;
use super::shading::{CANVAS, Finish, GLAZE, LACQUER, STEEL, WOOD};
use super::shape::Shape;
use super::sheet::{Belly, Fold, Sheet, Skin};
use super::space::v3;
use super::view::{Model, Stance};

pub(crate) fn lamp(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("lamp");
    let low = -0.5;
    let (shade_low, shade_high) = (dice.between(0.02, 0.12), dice.between(0.4, 0.5));
    let (wide, narrow) = (dice.between(0.24, 0.33), dice.between(0.14, 0.26));
    let narrow = narrow.min(wide);
    let mut sheet = wrap(wide, shade_high - shade_low, look)?;
    let around = std::f32::consts::TAU * wide;
    let half = (shade_high - shade_low) / 2.0;
    for y in [half - 0.008, -half + 0.008] {
        sheet.stroke(
            &Shape::line(&[(-around, y, 0.0), (around, y, 0.0)]),
            0.018,
            tone(look.cloth.base, -0.25),
            0.9,
        );
    }
    // The bulb's light through the cloth, strongest in the middle.
    let lit = dice.chance(0.6);
    if lit {
        for i in 0..6 {
            let width = half * 2.2 * (1.0 - i as f32 / 6.5);
            sheet.fill(&Shape::rect(0.0, -half * 0.15, around, width), [255, 226, 160], 0.10);
        }
    }
    let shade = [
        [narrow, shade_high],
        [(narrow + wide) / 2.0 + dice.between(-0.02, 0.02), (shade_low + shade_high) / 2.0],
        [wide, shade_low],
    ];
    let glow = Finish { glow: if lit { 0.34 } else { 0.0 }, ..CANVAS };
    let shade_part = Part {
        mesh: Mesh::revolve(&profile(&shade, 8), 72, 24).outward(),
        skin: sheet.skin(),
        finish: glow,
        inside: Some([255, 236, 196]),
    };
    let mut parts = vec![shade_part];
    let foot = dice.between(0.13, 0.19);
    let (base_finish, base_rgb) = match dice.below(4) {
        0 => (STEEL, look.metal),
        1 => (WOOD, dice.pick(&[[176, 128, 84], [112, 76, 50], [206, 170, 126]])),
        2 => (GLAZE, look.trim),
        _ => (LACQUER, tone(look.trim, -0.5)),
    };
    let belly = dice.between(0.05, 0.19);
    let kind = dice.below(3);
    let points: Vec<[f32; 2]> = match kind {
        0 => vec![
            [0.014, shade_low + 0.1],
            [0.014, low + 0.06],
            [0.02, low + 0.04],
            [foot, low + 0.028],
            [foot, low],
            [0.01, low],
        ],
        1 => vec![
            [0.014, shade_low + 0.1],
            [0.02, shade_low - 0.04],
            [belly, (shade_low + low) / 2.0],
            [foot * 0.7, low + 0.05],
            [foot, low + 0.012],
            [foot, low],
            [0.01, low],
        ],
        _ => vec![
            [0.014, shade_low + 0.1],
            [0.022, shade_low - 0.02],
            [0.06, shade_low - 0.08],
            [0.025, shade_low - 0.14],
            [0.06 + belly * 0.4, low + 0.2],
            [0.03, low + 0.1],
            [foot, low + 0.03],
            [foot, low],
            [0.01, low],
        ],
    };
    let stem = if kind == 0 { points } else { profile(&points, 6) };
    parts.push(turned(&stem, Skin::flat(base_rgb), base_finish));
    Some(standing(parts, [0.0, shade_low, wide * 0.7], dice.pick(&[0.8, 1.0])))
}

pub(crate) fn cushion(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("cushion");
    let half = 0.42;
    let tall = if dice.chance(0.3) { 0.27 } else { half };
    let tuck = dice.between(0.02, 0.05);
    let piping = dice.chance(0.5);
    let base = look.cloth.base;
    let shape = Shape::outline(&[
        (-half, -tall, 0.3),
        (0.0, -tall + tuck, 1.0),
        (half, -tall, 0.3),
        (half - tuck, 0.0, 1.0),
        (half, tall, 0.3),
        (0.0, tall - tuck, 1.0),
        (-half, tall, 0.3),
        (-half + tuck, 0.0, 1.0),
    ]);
    let mut parts = Vec::new();
    for back in [false, true] {
        let mut sheet = Sheet::new(0.92, 2.0 * tall + 0.08, PX_PER_UNIT, base)?;
        sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 2.0), &look.cloth, [0.0, 0.0], 0.0);
        sheet.cut(&shape);
        if piping {
            sheet.stroke(&shape, 0.026, look.trim, 1.0);
        }
        if back {
            sheet.seam(&Shape::line(&[(-0.4, -tall * 0.6, 0.0), (0.4, -tall * 0.6, 0.0)]), base);
        } else if let Some(print) = look.print {
            print.draw(&mut sheet, [0.0, 0.0], tall * 1.1, base);
        }
        let mut folds = Vec::new();
        for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            for _ in 0..3 {
                folds.push(Fold {
                    from: [x * half * 0.97, y * tall * 0.97],
                    to: [x * dice.between(0.05, 0.26), y * tall * dice.between(0.2, 0.7)],
                    width: dice.between(0.014, 0.03),
                    height: dice.between(0.006, 0.014),
                });
            }
        }
        let belly = Belly {
            depth: if back { -0.13 } else { 0.15 },
            round: tall * 0.95,
            folds,
            crumple: 0.014,
            seed: (dice.bits() >> 40) as u32,
        };
        parts.push(Part {
            mesh: sheet.inflate(&shape, &belly),
            skin: sheet.skin(),
            finish: look.finish,
            inside: Some(base),
        });
    }
    Some(Model {
        parts,
        stance: Stance::Standing,
        focus: v3(0.25, 0.2, 0.1),
        zoom: 2.2,
        aspect: if tall < 0.3 { 1.25 } else { 1.0 },
    })
}
