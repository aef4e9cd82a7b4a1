//! Caps and watches.
//!
//! World units, about one across. A cap stands on the ground; a watch lies before the lens with its strap open.
//! Neighbours: `mesh` bends, `sheet` paints.

use super::dice::{Dice, ramp};
use super::garment::Look;
use super::mesh::{Mesh, Vertex};
use super::palette::{Rgb, brightness, tone};
use super::print::emblem;
use super::raster::Part;
use super::shading::{Finish, LACQUER, STEEL};
use super::shape::{Corner, Shape};
use super::sheet::{Belly, Sheet, Skin};
use super::space::v3;
use super::view::{Model, Stance};

/// A cap with a brim, seen from in front or from its side.
pub(crate) fn cap(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("cap");
    let base = look.cloth.base;
    let tall = dice.between(0.34, 0.42);
    let (wide, long) = (0.30, 0.34);
    let (panels, mesh_back) = (6, dice.chance(0.25));
    let stitch = tone(base, if brightness(base) < 0.4 { 0.3 } else { -0.3 });
    let around = std::f32::consts::TAU * wide;
    let mut sheet = Sheet::new(around, 0.56, 620.0, base)?;
    sheet.cloth(&Shape::rect(0.0, 0.0, 4.0, 2.0), &look.cloth, [0.0, 0.0], 0.0);
    if mesh_back {
        for side in [-1.0, 1.0] {
            sheet.fill(&Shape::rect(side * around * 0.36, 0.0, around * 0.42, 1.0), look.trim, 1.0);
        }
    }
    for i in 0..panels {
        let x = (i as f32 + 0.5 - panels as f32 / 2.0) / panels as f32 * around;
        let line = Shape::line(&[(x, 0.28, 0.0), (x, -0.28, 0.0)]);
        sheet.seam(&line, base);
        sheet.stitch(&line.placed(0.009, 0.0, 1.0, 0.0), stitch);
        sheet.stitch(&line.placed(-0.009, 0.0, 1.0, 0.0), stitch);
        sheet.fill(&Shape::circle(x + around / panels as f32 / 2.0, 0.08, 0.012), tone(base, -0.5), 1.0);
        sheet.stroke(&Shape::circle(x + around / panels as f32 / 2.0, 0.08, 0.014), 0.006, stitch, 0.9);
    }
    sheet.stitch(&Shape::line(&[(-around, -0.235, 0.0), (around, -0.235, 0.0)]), stitch);
    let ink = tone(look.trim, if brightness(base) < 0.5 { 0.3 } else { -0.6 });
    if let Some(print) = look.print {
        let patch = Shape::rounded(0.0, -0.09, 0.22, 0.2, 0.03);
        sheet.fill(&patch, look.trim, 1.0);
        sheet.stitch(&patch, tone(look.trim, -0.5));
        print.draw(&mut sheet, [0.0, -0.09], 0.16, look.trim);
    } else {
        emblem(&mut sheet, [0.0, -0.09], 0.15, ink, look.brand);
    }
    let low = -0.2;
    let crown = Mesh::closed_grid(72, 28, |u, v| {
        let (s, c) = ((u - 0.5) * std::f32::consts::TAU).sin_cos();
        let (out, up) = ((v * 1.5).sin() / 1.5_f32.sin(), (v * 1.5).cos());
        // The front panels stand up straighter than the back.
        let front = ramp(-0.2, 1.0, c);
        let squared = out.powf(0.82 - 0.16 * front);
        (
            v3(
                s * squared * wide,
                low + (up - 0.0707).max(0.0) * tall * (1.0 + 0.10 * front * out),
                c * squared * long,
            ),
            [u, v],
        )
    })
    .outward();
    let inside = tone(base, -0.45);
    let mut parts = vec![Part { mesh: crown, skin: sheet.skin(), finish: look.finish, inside: Some(inside) }];
    let button = Mesh::revolve(
        &[
            [0.001, low + tall * 0.945 + 0.012],
            [0.02, low + tall * 0.945 + 0.006],
            [0.024, low + tall * 0.93 - 0.01],
        ],
        20,
        6,
    )
    .outward();
    parts.push(Part { mesh: button, skin: Skin::flat(tone(base, -0.1)), finish: look.finish, inside: None });
    parts.extend(brim(look, &mut dice, [wide, long, low], stitch)?);
    let turn = dice.pick(&[-0.45, 0.4, 0.0, 0.9]);
    for part in &mut parts {
        let (s, c) = f32::sin_cos(turn);
        for vertex in &mut part.mesh.vertices {
            let (p, n) = (vertex.at, vertex.normal);
            vertex.at = v3(p.x * c + (p.z - 0.1) * s, p.y, (p.z - 0.1) * c - p.x * s);
            vertex.normal = v3(n.x * c + n.z * s, n.y, n.z * c - n.x * s);
        }
    }
    Some(Model {
        parts,
        stance: Stance::Standing,
        focus: v3(0.05, -0.06, 0.25),
        zoom: 2.0,
        aspect: dice.pick(&[1.0, 1.25, 1.333]),
    })
}

