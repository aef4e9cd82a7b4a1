//! Totes and backpacks: a stuffed cut-out with a gusset, pockets laid on it, straps of webbing.
//!
//! World units, about one tall, standing on the ground. Neighbours: `sheet` paints and fills, `mesh` bends straps.

use super::dice::{Dice, ramp};
use super::garment::{Look, PX_PER_UNIT};
use super::mesh::{Mesh, curve};
use super::palette::{Rgb, brightness, tone};
use super::print::{emblem, wordmark};
use super::raster::Part;
use super::shading::{CANVAS, LEATHER, STEEL};
use super::shape::{Corner, Shape};
use super::sheet::{Belly, Fold, Sheet, Skin};
use super::space::{V3, v3};
use super::view::{Model, Stance};

fn strap(parts: &mut Vec<Part>, points: &[V3], across: f32, facing: V3, rgb: Rgb) {
    let mesh = Mesh::tube(&curve(points, 10), across, 0.008, facing);
    parts.push(Part { mesh, skin: Skin::flat(rgb), finish: CANVAS, inside: None });
}

/// A shopping bag with two handles.
pub(crate) fn tote(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("tote");
    let (top, low) = (dice.between(0.12, 0.2), -0.42);
    let half_top = dice.between(0.27, 0.36);
    let half_low = half_top - dice.between(-0.02, 0.07);
    let depth = dice.between(0.07, 0.13);
    let leather = look.finish.gloss > 0.2;
    let base = look.cloth.base;
    let outline = [
        (0.0, top - 0.012, 0.8),
        (half_top, top, 0.0),
        (half_low, low + 0.03, 0.3),
        (half_low - 0.03, low, 0.3),
        (0.0, low - 0.004, 0.6),
    ];
    let form = [
        (0.0, top + 0.22, 0.0),
        (half_top, top + 0.22, 0.0),
        (half_top, top, 0.0),
        (half_low, low + 0.03, 0.3),
        (half_low - 0.03, low, 0.3),
        (0.0, low - 0.004, 0.6),
    ];
    let stitch = tone(base, if brightness(base) < 0.4 { 0.35 } else { -0.3 });
    let (dipped, patch) = (!leather && dice.chance(0.3), dice.chance(0.3));
    let handle_trim = if leather || dice.chance(0.5) { tone(base, -0.12) } else { look.trim };
    let (out, long) = (half_top * dice.between(0.4, 0.55), dice.between(0.22, 0.36));
    let mut parts = Vec::new();
    for back in [false, true] {
        let mut sheet = Sheet::new(2.0 * half_top.max(half_low) + 0.06, 1.0, PX_PER_UNIT, base)?;
        sheet.cut(&Shape::symmetric(&outline));
        sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 2.0), &look.cloth, [0.0, 0.0], 0.0);
        if dipped {
            sheet.fill(&Shape::rect(0.0, low + 0.06, 1.0, 0.26), look.trim, 1.0);
        }
        sheet.seam(&Shape::line(&[(-0.5, top - 0.05, 0.0), (0.5, top - 0.05, 0.0)]), base);
        for drop in [0.012, 0.044] {
            sheet.stitch(&Shape::line(&[(-0.5, top - drop, 0.0), (0.5, top - drop, 0.0)]), stitch);
        }
        for side in [-1.0, 1.0] {
            // The handle's end, sewn on with a crossed square.
            let tab = Shape::rect(side * out, top - 0.05, 0.05, 0.09);
            sheet.soft(&tab, 0.024, [0, 0, 0], 0.35);
            sheet.fill(&tab, handle_trim, 1.0);
            sheet.stitch(&Shape::rect(side * out, top - 0.06, 0.036, 0.06), tone(handle_trim, -0.35));
            sheet.stitch(
                &Shape::line(&[(side * out - 0.018, top - 0.09, 0.0), (side * out + 0.018, top - 0.03, 0.0)]),
                tone(handle_trim, -0.35),
            );
            sheet.stitch(
                &Shape::line(&[(side * half_top * 0.985, top, 0.0), (side * half_low * 0.985, low, 0.0)]),
                stitch,
            );
            if leather {
                sheet.fill(&Shape::circle(side * out, top - 0.075, 0.009), look.metal, 1.0);
            }
        }
        let ink = tone(base, if brightness(base) < 0.5 { 0.75 } else { -0.75 });
        if let (Some(print), false) = (look.print, back) {
            print.draw(&mut sheet, [0.0, (top + low) / 2.0 - 0.01], 0.34, base);
        } else if !back && patch {
            let plate = Shape::rounded(0.0, top - 0.16, 0.12, 0.055, 0.01);
            sheet.soft(&plate, 0.02, [0, 0, 0], 0.3);
            sheet.fill(&plate, [160, 108, 66], 1.0);
            wordmark(&mut sheet, [0.0, top - 0.16], 0.08, [60, 38, 24], look.brand);
        } else if !back {
            emblem(&mut sheet, [0.0, top - 0.17], 0.07, if leather { look.metal } else { ink }, look.brand);
        }
        let mut folds = Vec::new();
        for side in [-1.0, 1.0] {
            for _ in 0..2 {
                let y = dice.between(low + 0.04, low + 0.24);
                folds.push(Fold {
                    from: [side * half_low * 0.95, y],
                    to: [side * dice.between(0.02, 0.14), y + dice.between(-0.05, 0.22)],
                    width: dice.between(0.014, 0.03),
                    height: dice.between(0.004, 0.012),
                });
            }
            folds.push(Fold {
                from: [side * out, top - 0.1],
                to: [side * out * 0.8, low + 0.2],
                width: 0.03,
                height: 0.008,
            });
        }
        let belly = Belly {
            depth: if back { -depth } else { depth },
            round: depth * 1.25,
            folds,
            crumple: if leather { 0.006 } else { 0.016 },
            seed: (dice.bits() >> 40) as u32,
        };
        parts.push(Part {
            mesh: sheet.inflate(&Shape::symmetric(&form), &belly),
            skin: sheet.skin(),
            finish: look.finish,
            inside: Some(tone(base, -0.3)),
        });
        let z = if back { -depth } else { depth };
        let rise = top + long * if back { 0.94 } else { 1.0 };
        let bend = z * 0.55;
        let points = [
            v3(-out, top - 0.06, z * 1.03),
            v3(-out * 0.98, top + 0.03, z),
            v3(-out * 0.72, rise - 0.05, bend),
            v3(0.0, rise, bend * 0.8),
            v3(out * 0.72, rise - 0.05, bend),
            v3(out * 0.98, top + 0.03, z),
            v3(out, top - 0.06, z * 1.03),
        ];
        strap(&mut parts, &points, 0.022, v3(0.0, 0.0, 1.0), handle_trim);
    }
    if leather {
        for part in parts.iter_mut().skip(1).step_by(2) {
            part.finish = LEATHER;
        }
    }
    Some(Model {
        parts,
        stance: Stance::Standing,
        focus: v3(out, top - 0.06, depth),
        zoom: 2.6,
        aspect: dice.pick(&[1.0, 0.85]),
    })
}

