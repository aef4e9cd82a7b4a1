//! Sneakers and boots: an upper lofted over a last, a sole under it, laces over the tongue.
//!
//! The shoe lies along `x`, heel at `-0.5`, toe at `+0.5`; both sides carry the same painted side view, as
//! most shoes do. Neighbours: `upper` paints the side view, `mesh` lofts,
//! `view` photographs one shoe or the pair.

use std::sync::Arc;

use super::dice::{Dice, ramp};
use super::garment::Look;
use super::mesh::{Mesh, curve};
use super::palette::{Rgb, tone};
use super::raster::Part;
use super::shading::{Finish, JERSEY, RUBBER};
use super::shape::{Corner, Shape};
use super::sheet::{Sheet, Skin};
use super::space::{V3, v3};
use super::upper;
use super::view::{Model, Stance};

/// The measures of a shoe; `t` runs from heel (0) to toe (1).
pub(super) struct Last {
    boot: bool,
    /// Height of the opening's edge over the ground at the heel.
    pub(super) collar: f32,
    /// Where the opening ends and the laces begin.
    pub(super) mouth: f32,
    /// Where the laces end and the toe begins.
    pub(super) throat: f32,
    instep: f32,
    toe: f32,
    width: f32,
    pub(super) sole: f32,
    pub(super) heel: f32,
    spring: f32,
    point: f32,
}

impl Last {
    fn new(dice: &mut Dice, boot: bool) -> Self {
        let high = !boot && dice.chance(0.25);
        let collar = if boot {
            dice.between(0.50, 0.78)
        } else if high {
            dice.between(0.42, 0.48)
        } else {
            dice.between(0.28, 0.33)
        };
        Self {
            boot,
            collar,
            mouth: if boot || high { dice.between(0.37, 0.41) } else { dice.between(0.42, 0.47) },
            throat: if boot { dice.between(0.60, 0.66) } else { dice.between(0.68, 0.73) },
            instep: if boot {
                0.36
            } else if high {
                0.34
            } else {
                dice.between(0.29, 0.32)
            },
            toe: dice.between(0.135, 0.17) + if boot { 0.03 } else { 0.0 },
            width: dice.between(0.165, 0.185),
            sole: if boot { dice.between(0.04, 0.07) } else { dice.between(0.055, 0.10) },
            heel: if boot { dice.between(0.03, 0.09) } else { dice.between(0.0, 0.03) },
            spring: dice.between(0.015, 0.04),
            point: dice.between(2.0, 2.8),
        }
    }

    /// Half the width of the plan at `t`.
    fn half_width(&self, t: f32) -> f32 {
        let heel = (1.0 - ((0.16 - t).max(0.0) / 0.16).powf(2.2)).max(0.0).powf(0.5);
        let toe = (1.0 - ((t - 0.72).max(0.0) / 0.28).powf(self.point)).max(0.0).powf(0.5);
        let body = 0.72 + 0.28 * ramp(0.3, 0.72, t) - 0.05 * ramp(0.25, 0.45, t) * (1.0 - ramp(0.45, 0.7, t));
        self.width * body * heel * toe
    }

    /// The ground side of the upper.
    fn low(&self, t: f32) -> f32 {
        self.sole + self.heel * (1.0 - ramp(0.25, 0.6, t)) + self.spring * ramp(0.7, 1.0, t).powi(2)
    }

    /// The height of the ridge or of the opening's edge.
    pub(super) fn high(&self, t: f32) -> f32 {
        let rise = self.heel * (1.0 - ramp(0.25, 0.6, t));
        let back = self.collar + 0.02 * (1.0 - ramp(0.0, 0.14, t))
            - if self.boot { 0.0 } else { 0.035 * ramp(0.1, 0.3, t) * (1.0 - ramp(0.3, self.mouth, t)) };
        let front = {
            let share = ramp(self.mouth, self.throat + 0.1, t);
            self.instep + (self.toe + self.low(t) * 0.5 - self.instep) * share
        };
        let joined = back
            + (front.max(self.toe) - back)
                * ramp(self.mouth - 0.03, self.mouth + if self.boot { 0.10 } else { 0.06 }, t);
        let end = (1.0 - ((t - 0.80).max(0.0) / 0.2).powf(2.4)).max(0.0).powf(0.5);
        let low = self.low(t);
        low + (joined + rise * 0.6 - low) * end
    }