fn brim(look: &Look, dice: &mut Dice, [wide, long, low]: [f32; 3], stitch: Rgb) -> Option<Vec<Part>> {
    let rgb = if dice.chance(0.4) { look.trim } else { look.cloth.base };
    let mut sheet = Sheet::new(0.8, 0.4, 500.0, rgb)?;
    for i in 1..6 {
        let y = -0.2 + 0.4 * i as f32 / 6.3;
        sheet.stitch(
            &Shape::line(&[(-0.4, y, 0.0), (0.4, y, 0.0)]),
            if rgb == look.cloth.base { stitch } else { tone(rgb, -0.3) },
        );
    }
    let (reach, curl) = (dice.between(0.21, 0.27), dice.between(0.03, 0.13));
    let skin = sheet.skin();
    let mut out = Vec::new();
    for (lift, colour) in [(0.0, None), (-0.012, Some(tone(rgb, -0.3)))] {
        let mut mesh = Mesh::grid(40, 14, |u, v| {
            let angle = (u - 0.5) * 2.5;
            let (s, c) = angle.sin_cos();
            let (x, z) = (s * wide * 1.0, c * long * 0.99);
            let ahead = (1.0 - (angle / 1.25).powi(2)).max(0.0).powf(0.6) * v;
            let forward = reach * ahead;
            let side = x * (1.0 + 0.10 * ahead);
            (
                v3(
                    side,
                    low + 0.012 + lift * ahead - curl * (side / wide).powi(2) * ahead - 0.03 * ahead,
                    z + forward,
                ),
                [u, v],
            )
        });
        let up = if colour.is_none() { 1.0 } else { -1.0 };
        if mesh.vertices.iter().map(|v| v.normal.y).sum::<f32>() * up < 0.0 {
            mesh.flip();
        }
        let skin = colour.map_or_else(|| skin.clone(), Skin::flat);
        out.push(Part { mesh, skin, finish: look.finish, inside: None });
    }
    Some(out)
}

/// A wrist watch with a round or square case.
pub(crate) fn watch(shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("watch");
    let radius = dice.between(0.15, 0.185);
    let square = dice.chance(0.22);
    let power = if square { 5.0 } else { 2.0 };
    // A superellipse: round at 2, nearly square at 5.
    let edge = move |angle: f32, r: f32| {
        let (s, c) = angle.sin_cos();
        let k = r / (s.abs().powf(power) + c.abs().powf(power)).powf(1.0 / power);
        (s * k, c * k)
    };
    let ring = |from: [f32; 2], to: [f32; 2]| {
        Mesh::closed_grid(80, 4, move |u, v| {
            let angle = u * std::f32::consts::TAU;
            let (x, y) = edge(angle, from[0] + (to[0] - from[0]) * v);
            (v3(x, y, from[1] + (to[1] - from[1]) * v), [u, v])
        })
    };
    let metal = Skin::flat(look.metal);
    let mut parts = Vec::new();
    for (from, to, finish) in [
        ([radius, 0.0], [radius + 0.004, 0.045], STEEL),
        ([radius + 0.004, 0.045], [radius - 0.004, 0.062], STEEL),
        ([radius - 0.004, 0.062], [radius - 0.026, 0.060], Finish { tightness: 30.0, ..STEEL }),
        ([radius - 0.026, 0.060], [radius - 0.030, 0.045], STEEL),
    ] {
        let mut mesh = ring(from, to);
        // Going up faces out, going in faces the lens.
        let (out, ahead) = (to[1] - from[1], from[0] - to[0]);
        let faces = |v: &Vertex| v3(v.at.x, v.at.y, 0.0).unit().dot(v.normal) * out + v.normal.z * ahead;
        if mesh.vertices.iter().map(faces).sum::<f32>() < 0.0 {
            mesh.flip();
        }
        parts.push(Part { mesh, skin: metal.clone(), finish, inside: Some(tone(look.metal, -0.3)) });
    }
    let face = radius - 0.028;
    let dial = dial(face, power, look, &mut dice)?;
    let disc = Mesh::grid(24, 24, |u, v| (v3((u - 0.5) * 2.0 * face, (0.5 - v) * 2.0 * face, 0.046), [u, v]));
    let glass = Finish { gloss: 0.35, tightness: 40.0, ..LACQUER };
    parts.push(Part { mesh: disc, skin: dial, finish: glass, inside: None });
    let mut lid = Mesh::closed_grid(80, 6, move |u, v| {
        let (x, y) = edge(u * std::f32::consts::TAU, (radius - 0.002) * (1.0 - v));
        (v3(x, y, -0.004 - 0.012 * v), [u, v])
    });
    if lid.vertices.iter().map(|vertex| vertex.normal.z).sum::<f32>() > 0.0 {
        lid.flip();
    }
    parts.push(Part { mesh: lid, skin: metal.clone(), finish: STEEL, inside: None });
    // The crown.
    let crown = [v3(radius, 0.0, 0.03), v3(radius + 0.03, 0.0, 0.03)];
    parts.push(Part {
        mesh: Mesh::tube(&crown, 0.018, 0.018, v3(0.0, 0.0, 1.0)),
        skin: metal.clone(),
        finish: STEEL,
        inside: None,
    });
    strap(&mut parts, look, &mut dice, radius)?;
    Some(Model {
        parts,
        stance: Stance::Hanging,
        focus: v3(0.02, 0.0, 0.05),
        zoom: 2.2,
        aspect: dice.pick(&[0.8, 1.0]),
    })
}

