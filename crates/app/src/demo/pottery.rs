//! Mugs, bottles, vases and bowls: profiles turned on a wheel.
//!
//! World units, about one tall, standing on the ground. A turned body's sheet goes once around it, its middle to
//! the front. Neighbours: `mesh` turns, `sheet` paints, `household` makes lamps in the same way.

use super::dice::Dice;
use super::garment::Look;
use super::mesh::{Mesh, curve, profile};
use super::palette::{Rgb, brightness, tone};
use super::pattern::Pattern;
use super::print::{emblem, wordmark};
use super::raster::Part;
use super::shading::{Finish, MATTE, STEEL, WOOD};
use super::shape::Shape;
use super::sheet::{Sheet, Skin};
use super::space::v3;
use super::view::{Model, Stance};

pub(super) fn turned(points: &[[f32; 2]], skin: std::sync::Arc<Skin>, finish: Finish) -> Part {
    Part { mesh: Mesh::revolve(points, 72, 40).outward(), skin, finish, inside: None }
}

/// A turned surface that is seen from within.
fn lining(points: &[[f32; 2]], rgb: Rgb, finish: Finish) -> Part {
    let mut mesh = Mesh::revolve(points, 72, 24).outward();
    mesh.flip();
    Part { mesh, skin: Skin::flat(rgb), finish, inside: None }
}

/// A sheet that goes around a body of the given radius and height once.
pub(super) fn wrap(radius: f32, height: f32, look: &Look) -> Option<Sheet> {
    let around = std::f32::consts::TAU * radius;
    let mut sheet = Sheet::new(around, height, 520.0, look.cloth.base)?;
    if look.cloth.pattern != Pattern::Plain {
        // A whole number of repeats, so that the pattern meets itself at the back.
        let mut cloth = look.cloth.clone();
        cloth.repeat = around / (around / cloth.repeat / 2.0).round().max(1.0) / 2.0;
        sheet.cloth(&Shape::rect(0.0, 0.0, around, height), &cloth, [0.0, 0.0], 0.0);
    }
    Some(sheet)
}

pub(super) fn standing(parts: Vec<Part>, focus: [f32; 3], aspect: f32) -> Model {
    Model { parts, stance: Stance::Standing, focus: v3(focus[0], focus[1], focus[2]), zoom: 2.2, aspect }
}

pub(crate) fn mug(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("mug");
    let (low, high) = (-0.4, dice.between(0.26, 0.46));
    let (foot, rim) = (dice.between(0.22, 0.33), dice.between(0.29, 0.36));
    let belly = rim + dice.between(-0.02, 0.05);
    let outside = profile(
        &[
            [rim, high],
            [(rim + belly) / 2.0, high - 0.12],
            [belly, 0.0],
            [(belly + foot) / 2.0 + 0.02, low + 0.14],
            [foot + 0.012, low + 0.03],
            [foot, low],
            [foot * 0.5, low + 0.004],
        ],
        5,
    );
    let height = high - low + 0.2;
    let mut sheet = wrap(rim, height, look)?;
    let around = std::f32::consts::TAU * rim;
    let base = look.cloth.base;
    match dice.below(4) {
        0 if look.print.is_none() => {
            sheet.fill(&Shape::rect(0.0, -height * 0.32, around, height * 0.4), look.trim, 1.0)
        }
        1 => sheet.stroke(
            &Shape::line(&[(-around, height * 0.42, 0.0), (around, height * 0.42, 0.0)]),
            0.022,
            look.cloth.accent,
            1.0,
        ),
        2 if look.finish.gloss > 0.5 => {
            // Bare clay at the foot.
            sheet.fill(&Shape::rect(0.0, -height * 0.42, around, height * 0.26), [196, 168, 140], 1.0);
        }
        _ => {}
    }
    if let Some(print) = look.print {
        let size = dice.between(0.3, 0.4);
        print.draw(&mut sheet, [0.0, 0.06], size, base);
    } else if dice.chance(0.4) {
        wordmark(
            &mut sheet,
            [0.0, 0.05],
            0.34,
            tone(base, if brightness(base) < 0.5 { 0.8 } else { -0.75 }),
            look.brand,
        );
    }
    let glaze_inside = if dice.chance(0.6) { tone(look.trim, 0.2) } else { tone(base, 0.1) };
    let thick = 0.022;
    let hollow = profile(
        &[
            [rim, high],
            [rim - thick * 0.5, high + 0.006],
            [rim - thick, high - 0.01],
            [belly - thick, 0.0],
            [foot * 0.9, low + 0.08],
            [0.001, low + 0.05],
        ],
        5,
    );
    let mut parts =
        vec![turned(&outside, sheet.skin(), look.finish), lining(&hollow, glaze_inside, look.finish)];
    let (up, down) = (high - dice.between(0.1, 0.16), low + dice.between(0.16, 0.24));
    let reach = belly + dice.between(0.15, 0.22);
    let round = dice.chance(0.6);
    let spine = if round {
        vec![
            v3(belly - 0.03, up, 0.0),
            v3(reach * 0.93, up - 0.01, 0.0),
            v3(reach, (up + down) / 2.0, 0.0),
            v3(reach * 0.88, down + 0.03, 0.0),
            v3(belly - 0.05, down, 0.0),
        ]
    } else {
        vec![
            v3(belly - 0.03, up, 0.0),
            v3(reach, up + 0.01, 0.0),
            v3(reach, up - 0.06, 0.0),
            v3(reach * 0.9, down + 0.08, 0.0),
            v3(belly - 0.05, down, 0.0),
        ]
    };
    let handle = Mesh::tube(&curve(&spine, 12), 0.036, 0.026, v3(0.0, 0.0, 1.0));
    let side = if dice.chance(0.3) { -1.0 } else { 1.0 };
    let angle = dice.between(-0.5, 0.35) * side;
    let turned_handle = handle.moved(|p| v3(p.x * angle.cos() * side, p.y, p.x * -angle.sin() + p.z * side));
    parts.push(Part {
        mesh: turned_handle,
        skin: Skin::flat(if dice.chance(0.25) { look.trim } else { base }),
        finish: look.finish,
        inside: None,
    });
    Some(standing(parts, [0.0, high - 0.15, rim], dice.pick(&[1.0, 1.0, 1.25])))
}

