//! How studio light falls: lamps, finishes, weaves, soft shadows between parts.
//!
//! Colours are multiplied in a space where light is the square of the stored value, close enough to sRGB for
//! pictures and cheap. Neighbours: `raster` asks for the light at each vertex, `view` darkens the finished frame.

#![expect(clippy::indexing_slicing, reason = "tiles are indexed modulo their size, fields by their own size")]

use std::sync::OnceLock;

use super::dice::{Dice, noise, ramp};
use super::field::Field;
use super::space::{V3, v3};

/// The thread or grain that is finer than a product's paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weave {
    Smooth,
    Jersey,
    Twill,
    Canvas,
    Knit,
    Leather,
    Suede,
    Brushed,
}

/// What a surface does with light.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finish {
    /// 0 cloth, 1 glaze.
    pub(crate) gloss: f32,
    /// Blinn exponent: how small the highlight is.
    pub(crate) tightness: f32,
    /// 1 when reflections take the surface's own colour.
    pub(crate) metal: f32,
    /// Light that the surface gives by itself.
    pub(crate) glow: f32,
    pub(crate) weave: Weave,
    /// World units that one weave tile covers.
    pub(crate) tile: f32,
}

const fn finish(gloss: f32, tightness: f32, metal: f32, weave: Weave, tile: f32) -> Finish {
    Finish { gloss, tightness, metal, glow: 0.0, weave, tile }
}

pub(crate) const JERSEY: Finish = finish(0.03, 6.0, 0.0, Weave::Jersey, 0.07);
pub(crate) const FLEECE: Finish = finish(0.02, 4.0, 0.0, Weave::Suede, 0.16);
pub(crate) const KNIT: Finish = finish(0.02, 5.0, 0.0, Weave::Knit, 0.17);
pub(crate) const TWILL: Finish = finish(0.05, 8.0, 0.0, Weave::Twill, 0.10);
pub(crate) const CANVAS: Finish = finish(0.03, 6.0, 0.0, Weave::Canvas, 0.11);
pub(crate) const NYLON: Finish = finish(0.28, 18.0, 0.0, Weave::Canvas, 0.05);
pub(crate) const SATIN: Finish = finish(0.32, 14.0, 0.0, Weave::Smooth, 0.1);
pub(crate) const LEATHER: Finish = finish(0.34, 22.0, 0.0, Weave::Leather, 0.22);
pub(crate) const SUEDE: Finish = finish(0.03, 4.0, 0.0, Weave::Suede, 0.12);
pub(crate) const RUBBER: Finish = finish(0.10, 12.0, 0.0, Weave::Smooth, 0.1);
pub(crate) const GLAZE: Finish = finish(0.75, 90.0, 0.0, Weave::Smooth, 0.1);
pub(crate) const MATTE: Finish = finish(0.10, 10.0, 0.0, Weave::Suede, 0.25);
pub(crate) const STEEL: Finish = finish(0.9, 60.0, 1.0, Weave::Brushed, 0.25);
pub(crate) const LACQUER: Finish = finish(0.45, 40.0, 0.0, Weave::Smooth, 0.2);
pub(crate) const WOOD: Finish = finish(0.16, 16.0, 0.0, Weave::Smooth, 0.2);

/// The lamps of one photograph, in the camera's axes.
#[derive(Clone, Debug)]
pub(crate) struct Rig {
    pub(crate) key: V3,
    fill: V3,
    half: V3,
    key_power: f32,
    fill_power: f32,
    ambient: f32,
}

impl Rig {
    /// A large lamp above and to one side, a weaker one opposite, light from everywhere.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let side = if dice.chance(0.72) { -1.0 } else { 1.0 };
        let key =
            v3(side * dice.between(0.35, 0.8), dice.between(0.55, 0.95), dice.between(0.55, 0.9)).unit();
        let fill = v3(-side * dice.between(0.6, 0.9), dice.between(0.0, 0.4), dice.between(0.4, 0.7)).unit();
        let mut rig = Self {
            key,
            fill,
            half: (key + v3(0.0, 0.0, 1.0)).unit(),
            key_power: dice.between(0.62, 0.85),
            fill_power: dice.between(0.14, 0.28),
            ambient: dice.between(0.30, 0.42),
        };
        // A surface that faces the lens comes out at its own colour.
        let gain = dice.between(0.90, 1.02) / rig.at(v3(0.0, 0.0, 1.0), &MATTE).0;
        rig.key_power *= gain;
        rig.fill_power *= gain;
        rig.ambient *= gain;
        rig
    }

    /// The diffuse factor and the mirror-like light for a surface that faces `normal`.
    pub(crate) fn at(&self, normal: V3, finish: &Finish) -> (f32, f32) {
        let lit = |lamp: V3| ((normal.dot(lamp) + 0.18) / 1.18).max(0.0);
        let sky = self.ambient * (0.72 + 0.28 * normal.y);
        let body = sky + self.key_power * lit(self.key) + self.fill_power * lit(self.fill);
        let mut shine = finish.gloss * normal.dot(self.half).max(0.0).powf(finish.tightness) * 0.8;
        if finish.gloss > 0.4 {
            let (rx, ry) = (2.0 * normal.z * normal.x, 2.0 * normal.z * normal.y);
            let side = self.key.x.signum();
            let window = |x: f32, low: f32, high: f32| {
                ramp(low - 0.09, low + 0.09, x) * (1.0 - ramp(high - 0.09, high + 0.09, x))
            };
            let softbox = window(rx * side, 0.52, 0.86) * window(ry, -0.75, 0.8);
            let strip = window(-rx * side, 0.78, 0.95) * window(ry, -0.7, 0.7);
            shine += finish.gloss * (0.42 * softbox + 0.2 * strip);
        }
        shine += finish.gloss * 0.22 * (1.0 - normal.z.clamp(0.0, 1.0)).powi(3);
        (body * (1.0 - 0.35 * finish.metal) + finish.glow, shine)
    }
}

