//! Draws lit, textured triangles into a frame with a depth buffer.
//!
//! Light is found per vertex (the grids are fine), colour per pixel, at one and a half times the final size in each
//! direction; the frame is then averaged down, which smooths all edges. Neighbours: `mesh` and `sheet` make what is drawn,
//! `view` puts the frame in front of a backdrop.

#![expect(clippy::indexing_slicing, reason = "triangles are clipped to the frame before pixels are touched")]

use std::sync::Arc;

use super::field::Field;
use super::mesh::Mesh;
use super::palette::Rgb;
use super::shading::{Finish, Rig, TILE, weave_tile};
use super::sheet::Skin;
use super::space::{Camera, V3};

/// A surface of a product.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) mesh: Mesh,
    pub(crate) skin: Arc<Skin>,
    pub(crate) finish: Finish,
    /// The colour of the surface's other side; without one the other side is not drawn.
    pub(crate) inside: Option<Rgb>,
}

/// Pixels seen so far and how far away they are.
pub(crate) struct Frame {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Opaque where alpha is 255, nothing where it is 0.
    pub(crate) rgba: Vec<[u8; 4]>,
    pub(crate) depth: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Lit {
    x: f32,
    y: f32,
    /// depth, u, v, diffuse, shine.
    values: [f32; 5],
    other_diffuse: f32,
}

impl Frame {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, rgba: vec![[0; 4]; width * height], depth: vec![f32::MAX; width * height] }
    }

    /// Draws one part. `camera` must be scaled for this frame's size.
    pub(crate) fn draw(&mut self, part: &Part, camera: &Camera, rig: &Rig) {
        let lit: Vec<Lit> = part
            .mesh
            .vertices
            .iter()
            .map(|vertex| {
                let [x, y, depth] = camera.project(vertex.at);
                let normal = camera.turn(vertex.normal);
                let (diffuse, shine) = rig.at(normal, &part.finish);
                let other_diffuse =
                    if part.inside.is_some() { rig.at(normal * -1.0, &part.finish).0 * 0.62 } else { 0.0 };
                let [u, v] = vertex.uv;
                Lit { x, y, values: [depth, u, v, diffuse, shine], other_diffuse }
            })
            .collect();
        let brush = Brush::new(part, camera.scale());
        for &[a, b, c] in &part.mesh.triangles {
            self.triangle(&brush, [lit[a as usize], lit[b as usize], lit[c as usize]]);
        }
    }

    fn triangle(&mut self, brush: &Brush<'_>, [a, mut b, mut c]: [Lit; 3]) {
        let mut area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
        // Counter-clockwise in the world is clockwise on a screen whose y points down: a negative area.
        let outside = area < 0.0;
        if area == 0.0 || (!outside && brush.part.inside.is_none()) {
            return;
        }
        if area < 0.0 {
            std::mem::swap(&mut b, &mut c);
            area = -area;
        }
        let low = |p: f32, q: f32, r: f32| (p.min(q).min(r) - 0.5).ceil().max(0.0) as usize;
        let high = |p: f32, q: f32, r: f32, end: usize| {
            ((p.max(q).max(r) - 0.5).floor() + 1.0).clamp(0.0, end as f32) as usize
        };
        let (x0, x1) = (low(a.x, b.x, c.x), high(a.x, b.x, c.x, self.width));
        let (y0, y1) = (low(a.y, b.y, c.y), high(a.y, b.y, c.y, self.height));
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        let share = 1.0 / area;
        let (wb_dx, wb_dy) = ((c.y - a.y) * share, -(c.x - a.x) * share);
        let (wc_dx, wc_dy) = (-(b.y - a.y) * share, (b.x - a.x) * share);
        let mut values = [a.values, b.values, c.values];
        if !outside {
            for (value, vertex) in values.iter_mut().zip([&a, &b, &c]) {
                value[3] = vertex.other_diffuse;
                value[4] = 0.0;
            }
        }
        for y in y0..y1 {
            let py = y as f32 + 0.5 - a.y;
            let mut within = false;
            for x in x0..x1 {
                let px = x as f32 + 0.5 - a.x;
                let wb = px * wb_dx + py * wb_dy;
                let wc = px * wc_dx + py * wc_dy;
                let wa = 1.0 - wb - wc;
                if wa < 0.0 || wb < 0.0 || wc < 0.0 {
                    // A row crosses a triangle once.
                    if within {
                        break;
                    }
                    continue;
                }
                within = true;
                let of = |k: usize| values[0][k] * wa + values[1][k] * wb + values[2][k] * wc;
                let i = y * self.width + x;
                let depth = of(0);
                if depth >= self.depth[i] {
                    continue;
                }
                if let Some(colour) = brush.colour([of(1), of(2)], of(3), of(4), outside) {
                    self.depth[i] = depth;
                    self.rgba[i] = colour;
                }
            }
        }
    }

    /// The frame at two thirds of its size: each pixel is the average of the one and a half pixels that it covers in
    /// each direction. The alpha of the result is the share that was covered.
    pub(crate) fn reduced(&self) -> (usize, usize, Vec<[u8; 4]>, Field) {
        let (width, height) = (self.width * 2 / 3, self.height * 2 / 3);
        let mut pixels = Vec::with_capacity(width * height);
        let mut depths = Field::new(width, height, f32::MAX);
        // The first of two source pixels, and their weights in halves.
        let source = |i: usize| (i / 2 * 3 + i % 2, if i.is_multiple_of(2) { [2, 1] } else { [1, 2] });
        for y in 0..height {
            let (top, rows) = source(y);
            for x in 0..width {
                let (left, columns) = source(x);
                let mut sum = [0_u32; 4];
                let mut nearest = f32::MAX;
                for (dy, row) in rows.into_iter().enumerate() {
                    for (dx, column) in columns.into_iter().enumerate() {
                        let i = (top + dy) * self.width + left + dx;
                        let pixel = self.rgba[i];
                        if pixel[3] > 0 {
                            for (total, value) in sum.iter_mut().zip(pixel) {
                                *total += u32::from(value) * row * column;
                            }
                            nearest = nearest.min(self.depth[i]);
                        }
                    }
                }
                let covered = sum[3] / 255;
                let share = |total: u32| total.checked_div(covered).unwrap_or(0) as u8;
                pixels.push([share(sum[0]), share(sum[1]), share(sum[2]), (sum[3] / 9) as u8]);
                depths.values[y * width + x] = nearest;
            }
        }
        (width, height, pixels, depths)
    }
}