fn dial(face: f32, power: f32, look: &Look, dice: &mut Dice) -> Option<std::sync::Arc<Skin>> {
    let ground: Rgb = dice.pick(&[
        [244, 243, 238],
        [30, 32, 38],
        [28, 44, 84],
        [238, 226, 200],
        [40, 72, 60],
        look.cloth.base,
    ]);
    let ink = if brightness(ground) > 0.5 { [36, 36, 40] } else { [236, 234, 226] };
    let mut sheet = Sheet::new(2.0 * face, 2.0 * face, 1500.0, ground)?;
    let outline: Vec<Corner> = (0..48)
        .map(|i| {
            let (s, c) = (i as f32 / 48.0 * std::f32::consts::TAU).sin_cos();
            let k = face * 1.01 / (s.abs().powf(power) + c.abs().powf(power)).powf(1.0 / power);
            (s * k, c * k, 1.0)
        })
        .collect();
    sheet.soft(&Shape::outline(&outline), face * 0.25, [0, 0, 0], 0.35);
    let numerals = dice.chance(0.4);
    for i in 0..60 {
        let (s, c) = (i as f32 / 60.0 * std::f32::consts::TAU).sin_cos();
        let hour = i % 5 == 0;
        let (from, width) = if hour { (if numerals { 0.86 } else { 0.74 }, 0.05) } else { (0.88, 0.014) };
        let line = [(s * face * from, c * face * from, 0.0), (s * face * 0.93, c * face * 0.93, 0.0)];
        sheet.stroke(
            &Shape::line(&line),
            face * width,
            if hour { tone(look.metal, if ink[0] < 128 { -0.4 } else { 0.2 }) } else { ink },
            1.0,
        );
        if hour && numerals {
            emblem(&mut sheet, [s * face * 0.72, c * face * 0.72], face * 0.15, ink, i as u64);
        }
    }
    let subs = dice.below(4);
    for i in 0..subs.min(3) {
        let (s, c) = ((i as f32 * 2.0 / 3.0 + 1.0) * std::f32::consts::PI).sin_cos();
        let (x, y, r) = (s * face * 0.42, c * face * 0.42, face * 0.2);
        sheet.fill(&Shape::circle(x, y, r), tone(ground, if ink[0] < 128 { -0.1 } else { 0.12 }), 1.0);
        sheet.stroke(&Shape::circle(x, y, r), face * 0.015, ink, 0.7);
        sheet.stroke(&Shape::line(&[(x, y, 0.0), (x + r * 0.5, y + r * 0.6, 0.0)]), face * 0.02, ink, 1.0);
    }
    emblem(&mut sheet, [0.0, face * 0.42], face * 0.14, ink, look.brand);
    if dice.chance(0.5) {
        sheet.fill(&Shape::rect(face * 0.58, 0.0, face * 0.2, face * 0.15), [246, 246, 242], 1.0);
        sheet.fill(&Shape::rect(face * 0.58, 0.0, face * 0.06, face * 0.1), [30, 30, 34], 1.0);
    }
    let hand = if ink[0] < 128 { [40, 40, 44] } else { [232, 232, 226] };
    // Ten past ten, as in every catalog.
    for (angle, length, width, rgb) in
        [(5.24_f32, 0.5, 0.06, hand), (1.05, 0.76, 0.045, hand), (3.5, 0.82, 0.015, [206, 60, 46])]
    {
        let (s, c) = angle.sin_cos();
        let line = Shape::line(&[
            (-s * face * 0.14, -c * face * 0.14, 0.0),
            (s * face * length, c * face * length, 0.0),
        ]);
        sheet.soft(&line.placed(face * 0.02, -face * 0.03, 1.0, 0.0), face * (width + 0.05), [0, 0, 0], 0.3);
        sheet.stroke(&line, face * width, rgb, 1.0);
    }
    sheet.fill(&Shape::circle(0.0, 0.0, face * 0.055), look.metal, 1.0);
    sheet.cut(&Shape::outline(&outline));
    Some(sheet.skin())
}

