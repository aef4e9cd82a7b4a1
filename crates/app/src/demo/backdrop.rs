//! What stands behind and under a product: studio paper, walls, floors and table tops.
//!
//! Colours only, by looking along the camera's rays; the product's shadow is laid on by `view`.

use super::dice::{Dice, cell, clouds, noise, ramp};
use super::palette::{Rgb, dye, mix, tone};
use super::space::{Camera, V3};

/// A surface with a texture of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    Wood,
    Concrete,
    Marble,
    Linen,
    Brick,
    Plaster,
    Tiles,
    Rug,
    Terrazzo,
}

/// The plane that a product stands on or hangs before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plane {
    /// Height of the floor.
    Floor(f32),
    /// Distance of the wall behind the origin, as a negative `z`.
    Wall(f32),
}

/// All that is behind the product.
#[derive(Clone, Debug)]
pub(crate) enum Backdrop {
    /// Paper that curves from floor to wall without an edge: top and bottom colour, and how much the corners fall off.
    Studio { top: Rgb, bottom: Rgb, falloff: f32 },
    /// A textured floor, with a wall where the floor ends.
    Room { floor: Ground, floor_tint: Rgb, wall: Rgb, wall_ground: Option<Ground>, depth: f32, seed: u32 },
    /// A textured plane parallel to the product: a wall behind it or a table under it.
    Flat { ground: Ground, tint: Rgb, seed: u32 },
}

impl Backdrop {
    /// Studio paper: mostly white, often grey or warm, now and then a colour.
    pub(crate) fn studio(dice: &mut Dice) -> Self {
        let paper: Rgb = match dice.below(10) {
            0..=3 => [255, 255, 255],
            4 | 5 => {
                let grey = 226 + dice.below(22) as u8;
                [grey, grey, grey]
            }
            6 => [242, 238, 231],
            7 => [233, 238, 243],
            8 => tone(
                dye(dice.pick(&["sand", "pink", "sky", "mint", "lilac", "beige"])),
                dice.between(0.45, 0.75),
            ),
            _ => [214, 214, 216],
        };
        if paper == [255, 255, 255] {
            return Self::Studio { top: paper, bottom: paper, falloff: 0.0 };
        }
        let bottom = tone(paper, dice.between(0.05, 0.35));
        Self::Studio { top: tone(paper, -dice.between(0.0, 0.1)), bottom, falloff: dice.between(0.02, 0.12) }
    }

    /// A place where somebody uses the product.
    pub(crate) fn place(dice: &mut Dice, plane: Plane) -> Self {
        let seed = (dice.bits() >> 40) as u32;
        match plane {
            Plane::Floor(_) => {
                let floor = dice.pick(&[
                    Ground::Wood,
                    Ground::Wood,
                    Ground::Concrete,
                    Ground::Marble,
                    Ground::Tiles,
                    Ground::Rug,
                    Ground::Terrazzo,
                ]);
                let wall = tone(
                    dye(dice
                        .pick(&["sand", "grey", "sky", "mint", "cream", "olive", "teal", "beige", "rust"])),
                    dice.between(0.1, 0.6),
                );
                let wall_ground = if dice.chance(0.5) {
                    Some(dice.pick(&[Ground::Brick, Ground::Plaster, Ground::Plaster]))
                } else {
                    None
                };
                Self::Room {
                    floor,
                    floor_tint: ground_tint(dice, floor),
                    wall,
                    wall_ground,
                    depth: dice.between(-1.6, -0.9),
                    seed,
                }
            }
            Plane::Wall(_) => {
                let ground = dice.pick(&[
                    Ground::Wood,
                    Ground::Linen,
                    Ground::Linen,
                    Ground::Concrete,
                    Ground::Brick,
                    Ground::Plaster,
                    Ground::Marble,
                    Ground::Rug,
                ]);
                Self::Flat { ground, tint: ground_tint(dice, ground), seed }
            }
        }
    }