/// What a part's pixels need, found once.
struct Brush<'a> {
    part: &'a Part,
    width: f32,
    height: f32,
    tile: Option<&'static [f32]>,
    tiles: [f32; 2],
    tile_strength: f32,
    /// Share of the reflections that is white, and that has the surface's colour.
    plain: f32,
    metal: f32,
}

impl<'a> Brush<'a> {
    fn new(part: &'a Part, px_per_unit: f32) -> Self {
        // World units per turn of u and v, from the mesh itself.
        let mut spans = [0.0_f64; 2];
        let mut steps = [0.0_f64; 2];
        for &[a, b, c] in part.mesh.triangles.iter().step_by(7) {
            for (i, j) in [(a, b), (a, c), (b, c)] {
                let (p, q) = (&part.mesh.vertices[i as usize], &part.mesh.vertices[j as usize]);
                let length = f64::from((p.at - q.at).length());
                let (du, dv) = (f64::from((p.uv[0] - q.uv[0]).abs()), f64::from((p.uv[1] - q.uv[1]).abs()));
                if du > dv * 20.0 {
                    spans[0] += length;
                    steps[0] += du;
                } else if dv > du * 20.0 {
                    spans[1] += length;
                    steps[1] += dv;
                }
            }
        }
        let units = |k: usize| if steps[k] > 0.0 { (spans[k] / steps[k]) as f32 } else { 1.0 };
        let texels_per_px = TILE as f32 / (part.finish.tile * px_per_unit).max(1e-3);
        Self {
            part,
            width: part.skin.width as f32,
            height: part.skin.height as f32,
            tile: weave_tile(part.finish.weave),
            tiles: [units(0) / part.finish.tile * TILE as f32, units(1) / part.finish.tile * TILE as f32],
            tile_strength: (1.9 - texels_per_px).clamp(0.2, 1.0),
            plain: 1.0 - part.finish.metal,
            metal: part.finish.metal * 1.3,
        }
    }