pub(crate) const TILE: usize = 64;

/// The weave's tile: `TILE` × `TILE` factors around 1, or nothing for a smooth surface.
pub(crate) fn weave_tile(weave: Weave) -> Option<&'static [f32]> {
    static TILES: OnceLock<Vec<Vec<f32>>> = OnceLock::new();
    let all = [
        Weave::Jersey,
        Weave::Twill,
        Weave::Canvas,
        Weave::Knit,
        Weave::Leather,
        Weave::Suede,
        Weave::Brushed,
    ];
    let tiles = TILES.get_or_init(|| all.iter().map(|&weave| draw_tile(weave)).collect());
    let i = all.iter().position(|&one| one == weave)?;
    tiles.get(i).map(Vec::as_slice)
}

fn draw_tile(weave: Weave) -> Vec<f32> {
    let size = TILE as f32;
    let wrapped = |x: f32, y: f32, scale: f32, seed: u32| {
        // Noise that meets itself at the tile's edges: four shifted copies, cross-faded.
        let (s, t) = (x / size, y / size);
        let n = |dx: f32, dy: f32| noise((x + dx) / scale, (y + dy) / scale, seed);
        (n(0.0, 0.0) * (1.0 - s) + n(-size, 0.0) * s) * (1.0 - t)
            + (n(0.0, -size) * (1.0 - s) + n(-size, -size) * s) * t
    };
    let turn = |p: f32| (p * std::f32::consts::TAU).sin();
    (0..TILE * TILE)
        .map(|i| {
            let (x, y) = ((i % TILE) as f32 + 0.5, (i / TILE) as f32 + 0.5);
            let grain = wrapped(x, y, 1.3, 3) - 0.5;
            match weave {
                Weave::Smooth => 0.0,
                Weave::Jersey => 0.055 * turn(x / 4.0) * (1.0 + 0.4 * turn(y / 4.0)) + 0.10 * grain,
                Weave::Twill => 0.10 * turn((x + y) / 4.0) + 0.12 * grain,
                Weave::Canvas => 0.08 * (turn(x / 4.0) * turn(y / 4.0)) + 0.16 * grain,
                Weave::Knit => {
                    let column = (x / 8.0).fract() - 0.5;
                    let stitch = turn((y + column.abs() * 9.0) / 8.0);
                    0.17 * stitch + 0.2 * (0.22 - (column.abs() - 0.25).abs()) + 0.1 * grain
                        - 0.12 * ramp(0.4, 0.5, column.abs())
                }
                Weave::Leather => {
                    let cells = (wrapped(x, y, 4.0, 11) - 0.5).abs() + (wrapped(x, y, 6.0, 17) - 0.5).abs();
                    0.16 * (ramp(0.02, 0.18, cells) - 0.75) + 0.04 * grain
                }
                Weave::Suede => 0.14 * grain + 0.10 * (wrapped(x, y, 3.5, 23) - 0.5),
                Weave::Brushed => 0.12 * (wrapped(x * 0.12 + 5.0, y, 1.2, 29) - 0.5),
            }
        })
        .map(|delta: f32| 1.0 + delta * 1.25)
        .collect()
}

/// Darkness in `0..=1` where a surface lies in a hollow or behind an edge, found from the depth buffer: a point is
/// dark when the points on opposite sides of it are, taken together, nearer the lens than it is. A slope or a
/// silhouette, where one side is nearer and the other further, stays light. `depths` holds the distance from the
/// lens in world units, `f32::MAX` where nothing was drawn; `px_per_unit` is its scale; the side towards the key
/// lamp counts for more.
pub(crate) fn shade_between(depths: &Field, px_per_unit: f32, key: V3) -> Field {
    let mut dark = Field::new(depths.width, depths.height, 0.0);
    let mut steps = Vec::new();
    for (reach_units, strength, turn) in [(0.012_f32, 0.16, 0.2), (0.032, 0.20, 0.6), (0.07, 0.13, 0.4)] {
        let reach = (reach_units * px_per_unit).clamp(1.0, 60.0);
        for i in 0..4 {
            let (s, c) = (turn + i as f32 * std::f32::consts::FRAC_PI_4).sin_cos();
            let share = strength * (0.7 + 0.6 * (c * key.x - s * key.y).abs());
            steps.push((
                (c * reach).round() as isize,
                (s * reach).round() as isize,
                share,
                reach / px_per_unit,
            ));
        }
    }
    let (width, height) = (depths.width as isize, depths.height as isize);
    for y in 0..height {
        for x in 0..width {
            let here = depths.values[(y * width + x) as usize];
            if here == f32::MAX {
                continue;
            }
            let rise = |dx: isize, dy: isize, reach: f32| {
                let (px, py) = (x + dx, y + dy);
                if px < 0 || py < 0 || px >= width || py >= height {
                    return 0.0;
                }
                // Far overhangs shade no more than near ones.
                (here - depths.values[(py * width + px) as usize]).min(2.2 * reach)
            };
            let mut sum = 0.0;
            for &(dx, dy, share, reach) in &steps {
                let hollow = rise(dx, dy, reach) + rise(-dx, -dy, reach);
                if hollow > 0.0 {
                    sum += share * (hollow / (reach * 1.1)).min(1.0);
                }
            }
            dark.values[(y * width + x) as usize] = sum.min(1.0);
        }
    }
    dark.blur(1);
    dark
}