    /// The colour behind the pixel `(x, y)` of a frame of `width` × `height`.
    pub(crate) fn colour(
        &self,
        camera: &Camera,
        plane: Plane,
        [x, y]: [f32; 2],
        [width, height]: [f32; 2],
    ) -> Rgb {
        match self {
            Self::Studio { top, bottom, falloff } => {
                if top == bottom {
                    return *top;
                }
                let (dx, dy) = (x / width - 0.5, y / height - 0.45);
                tone(
                    mix(*top, *bottom, ramp(0.3, 0.85, y / height)),
                    -falloff * ramp(0.1, 0.6, dx * dx + dy * dy),
                )
            }
            Self::Flat { ground, tint, seed } => {
                let (eye, ray) = camera.ray(x, y);
                let wall = if let Plane::Wall(z) = plane { z } else { -0.5 };
                let at = along(eye, ray, (wall - eye.z) / toward(ray.z));
                ground.colour(*tint, at.x, at.y, *seed)
            }
            Self::Room { floor, floor_tint, wall, wall_ground, depth, seed } => {
                let (eye, ray) = camera.ray(x, y);
                let level = if let Plane::Floor(y) = plane { y } else { -0.5 };
                // The room is built square to the lens whichever way the product is turned.
                let ahead = camera.turn(along(eye, ray, (level - eye.y) / toward(ray.y)));
                let reach = if ray.y < -1e-3 { ahead.z } else { f32::MIN };
                if reach > *depth {
                    let dim = 0.86 + 0.14 * ramp(*depth, *depth + 0.8, reach);
                    return tone(floor.colour(*floor_tint, ahead.x, reach * 1.02, *seed), dim - 1.0);
                }
                let up = 1.0 - y / height;
                let paint = match wall_ground {
                    Some(ground) => ground.colour(
                        *wall,
                        ahead_wall(camera, *depth, x, y)[0],
                        ahead_wall(camera, *depth, x, y)[1],
                        *seed + 5,
                    ),
                    None => *wall,
                };
                // A pool of light on the wall, and shade where it meets the floor.
                let pool = (x / width - 0.35).powi(2) + (up - 0.85).powi(2);
                tone(paint, 0.10 - 0.30 * ramp(0.0, 0.7, pool))
            }
        }
    }
}

fn toward(slope: f32) -> f32 {
    if slope.abs() < 1e-4 { -1e-4 } else { slope }
}

fn along(eye: V3, ray: V3, distance: f32) -> V3 {
    eye + ray * distance
}

fn ahead_wall(camera: &Camera, depth: f32, x: f32, y: f32) -> [f32; 2] {
    let (eye, ray) = camera.ray(x, y);
    let (eye, ray) = (camera.turn(eye), camera.turn(ray));
    let at = along(eye, ray, (depth - eye.z) / toward(ray.z));
    [at.x, at.y]
}

fn ground_tint(dice: &mut Dice, ground: Ground) -> Rgb {
    match ground {
        Ground::Wood => {
            dice.pick(&[[196, 150, 104], [150, 104, 68], [222, 190, 150], [120, 84, 60], [186, 176, 164]])
        }
        Ground::Concrete => dice.pick(&[[176, 174, 170], [142, 142, 144], [200, 198, 192]]),
        Ground::Marble => dice.pick(&[[240, 238, 236], [226, 220, 212], [92, 96, 98]]),
        Ground::Linen => dice.pick(&[[226, 214, 194], [240, 236, 228], [168, 176, 182], [204, 184, 176]]),
        Ground::Brick => dice.pick(&[[168, 92, 70], [214, 206, 198], [132, 78, 66]]),
        Ground::Plaster => dice.pick(&[[232, 226, 216], [206, 196, 184], [188, 200, 196], [216, 190, 172]]),
        Ground::Tiles => dice.pick(&[[226, 228, 228], [190, 204, 206], [212, 190, 160]]),
        Ground::Rug => dice.pick(&[[206, 196, 180], [124, 130, 140], [168, 112, 92], [96, 116, 112]]),
        Ground::Terrazzo => dice.pick(&[[232, 228, 222], [206, 208, 206], [86, 92, 96]]),
    }
}