fn strap(parts: &mut Vec<Part>, look: &Look, dice: &mut Dice, radius: f32) -> Option<()> {
    let links = look.finish.metal > 0.5;
    let rgb = if links { look.metal } else { look.cloth.base };
    let (start, end) = (radius * 0.86, 0.5);
    let (broad, slim) = (radius * 0.62, radius * if links { 0.58 } else { dice.between(0.42, 0.52) });
    let stitched = dice.chance(0.7);
    for up in [1.0, -1.0] {
        let tall = end - start;
        let mut sheet = Sheet::new(2.0 * broad + 0.02, tall + 0.02, 800.0, rgb)?;
        let h = tall / 2.0;
        let tip = if up < 0.0 && !links { 0.6 } else { 0.0 };
        let outline = Shape::symmetric(&[
            (0.0, h, tip * 1.6),
            (slim * (1.0 - tip * 0.35), h - tip * 0.02, tip),
            (slim + (broad - slim) * 0.2, h * 0.5, 0.8),
            (broad, -h, 0.0),
            (0.0, -h, 0.0),
        ]);
        if !links {
            sheet.cloth(&Shape::rect(0.0, 0.0, 1.0, 1.0), &look.cloth, [0.0, 0.0], 0.0);
            if stitched {
                for side in [-1.0, 1.0] {
                    sheet.stitch(
                        &Shape::line(&[(side * slim * 0.84, h, 0.0), (side * broad * 0.86, -h, 0.0)]),
                        tone(rgb, if brightness(rgb) < 0.4 { 0.5 } else { -0.4 }),
                    );
                }
            }
            for i in 0..if up < 0.0 { 6 } else { 0 } {
                sheet.fill(&Shape::circle(0.0, h - 0.05 - 0.032 * i as f32, 0.008), [24, 20, 18], 1.0);
            }
        } else {
            let mut y = -h;
            while y < h {
                for x in [-0.5, 0.5] {
                    sheet.stroke(
                        &Shape::line(&[(x * slim * 0.75, y, 0.0), (x * slim * 0.75, y + 0.03, 0.0)]),
                        0.004,
                        tone(rgb, -0.6),
                        0.8,
                    );
                }
                sheet.soft(&Shape::line(&[(-0.3, y, 0.0), (0.3, y, 0.0)]), 0.012, [0, 0, 0], 0.6);
                sheet.stroke(&Shape::line(&[(-0.3, y, 0.0), (0.3, y, 0.0)]), 0.003, tone(rgb, -0.8), 0.9);
                y += 0.036;
            }
        }
        sheet.cut(&outline);
        let belly = Belly { depth: 0.022, round: 0.03, folds: Vec::new(), crumple: 0.0, seed: 1 };
        let flat = sheet.inflate(&outline, &belly);
        let middle = (start + end) / 2.0;
        let mut mesh = flat.moved(|p| {
            let y = p.y + middle;
            let away = ramp(start, end, y);
            v3(p.x, y, p.z + 0.016 - 0.10 * away * away)
        });
        if up < 0.0 {
            for vertex in &mut mesh.vertices {
                vertex.at = v3(-vertex.at.x, -vertex.at.y, vertex.at.z);
                vertex.normal = v3(-vertex.normal.x, -vertex.normal.y, vertex.normal.z);
            }
        }
        let finish = if links { STEEL } else { look.finish };
        parts.push(Part { mesh, skin: sheet.skin(), finish, inside: Some(tone(rgb, -0.3)) });
        if up > 0.0 && !links {
            let z = -0.075;
            let buckle = [
                v3(-slim - 0.012, end - 0.02, z),
                v3(-slim - 0.012, end + 0.03, z),
                v3(slim + 0.012, end + 0.03, z),
                v3(slim + 0.012, end - 0.02, z),
            ];
            parts.push(Part {
                mesh: Mesh::tube(&buckle, 0.009, 0.009, v3(0.0, 0.0, 1.0)),
                skin: Skin::flat(look.metal),
                finish: STEEL,
                inside: None,
            });
        }
    }
    // Lugs.
    for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
        let lug =
            [v3(x * broad * 1.02, y * radius * 0.72, 0.03), v3(x * broad * 1.05, y * radius * 1.06, 0.018)];
        parts.push(Part {
            mesh: Mesh::tube(&lug, 0.016, 0.016, v3(0.0, 0.0, 1.0)),
            skin: Skin::flat(look.metal),
            finish: STEEL,
            inside: None,
        });
    }
    Some(())
}