/// A zipped backpack with a front pocket.
pub(crate) fn backpack(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("backpack");
    let (wide, tall) = (dice.between(0.26, 0.31), dice.between(0.42, 0.47));
    let shoulder = dice.between(0.6, 0.85);
    let depth = dice.between(0.11, 0.15);
    let base = look.cloth.base;
    let pocket_tone = if dice.chance(0.35) { look.trim } else { base };
    let outline = [
        (0.0, tall, 1.0),
        (wide * shoulder, tall - 0.06, 0.9),
        (wide, tall - 0.24, 0.9),
        (wide, -tall + 0.1, 0.6),
        (wide - 0.05, -tall + 0.01, 0.6),
        (0.0, -tall, 0.8),
    ];
    let mut parts = Vec::new();
    for back in [false, true] {
        let mut sheet = Sheet::new(2.0 * wide + 0.06, 1.02, PX_PER_UNIT, base)?;
        let shape = Shape::symmetric(&outline);
        sheet.cut(&shape);
        sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 2.0), &look.cloth, [0.0, 0.0], 0.0);
        sheet.stroke(&shape, 0.02, tone(look.trim, -0.2), 1.0);
        if back {
            for side in [-1.0, 1.0] {
                let pad = Shape::rounded(side * wide * 0.45, -0.02, wide * 0.7, tall * 1.3, 0.05);
                sheet.soft(&pad, 0.05, [0, 0, 0], 0.3);
                sheet.fill(&pad, tone(base, -0.35), 0.8);
                sheet.stitch(&pad, tone(base, 0.2));
            }
        } else {
            let zip = Shape::line(&[
                (-wide * 0.86, -0.02, 0.0),
                (-wide * 0.82, tall - 0.24, 0.8),
                (-wide * 0.5, tall - 0.09, 0.9),
                (0.0, tall - 0.06, 1.0),
                (wide * 0.5, tall - 0.09, 0.9),
                (wide * 0.82, tall - 0.24, 0.8),
                (wide * 0.86, -0.02, 0.0),
            ]);
            paint_zip(&mut sheet, &zip, base, look.metal);
            sheet.fill(&Shape::rounded(wide * 0.66, tall - 0.165, 0.014, 0.06, 0.006), look.metal, 1.0);
        }
        let folds = (0..4)
            .map(|_| Fold {
                from: [dice.between(-wide, wide), dice.between(-tall, tall)],
                to: [dice.between(-wide, wide), dice.between(-tall, tall)],
                width: 0.02,
                height: 0.007,
            })
            .collect();
        let belly = Belly {
            depth: if back { -depth * 0.55 } else { depth },
            round: 0.13,
            folds,
            crumple: 0.010,
            seed: (dice.bits() >> 40) as u32,
        };
        parts.push(Part {
            mesh: sheet.inflate(&shape, &belly),
            skin: sheet.skin(),
            finish: look.finish,
            inside: Some(tone(base, -0.4)),
        });
    }
    let pocket_tall = dice.between(0.30, 0.38);
    let low = -tall + 0.035;
    front_pocket(&mut parts, look, pocket_tone, [wide * 0.78, pocket_tall, low], depth, &mut dice)?;
    if dice.chance(0.5) {
        let upper = low + pocket_tall + 0.035;
        let room = tall - 0.17 - upper;
        if room > 0.09 {
            front_pocket(
                &mut parts,
                look,
                pocket_tone,
                [wide * 0.62, room.min(0.2), upper],
                depth * 0.86,
                &mut dice,
            )?;
        }
    }
    let webbing = tone(look.trim, -0.25);
    strap(
        &mut parts,
        &[
            v3(-0.06, tall - 0.015, -0.03),
            v3(-0.05, tall + 0.05, -0.03),
            v3(0.05, tall + 0.05, -0.03),
            v3(0.06, tall - 0.015, -0.03),
        ],
        0.016,
        v3(0.0, 0.0, 1.0),
        webbing,
    );
    for side in [-1.0, 1.0] {
        let points = [
            v3(side * 0.08, tall - 0.03, -depth * 0.4),
            v3(side * 0.13, tall - 0.08, -depth - 0.06),
            v3(side * 0.17, 0.06, -depth - 0.11),
            v3(side * 0.2, -0.22, -depth - 0.05),
            v3(side * wide * 0.92, -tall + 0.06, -depth * 0.3),
        ];
        let mut mesh = Mesh::tube(&curve(&points, 10), 0.042, 0.014, v3(0.0, 0.0, 1.0));
        mesh.smooth();
        parts.push(Part { mesh, skin: Skin::flat(tone(base, -0.2)), finish: CANVAS, inside: None });
        // A side strap with its buckle, on the gusset.
        let z = depth * 0.3;
        strap(
            &mut parts,
            &[
                v3(side * wide * 0.97, 0.06, -z),
                v3(side * (wide + 0.012), 0.055, 0.0),
                v3(side * wide * 0.94, 0.05, z * 1.6),
            ],
            0.014,
            v3(side, 0.0, 0.0),
            webbing,
        );
        let pouch_side = side * wide;
        let mut pouch = Mesh::grid(12, 10, |u, v| {
            let (s, c) = ((u - 0.5) * 2.6).sin_cos();
            let y = -tall + 0.03 + (1.0 - v) * 0.26;
            (v3(pouch_side * 0.93 + side * c * (0.045 + 0.01 * (1.0 - v)), y, s * depth * 0.62), [u, v])
        });
        // The middle of a half tube lies inside the bag, so outward is towards its side.
        if pouch.vertices.iter().map(|vertex| vertex.normal.x * side).sum::<f32>() < 0.0 {
            pouch.flip();
        }
        parts.push(Part {
            mesh: pouch,
            skin: Skin::flat(tone(base, -0.25)),
            finish: CANVAS,
            inside: Some(tone(base, -0.5)),
        });
    }
    Some(Model {
        parts,
        stance: Stance::Standing,
        focus: v3(0.05, low + pocket_tall, depth + 0.05),
        zoom: 2.3,
        aspect: dice.pick(&[1.0, 0.8]),
    })
}