impl Ground {
    /// The colour at `(x, y)` of the plane, in world units.
    fn colour(self, tint: Rgb, x: f32, y: f32, seed: u32) -> Rgb {
        match self {
            Self::Wood => {
                let plank = (x / 0.26).floor();
                let shift = cell(plank as i32, 0, seed);
                let along = y + shift * 2.0;
                let board = plank * 7.0 + (along / 1.6).floor();
                let rings = noise(x * 9.0 + board * 3.7, along * 0.9, seed) * 7.0
                    + 0.35 * noise(x * 60.0, along * 3.0, seed);
                let grain = 0.5 + 0.5 * (rings * std::f32::consts::TAU).sin();
                let fibre = noise(x * 170.0, along * 5.0, seed + 1) - 0.5;
                let gap = ramp(0.018, 0.006, (x / 0.26).fract().abs().min(1.0 - (x / 0.26).fract().abs()))
                    .max(ramp(0.004, 0.001, (along / 1.6).fract().abs()));
                let tone_of_board = cell(board as i32, 3, seed) - 0.5;
                tone(tint, 0.16 * tone_of_board - 0.13 * grain + 0.12 * fibre - 0.5 * gap)
            }
            Self::Concrete => {
                let cloud = clouds(x * 3.0, y * 3.0, seed) - 0.5;
                let pit = ramp(0.80, 0.9, noise(x * 60.0, y * 60.0, seed + 2));
                tone(tint, 0.22 * cloud + 0.10 * (noise(x * 220.0, y * 220.0, seed) - 0.5) - 0.16 * pit)
            }
            Self::Marble => {
                let bend = clouds(x * 2.0, y * 2.0, seed) * 4.0;
                let vein = (x * 2.2 + y * 1.3 + bend).sin().abs();
                let fine = (x * 5.0 - y * 3.1 + bend * 2.2).sin().abs();
                let line = ramp(0.14, 0.0, vein) * 0.55 + ramp(0.08, 0.0, fine) * 0.25;
                let strength = clouds(x * 4.0, y * 4.0, seed + 4);
                mix(
                    tint,
                    if tint[0] > 150 { [120, 122, 128] } else { [226, 222, 214] },
                    line * strength + 0.06 * (strength - 0.5),
                )
            }
            Self::Linen => {
                let warp = noise(x * 190.0, y * 14.0, seed) + noise(x * 14.0, y * 190.0, seed + 1) - 1.0;
                let wave = clouds(x * 1.6 + 0.4 * y, y * 1.1, seed + 2) - 0.5;
                tone(tint, 0.14 * warp + 0.22 * wave)
            }
            Self::Brick => {
                let row = (y / 0.12).floor();
                let column = x / 0.34 + 0.5 * row.rem_euclid(2.0);
                let (u, v) = (column.fract().abs(), (y / 0.12).rem_euclid(1.0));
                let rough = 0.02 * (noise(x * 40.0, y * 40.0, seed) - 0.5);
                let joint = ramp(0.035, 0.02, u.min(1.0 - u) + rough).max(ramp(
                    0.09,
                    0.06,
                    v.min(1.0 - v) + rough * 2.0,
                ));
                let face = tone(
                    tint,
                    0.26 * (cell(column.floor() as i32, row as i32, seed) - 0.5)
                        + 0.3 * (clouds(x * 20.0, y * 20.0, seed) - 0.5),
                );
                mix(face, [196, 190, 182], joint * 0.85)
            }
            Self::Plaster => tone(
                tint,
                0.16 * (clouds(x * 4.0, y * 4.0, seed) - 0.5)
                    + 0.08 * (noise(x * 90.0, y * 90.0, seed) - 0.5),
            ),
            Self::Tiles => {
                let (u, v) = ((x / 0.42).rem_euclid(1.0), (y / 0.42).rem_euclid(1.0));
                let joint = ramp(0.024, 0.012, u.min(1.0 - u).min(v.min(1.0 - v)));
                let face = tone(
                    tint,
                    0.10 * (cell((x / 0.42).floor() as i32, (y / 0.42).floor() as i32, seed) - 0.5)
                        + 0.1 * (clouds(x * 6.0, y * 6.0, seed) - 0.5),
                );
                mix(face, [150, 148, 146], joint * 0.7)
            }
            Self::Rug => {
                let zig = ((x / 0.09).rem_euclid(2.0) - 1.0).abs();
                let stripe = ramp(0.32, 0.4, ((y / 0.09 + zig).rem_euclid(1.0) - 0.5).abs());
                let pile = noise(x * 150.0, y * 150.0, seed) - 0.5;
                tone(mix(tint, tone(tint, 0.6), stripe * 0.6), 0.34 * pile)
            }
            Self::Terrazzo => {
                let (cu, cv) = ((x / 0.075).floor() as i32, (y / 0.075).floor() as i32);
                let (dx, dy) = (
                    (x / 0.075).rem_euclid(1.0) - 0.3 - 0.4 * cell(cu, cv, seed),
                    (y / 0.075).rem_euclid(1.0) - 0.3 - 0.4 * cell(cu, cv, seed + 1),
                );
                let size = 0.36 * cell(cu, cv, seed + 2);
                let chip = [[186, 128, 100], [110, 120, 116], [206, 178, 126], [60, 66, 72]]
                    .get(cu.wrapping_mul(7).wrapping_add(cv.wrapping_mul(3)).rem_euclid(4) as usize)
                    .copied()
                    .unwrap_or(tint);
                mix(
                    tone(tint, 0.05 * (noise(x * 80.0, y * 80.0, seed) - 0.5)),
                    chip,
                    ramp(-0.04, 0.04, size - dx.abs() - dy.abs()),
                )
            }
        }
    }
}