    /// Half the width of the gap at the top: the opening, then the tongue between the laces.
    fn gap(&self, t: f32) -> f32 {
        let mouth = 0.62 * (1.0 - ramp(self.mouth - 0.02, self.mouth + 0.06, t)) * ramp(0.0, 0.05, t);
        let tongue =
            0.30 * ramp(self.mouth - 0.06, self.mouth, t) * (1.0 - ramp(self.throat - 0.05, self.throat, t));
        (mouth + tongue).min(0.62) * self.half_width(t)
    }

    /// The wall of the upper: `s` from the sole's edge (0) to the top (1), on the side nearest the lens.
    fn wall(&self, t: f32, s: f32) -> V3 {
        let (sin, cos) = (s * std::f32::consts::FRAC_PI_2).sin_cos();
        let (sin, cos) = (sin.max(0.0), cos.max(0.0));
        let (w, gap, low, high) = (self.half_width(t), self.gap(t), self.low(t), self.high(t));
        // A shaft stands straight and is narrower than the foot.
        let shaft = ramp(self.low(t) + 0.16, self.low(t) + 0.34, low + (high - low) * sin)
            * if self.boot { 0.24 } else { 0.12 };
        let z = (gap + (w - gap) * cos.powf(0.72)) * (1.0 - shaft);
        v3(t - 0.5, low + (high - low) * sin.powf(0.94), z)
    }
}

/// Columns crowd where the outline turns fastest.
fn station(u: f32) -> f32 {
    0.5 - 0.5 * (u * std::f32::consts::PI).cos()
}

/// Builds a sneaker or a boot, now and then as a pair.
pub(crate) fn shoe(boot: bool, shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("shoe");
    let last = Last::new(&mut dice, boot);
    let tall = last.collar + last.heel + 0.1;
    let mut sheet = Sheet::new(1.1, 2.0 * tall, 760.0, look.cloth.base)?;
    if boot {
        upper::paint_boot(&mut sheet, &last, look, &mut dice)
    } else {
        upper::paint_sneaker(&mut sheet, &last, look, &mut dice)
    }
    let lining = if boot { tone(look.cloth.base, -0.5) } else { tone(look.trim, -0.35) };
    let mut parts = Vec::new();
    let upper = Mesh::grid(84, 22, |u, v| {
        let at = last.wall(station(u), 1.0 - v);
        (at, sheet.uv(at.x, at.y))
    });
    let skin = sheet.skin();
    both_sides(&mut parts, &upper, &skin, look.finish, Some(lining));
    parts.push(inner(&last, lining));
    parts.push(tongue(&last, look, boot));
    parts.extend(laces(&last, look, &mut dice, boot));
    sole(&mut parts, &last, look, &mut dice)?;
    if boot && dice.chance(0.6) {
        let loop_spine = curve(
            &[
                v3(-0.475, last.collar + last.heel * 0.6 - 0.05, 0.0),
                v3(-0.515, last.collar + last.heel * 0.6 + 0.04, 0.0),
                v3(-0.46, last.collar + last.heel * 0.6 - 0.01, 0.0),
            ],
            8,
        );
        parts.push(Part {
            mesh: Mesh::tube(&loop_spine, 0.018, 0.005, v3(1.0, 0.3, 0.0)),
            skin: Skin::flat(tone(look.cloth.base, -0.3)),
            finish: JERSEY,
            inside: None,
        });
    }
    if dice.chance(0.4) {
        add_other_shoe(&mut parts, dice.between(0.36, 0.44), dice.between(-0.16, 0.1));
    }
    if dice.chance(0.5) {
        for part in &mut parts {
            part.mesh = part.mesh.mirrored();
        }
    }
    for part in &mut parts {
        for vertex in &mut part.mesh.vertices {
            vertex.at.y -= tall * 0.4;
        }
    }
    let focus = v3(0.15, 0.2 - tall * 0.4, 0.12);
    Some(Model {
        parts,
        stance: Stance::Standing,
        focus,
        zoom: 2.1,
        aspect: if boot { 1.0 } else { dice.pick(&[1.0, 1.25, 1.333]) },
    })
}

fn add_other_shoe(parts: &mut Vec<Part>, apart: f32, turn: f32) {
    let (s, c) = turn.sin_cos();
    let others: Vec<Part> = parts
        .iter()
        .map(|part| {
            let mut other = part.clone();
            for vertex in &mut other.mesh.vertices {
                let (p, n) = (vertex.at, vertex.normal);
                vertex.at = v3(p.x * c + p.z * s + 0.08, p.y, p.z * c - p.x * s - apart);
                vertex.normal = v3(n.x * c + n.z * s, n.y, n.z * c - n.x * s);
            }
            other
        })
        .collect();
    parts.extend(others);
}