fn paint_zip(sheet: &mut Sheet, line: &Shape, base: Rgb, metal: Rgb) {
    sheet.soft(line, 0.04, tone(base, -0.8), 0.4);
    sheet.stroke(line, 0.018, tone(base, -0.6), 1.0);
    sheet.stroke(line, 0.006, metal, 0.9);
    sheet.stroke(line, 0.0018, tone(metal, -0.7), 1.0);
}

/// A raised pocket: `[half width, height, lower edge]`.
fn front_pocket(
    parts: &mut Vec<Part>,
    look: &Look,
    rgb: Rgb,
    [half, tall, low]: [f32; 3],
    z: f32,
    dice: &mut Dice,
) -> Option<()> {
    let mut sheet = Sheet::new(2.0 * half + 0.04, tall + 0.04, PX_PER_UNIT, rgb)?;
    let h = tall / 2.0;
    let outline = Shape::symmetric(&[
        (0.0, h, 0.8),
        (half - 0.05, h - 0.008, 0.7),
        (half, h - 0.07, 0.7),
        (half, -h + 0.06, 0.6),
        (half - 0.05, -h, 0.6),
        (0.0, -h, 0.6),
    ]);
    let mut cloth = look.cloth.clone();
    if rgb != cloth.base {
        cloth = super::pattern::Cloth::plain(rgb);
    }
    sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 2.0), &cloth, [0.0, 0.0], 0.0);
    sheet.cut(&outline);
    sheet.stroke(&outline, 0.014, tone(rgb, -0.35), 1.0);
    sheet.stitch(
        &outline.placed(0.0, 0.0, 0.93, 0.0),
        tone(rgb, if brightness(rgb) < 0.4 { 0.35 } else { -0.3 }),
    );
    let zip: Vec<Corner> =
        vec![(-half * 0.84, h - 0.06, 0.0), (0.0, h - 0.045, 1.0), (half * 0.84, h - 0.06, 0.0)];
    paint_zip(&mut sheet, &Shape::line(&zip), rgb, look.metal);
    sheet.fill(&Shape::rounded(half * 0.7, h - 0.085, 0.012, 0.05, 0.005), look.metal, 1.0);
    if tall > 0.22 {
        let plate = Shape::rounded(0.0, -h * 0.1, 0.11, 0.07, 0.014);
        sheet.soft(&plate, 0.016, [0, 0, 0], 0.3);
        let ground = if dice.chance(0.5) { [150, 100, 62] } else { tone(rgb, -0.4) };
        sheet.fill(&plate, ground, 1.0);
        emblem(&mut sheet, [0.0, -h * 0.1], 0.045, tone(ground, 0.7), look.brand);
    }
    let folds =
        vec![Fold { from: [-half * 0.8, -h * 0.6], to: [half * 0.3, -h * 0.2], width: 0.02, height: 0.006 }];
    let belly = Belly { depth: 0.055, round: 0.055, folds, crumple: 0.008, seed: (dice.bits() >> 40) as u32 };
    let middle = low + h;
    let mesh = sheet.inflate(&outline, &belly).moved(|p| {
        let bend = ramp(0.5, 1.0, (p.x / half).abs()) * 0.012;
        v3(p.x, p.y + middle, p.z + z - 0.018 - bend)
    });
    parts.push(Part { mesh, skin: sheet.skin(), finish: look.finish, inside: None });
    let pull = [v3(half * 0.7, middle + h - 0.06, z + 0.035), v3(half * 0.7, middle + h - 0.12, z + 0.045)];
    parts.push(Part {
        mesh: Mesh::tube(&pull, 0.005, 0.005, v3(0.0, 0.0, 1.0)),
        skin: Skin::flat(look.metal),
        finish: STEEL,
        inside: None,
    });
    Some(())
}