pub(crate) fn bottle(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("bottle");
    let (low, high) = (-0.5, dice.between(0.24, 0.34));
    let radius = dice.between(0.115, 0.16);
    let neck = radius * dice.between(0.5, 0.85);
    let slope = dice.between(0.03, 0.1);
    let body = profile(
        &[
            [neck, high],
            [neck, high - 0.02],
            [radius, high - 0.03 - slope],
            [radius, high - 0.1 - slope],
            [radius, 0.0],
            [radius, low + 0.05],
            [radius - 0.012, low + 0.008],
            [radius - 0.03, low],
            [0.01, low],
        ],
        5,
    );
    let height = high - low;
    let mut sheet = wrap(radius, height, look)?;
    let base = look.cloth.base;
    let ink = tone(base, if brightness(base) < 0.5 { 0.8 } else { -0.75 });
    let around = std::f32::consts::TAU * radius;
    match dice.below(4) {
        0 => sheet.fill(&Shape::rect(0.0, -height * 0.42, around, height * 0.18), look.metal, 1.0),
        1 => {
            for y in [0.2, 0.17] {
                sheet.stroke(&Shape::line(&[(-around, y, 0.0), (around, y, 0.0)]), 0.008, ink, 1.0);
            }
        }
        _ => {}
    }
    if let Some(print) = look.print {
        print.draw(&mut sheet, [0.0, -0.02], radius * 1.2, base);
    } else if dice.chance(0.6) {
        wordmark(&mut sheet, [0.0, 0.06], radius * 1.1, ink, look.brand);
    } else {
        emblem(&mut sheet, [0.0, 0.06], radius * 0.7, ink, look.brand);
    }
    let mut parts = vec![turned(&body, sheet.skin(), look.finish)];
    let cap_high = high + dice.between(0.07, 0.13);
    let lid = if dice.chance(0.5) { look.trim } else { tone(base, -0.35) };
    let wood = dice.chance(0.25);
    let lid = if wood { [190, 146, 100] } else { lid };
    let top = neck + 0.008;
    let cap = profile(
        &[
            [0.001, cap_high],
            [top * 0.8, cap_high],
            [top * 0.97, cap_high - 0.012],
            [top, cap_high - 0.03],
            [top, high + 0.005],
            [top - 0.008, high],
        ],
        4,
    );
    parts.push(turned(&cap, Skin::flat(lid), if wood { WOOD } else { MATTE }));
    let ring = profile(
        &[[neck - 0.002, high + 0.003], [neck + 0.003, high - 0.003], [neck + 0.002, high - 0.016]],
        2,
    );
    parts.push(turned(&ring, Skin::flat(look.metal), STEEL));
    if dice.chance(0.5) {
        let loop_spine = curve(
            &[
                v3(-top * 0.7, cap_high - 0.02, 0.0),
                v3(-top * 0.55, cap_high + 0.07, 0.0),
                v3(top * 0.55, cap_high + 0.07, 0.0),
                v3(top * 0.7, cap_high - 0.02, 0.0),
            ],
            8,
        );
        parts.push(Part {
            mesh: Mesh::tube(&loop_spine, 0.014, 0.010, v3(0.0, 0.0, 1.0)),
            skin: Skin::flat(lid),
            finish: MATTE,
            inside: None,
        });
    }
    Some(standing(parts, [0.0, 0.1, radius], dice.pick(&[0.75, 1.0])))
}