/// A side wall and its mirror image across the shoe's length.
fn both_sides(parts: &mut Vec<Part>, near: &Mesh, skin: &Arc<Skin>, finish: Finish, inside: Option<Rgb>) {
    let mut far = near.clone();
    for vertex in &mut far.vertices {
        vertex.at.z = -vertex.at.z;
        vertex.normal.z = -vertex.normal.z;
    }
    for triangle in &mut far.triangles {
        triangle.swap(1, 2);
    }
    for mesh in [near.clone(), far] {
        parts.push(Part { mesh, skin: skin.clone(), finish, inside });
    }
}

/// The lining seen through the opening.
fn inner(last: &Last, lining: Rgb) -> Part {
    let depth = last.low(0.2) + (last.collar - last.low(0.2)) * 0.35;
    let mesh = Mesh::grid(20, 8, |u, v| {
        let t = 0.02 + u * (last.mouth + 0.08);
        (v3(t - 0.5, depth, (0.5 - v) * 1.9 * last.half_width(t)), [u, v])
    });
    let mut mesh = mesh;
    if mesh.vertices.iter().map(|v| v.normal.y).sum::<f32>() < 0.0 {
        mesh.flip();
    }
    Part { mesh, skin: Skin::flat(tone(lining, -0.35)), finish: JERSEY, inside: None }
}

fn tongue(last: &Last, look: &Look, boot: bool) -> Part {
    let start = last.mouth - 0.055;
    let mut mesh = Mesh::grid(20, 8, |u, v| {
        let t = start + u * (last.throat + 0.02 - start);
        let out = 1.0 - ramp(0.0, 0.35, u);
        let high = last.high(t.max(last.mouth + 0.02)) - 0.012 + out * if boot { 0.0 } else { 0.055 };
        let z = (0.5 - v) * 2.1 * last.gap(t.max(last.mouth + 0.02)).max(0.035);
        (v3(t - 0.5 - out * 0.02, high - 6.0 * z * z * 0.6, z), [u, v])
    });
    if mesh.vertices.iter().map(|v| v.normal.y).sum::<f32>() < 0.0 {
        mesh.flip();
    }
    let colour = if boot { tone(look.cloth.base, -0.25) } else { tone(look.cloth.base, 0.08) };
    Part { mesh, skin: Skin::flat(colour), finish: look.finish, inside: Some(tone(colour, -0.3)) }
}

fn laces(last: &Last, look: &Look, dice: &mut Dice, boot: bool) -> Vec<Part> {
    let rows = 5 + dice.below(3);
    let lace = if boot { tone(look.trim, -0.3) } else { look.trim };
    let skin = Skin::flat(lace);
    let (thick, wide) = if boot { (0.008, 0.009) } else { (0.006, 0.012) };
    let mut parts = Vec::new();
    let top = if boot { last.mouth + 0.035 } else { last.mouth + 0.03 };
    for row in 0..rows {
        let t = top + (last.throat - 0.03 - top) * row as f32 / (rows - 1) as f32;
        let ridge = |t: f32, z: f32| v3(t - 0.5, last.high(t) + 0.012 - 1.4 * z * z, z);
        let reach = last.gap(t) + 0.035;
        let lean = if boot { 0.02 } else { 0.012 };
        let spine = curve(
            &[
                ridge(t + lean, reach) - v3(0.0, 0.022, 0.0),
                ridge(t + lean * 0.6, reach * 0.6),
                ridge(t, 0.0),
                ridge(t - lean * 0.6, -reach * 0.6),
                ridge(t - lean, -reach) - v3(0.0, 0.022, 0.0),
            ],
            5,
        );
        parts.push(Part {
            mesh: Mesh::tube(&spine, wide, thick, v3(0.0, 1.0, 0.0)),
            skin: skin.clone(),
            finish: JERSEY,
            inside: None,
        });
    }
    // The bow.
    let knot = v3(top - 0.5, last.high(top) + 0.02, 0.0);
    for side in [-1.0, 1.0] {
        let ear = curve(
            &[
                knot,
                knot + v3(0.02, 0.03, side * 0.06),
                knot + v3(0.06, -0.01, side * 0.11),
                knot + v3(0.03, 0.0, side * 0.05),
                knot,
            ],
            6,
        );
        let end = curve(
            &[
                knot,
                knot + v3(0.03, 0.015, side * 0.05),
                knot + v3(0.08, -0.06, side * 0.10),
                knot + v3(0.09, -0.11, side * 0.12),
            ],
            6,
        );
        for spine in [ear, end] {
            parts.push(Part {
                mesh: Mesh::tube(&spine, wide * 0.8, thick, v3(0.2, 1.0, 0.0)),
                skin: skin.clone(),
                finish: JERSEY,
                inside: None,
            });
        }
    }
    parts
}