    fn colour(&self, [u, v]: [f32; 2], diffuse: f32, shine: f32, outside: bool) -> Option<[u8; 4]> {
        let rgba = self.texel(u, v)?;
        let mut body = diffuse;
        if let Some(tile) = self.tile {
            let x = (u * self.tiles[0]) as i32 as usize & (TILE - 1);
            let y = (v * self.tiles[1]) as i32 as usize & (TILE - 1);
            body *= 1.0 + (tile[y * TILE + x] - 1.0) * self.tile_strength;
        }
        let rgb = match self.part.inside {
            Some([r, g, b]) if !outside => [f32::from(r), f32::from(g), f32::from(b)],
            _ => rgba,
        };
        let tone = |value: f32| {
            let colour = value * value * (1.0 / 65025.0);
            let mut light = colour * body + shine * (self.plain + self.metal * colour);
            // A soft shoulder keeps highlights from clipping to flat white.
            if light > 0.8 {
                light = 0.8 + (light - 0.8) / (1.0 + (light - 0.8) * 2.2);
            }
            (light.max(0.0).sqrt() * 255.0 + 0.5) as u8
        };
        Some([tone(rgb[0]), tone(rgb[1]), tone(rgb[2]), 255])
    }

    fn texel(&self, u: f32, v: f32) -> Option<[f32; 3]> {
        let skin = &self.part.skin;
        let x = (u * self.width - 0.5).clamp(0.0, self.width - 1.0);
        let y = (v * self.height - 0.5).clamp(0.0, self.height - 1.0);
        let (x0, y0) = (x as usize, y as usize);
        let (tx, ty) = (x - x0 as f32, y - y0 as f32);
        let right = usize::from(x0 + 1 < skin.width) * 4;
        let below = usize::from(y0 + 1 < skin.height) * 4 * skin.width;
        let first = (y0 * skin.width + x0) * 4;
        let at = |offset: usize| -> [f32; 4] {
            let texel = &skin.rgba[first + offset..first + offset + 4];
            [f32::from(texel[0]), f32::from(texel[1]), f32::from(texel[2]), f32::from(texel[3])]
        };
        let (p, q, r, s) = (at(0), at(right), at(below), at(right + below));
        let (wp, wq, wr, ws) = ((1.0 - tx) * (1.0 - ty), tx * (1.0 - ty), (1.0 - tx) * ty, tx * ty);
        let mixed = |k: usize| p[k] * wp + q[k] * wq + r[k] * wr + s[k] * ws;
        (mixed(3) >= 127.0).then(|| [mixed(0), mixed(1), mixed(2)])
    }
}

/// Where a part's shadow falls on a plane, as a mask over a frame: each point of the mesh goes through `cast`,
/// which gives its place on the frame, or nothing when it casts no shadow there.
pub(crate) fn shadow(mask: &mut Field, part: &Part, cast: impl Fn(V3) -> Option<[f32; 2]>) {
    let points: Vec<Option<[f32; 2]>> = part.mesh.vertices.iter().map(|vertex| cast(vertex.at)).collect();
    for &[a, b, c] in &part.mesh.triangles {
        let (Some(a), Some(b), Some(c)) = (points[a as usize], points[b as usize], points[c as usize]) else {
            continue;
        };
        let low = |k: usize| (a[k].min(b[k]).min(c[k]) - 0.5).ceil().max(0.0) as usize;
        let high =
            |k: usize, end: usize| ((a[k].max(b[k]).max(c[k]) + 0.5).floor().clamp(0.0, end as f32)) as usize;
        let edge = |p: [f32; 2], q: [f32; 2], x: f32, y: f32| {
            (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])
        };
        for y in low(1)..high(1, mask.height) {
            for x in low(0)..high(0, mask.width) {
                let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
                let sides = [edge(a, b, px, py), edge(b, c, px, py), edge(c, a, px, py)];
                if sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0) {
                    mask.values[y * mask.width + x] = 1.0;
                }
            }
        }
    }
}