pub(crate) fn vase(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("vase");
    let (low, high) = (-0.46, dice.between(0.2, 0.46));
    let tall = high - low;
    let belly = dice.between(0.16, 0.32);
    let (neck, lip, foot) =
        (belly * dice.between(0.25, 0.6), belly * dice.between(0.4, 0.8), belly * dice.between(0.45, 0.75));
    let (belly_y, neck_y) = (low + tall * dice.between(0.3, 0.55), high - tall * dice.between(0.12, 0.25));
    let body = profile(
        &[[lip, high], [neck, neck_y], [belly, belly_y], [foot, low + 0.03], [foot, low], [0.01, low]],
        10,
    );
    let mut sheet = wrap(belly, tall * 1.25, look)?;
    let around = std::f32::consts::TAU * belly;
    if dice.chance(0.4) {
        let y = tall * dice.between(-0.3, 0.2);
        sheet.fill(&Shape::rect(0.0, y - tall, around, 2.0 * tall), look.trim, 1.0);
    }
    if dice.chance(0.4) {
        for i in 0..14 {
            let y = tall * 0.6 - 0.045 * i as f32;
            sheet.soft(
                &Shape::line(&[(-around, y, 0.0), (around, y, 0.0)]),
                0.02,
                tone(look.cloth.base, -0.6),
                0.35,
            );
        }
    }
    let hollow = profile(
        &[[lip, high], [lip - 0.012, high + 0.003], [neck - 0.012, neck_y], [belly * 0.8, belly_y]],
        8,
    );
    let mut parts =
        vec![turned(&body, sheet.skin(), look.finish), lining(&hollow, tone(look.cloth.base, -0.3), MATTE)];
    if dice.chance(0.3) {
        for side in [-1.0, 1.0] {
            let spine = curve(
                &[
                    v3(side * neck * 0.95, neck_y + 0.03, 0.0),
                    v3(side * (belly * 0.95), neck_y + 0.02, 0.0),
                    v3(side * belly * 1.02, (neck_y + belly_y) / 2.0, 0.0),
                    v3(side * belly * 0.93, belly_y + 0.04, 0.0),
                ],
                10,
            );
            parts.push(Part {
                mesh: Mesh::tube(&spine, 0.022, 0.018, v3(0.0, 0.0, 1.0)),
                skin: Skin::flat(look.cloth.base),
                finish: look.finish,
                inside: None,
            });
        }
    }
    Some(standing(parts, [0.0, neck_y, belly], dice.pick(&[0.8, 1.0])))
}

pub(crate) fn bowl(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("bowl");
    let rim = dice.between(0.42, 0.5);
    let high = dice.between(0.0, 0.16);
    let low = -0.26;
    let foot = rim * dice.between(0.35, 0.5);
    let bulge = dice.between(0.72, 0.95);
    let body = profile(
        &[
            [rim, high],
            [rim * bulge, (high + low) / 2.0],
            [foot + 0.02, low + 0.04],
            [foot, low + 0.02],
            [foot, low],
            [0.01, low],
        ],
        8,
    );
    let mut sheet = wrap(rim, high - low + 0.2, look)?;
    let around = std::f32::consts::TAU * rim;
    if dice.chance(0.5) {
        sheet.stroke(
            &Shape::line(&[
                (-around, (high - low) * 0.5 + 0.04, 0.0),
                (around, (high - low) * 0.5 + 0.04, 0.0),
            ]),
            0.03,
            look.cloth.accent,
            1.0,
        );
    }
    let hollow = profile(
        &[
            [rim, high],
            [rim - 0.012, high + 0.008],
            [rim - 0.026, high - 0.01],
            [rim * bulge - 0.03, (high + low) / 2.0 + 0.01],
            [foot * 0.8, low + 0.07],
            [0.001, low + 0.06],
        ],
        8,
    );
    let inner = if dice.chance(0.5) { tone(look.trim, 0.15) } else { tone(look.cloth.base, 0.12) };
    let parts = vec![turned(&body, sheet.skin(), look.finish), lining(&hollow, inner, look.finish)];
    Some(standing(parts, [0.2, high - 0.05, rim * 0.8], dice.pick(&[1.333, 1.25, 1.0])))
}