fn sole(parts: &mut Vec<Part>, last: &Last, look: &Look, dice: &mut Dice) -> Option<()> {
    let rubber: Rgb = if last.boot {
        dice.pick(&[[48, 42, 38], [90, 66, 46], [36, 36, 38]])
    } else {
        dice.pick(&[[242, 241, 236], [242, 241, 236], [234, 222, 196], [44, 44, 48]])
    };
    let mut sheet = Sheet::new(1.2, 0.4, 760.0, rubber)?;
    let dark = tone(rubber, -0.45);
    let ground = |t: f32| 0.012 + last.spring * ramp(0.72, 1.0, t).powi(2);
    let line = |lift: f32| {
        (0..=24)
            .map(|i| {
                let t = i as f32 / 24.0;
                (t * 1.06 - 0.53, ground(t) + (last.low(t) - ground(t)) * lift, 1.0)
            })
            .collect::<Vec<Corner>>()
    };
    if last.boot {
        sheet.stroke(&Shape::line(&line(0.45)), 0.004, dark, 0.9);
        sheet.stitch(&Shape::line(&line(0.93)), tone(rubber, 0.5));
    } else {
        match dice.below(4) {
            0 => sheet.stroke(&Shape::line(&line(0.62)), 0.011, look.cloth.base, 1.0),
            1 => {
                sheet.stroke(
                    &Shape::line(&line(0.14)),
                    0.03,
                    if dice.chance(0.5) { [186, 140, 92] } else { look.cloth.accent },
                    1.0,
                );
            }
            2 => {
                for i in 0..60 {
                    let t = i as f32 / 60.0;
                    let (x, low, high) = (t * 1.06 - 0.53, ground(t), last.low(t));
                    sheet.stroke(
                        &Shape::line(&[
                            (x, low + (high - low) * 0.15, 0.0),
                            (x + 0.006, low + (high - low) * 0.5, 0.0),
                        ]),
                        0.005,
                        dark,
                        0.5,
                    );
                }
            }
            _ => sheet.stroke(&Shape::line(&line(0.5)), 0.004, dark, 0.7),
        }
        sheet.stitch(&Shape::line(&line(0.88)), dark);
    }
    sheet.soft(&Shape::line(&line(0.0)), 0.03, [0, 0, 0], 0.35);
    let whole = Shape::rect(0.0, 0.2 - 0.01, 1.3, 0.42);
    sheet.cut(&whole);
    if last.boot && last.heel > 0.03 {
        let arch = [
            (-0.22, -0.02, 0.0),
            (-0.235, last.heel + 0.006, 0.3),
            (-0.1, last.heel * 0.8 + 0.01, 0.8),
            (0.12, 0.0, 0.4),
        ];
        sheet.hole(&Shape::outline(&arch));
    }
    let out = if last.boot { 0.012 } else { 0.010 };
    let mesh = Mesh::grid(84, 8, |u, v| {
        let t = station(u);
        let stretch = 1.0 + 2.0 * out;
        let bulge = if last.boot { 0.0 } else { 0.010 * (v * std::f32::consts::PI).sin() };
        let z = last.half_width(t) * (1.0 + bulge * 4.0) + out * (last.half_width(t) / last.width).min(1.0);
        let x = (t - 0.5) * (stretch + bulge);
        let y = ground(t) - 0.012 + (last.low(t) + 0.012 - ground(t)) * (1.0 - v);
        (v3(x, y, z), sheet.uv(x, y.max(0.001)))
    });
    both_sides(parts, &mesh, &sheet.skin(), RUBBER, Some(tone(rubber, -0.4)));
    // The welt: the sole's upper edge, seen from above.
    let mut welt = Mesh::grid(84, 4, |u, v| {
        let t = station(u);
        let z = (last.half_width(t) + out * (last.half_width(t) / last.width).min(1.0)) * (1.0 - 2.0 * v);
        (v3((t - 0.5) * (1.0 + 2.0 * out), last.low(t) - 0.001, z), [0.5, 0.5])
    });
    if welt.vertices.iter().map(|v| v.normal.y).sum::<f32>() < 0.0 {
        welt.flip();
    }
    parts.push(Part { mesh: welt, skin: Skin::flat(rubber), finish: RUBBER, inside: None });
    Some(())
}
