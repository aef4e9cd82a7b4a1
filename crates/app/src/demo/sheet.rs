//! A flat sheet that a product is painted on and cut out of, before it is bent into shape.
//!
//! Shapes, cloth, stitching and soft creases go on here with tiny-skia; `inflate` then gives the cut-out a belly
//! and folds. World units with `y` up; the sheet's own pixels are `y` down. Light is added later, by `raster`.

#![expect(clippy::indexing_slicing, reason = "pixel loops run inside the sheet's own width and height")]

use std::sync::Arc;

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Mask, Paint, Pixmap, Stroke, StrokeDash, Transform};

use super::dice::{clouds, noise};
use super::field::Field;
use super::mesh::Mesh;
use super::palette::Rgb;
use super::pattern::{Cloth, Pattern};
use super::shape::Shape;
use super::space::v3;

/// Painted colours, ready to be wrapped on a mesh. RGBA, not premultiplied; alpha below one half is cut away.
#[derive(Clone, Debug)]
pub(crate) struct Skin {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgba: Vec<u8>,
}

impl Skin {
    pub(crate) fn flat(rgb: Rgb) -> Arc<Self> {
        Arc::new(Self { width: 1, height: 1, rgba: vec![rgb[0], rgb[1], rgb[2], 255] })
    }
}

/// A fold of cloth: a soft ridge (or, with a negative height, a valley) along a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    pub(crate) from: [f32; 2],
    pub(crate) to: [f32; 2],
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// How a cut-out swells when it is worn or filled.
#[derive(Clone, Debug)]
pub(crate) struct Belly {
    /// Height in the middle, in world units; negative for the side away from the photographer.
    pub(crate) depth: f32,
    /// The distance from the edge over which it rises.
    pub(crate) round: f32,
    pub(crate) folds: Vec<Fold>,
    /// Height of random creases.
    pub(crate) crumple: f32,
    pub(crate) seed: u32,
}

/// A sheet of `width` × `height` world units around `(0, 0)`.
pub(crate) struct Sheet {
    width: f32,
    height: f32,
    px_per_unit: f32,
    paint: Pixmap,
    /// What has been cut out; everything while nothing has.
    cut: Option<Mask>,
}

impl Sheet {
    /// At least one pixel each way; `base` covers it all.
    pub(crate) fn new(width: f32, height: f32, px_per_unit: f32, base: Rgb) -> Option<Self> {
        let px = |units: f32| ((units * px_per_unit).round() as u32).clamp(1, 4096);
        let mut paint = Pixmap::new(px(width), px(height))?;
        paint.fill(Color::from_rgba8(base[0], base[1], base[2], 255));
        Some(Self { width, height, px_per_unit, paint, cut: None })
    }

    fn to_pixels(&self) -> Transform {
        let s = self.px_per_unit;
        Transform::from_row(s, 0.0, 0.0, -s, self.width * s / 2.0, self.height * s / 2.0)
    }

    /// The place of a point of the sheet on its skin.
    pub(crate) fn uv(&self, x: f32, y: f32) -> [f32; 2] {
        [x / self.width + 0.5, 0.5 - y / self.height]
    }

    fn mask(&self, shape: &Shape) -> Option<Mask> {
        let mut mask = Mask::new(self.paint.width(), self.paint.height())?;
        if let Shape(Some(path)) = shape {
            mask.fill_path(path, FillRule::Winding, true, self.to_pixels());
        }
        Some(mask)
    }

    /// Keeps what lies inside any of the shapes cut so far.
    pub(crate) fn cut(&mut self, shape: &Shape) {
        let to_pixels = self.to_pixels();
        if self.cut.is_none() {
            self.cut = Mask::new(self.paint.width(), self.paint.height());
        }
        if let (Some(mask), Shape(Some(path))) = (&mut self.cut, shape) {
            mask.fill_path(path, FillRule::Winding, true, to_pixels);
        }
    }

    /// Takes a hole out of what has been cut.
    pub(crate) fn hole(&mut self, shape: &Shape) {
        let Some(hole) = self.mask(shape) else { return };
        if let Some(cut) = &mut self.cut {
            for (keep, gone) in cut.data_mut().iter_mut().zip(hole.data()) {
                *keep = (*keep).min(255 - gone);
            }
        }
    }

    /// Covers `shape` with cloth whose threads are turned by `turn` radians about `(x, y)`.
    pub(crate) fn cloth(&mut self, shape: &Shape, cloth: &Cloth, [x, y]: [f32; 2], turn: f32) {
        if cloth.pattern == Pattern::Plain {
            return self.fill(shape, cloth.base, 1.0);
        }
        let Some(mut mask) = self.mask(shape) else { return };
        if let Some(cut) = &self.cut {
            // What has been cut away is never seen, and patterns take time.
            for (cover, &kept) in mask.data_mut().iter_mut().zip(cut.data()) {
                *cover = if kept == 0 { 0 } else { *cover };
            }
        }
        let (s, c) = turn.sin_cos();
        let (width, unit) = (self.paint.width() as usize, 1.0 / self.px_per_unit);
        let (left, top) = (-self.width / 2.0, self.height / 2.0);
        let pixels = self.paint.data_mut();
        for (i, &cover) in mask.data().iter().enumerate() {
            if cover == 0 {
                continue;
            }
            let dx = left + ((i % width) as f32 + 0.5) * unit - x;
            let dy = top - ((i / width) as f32 + 0.5) * unit - y;
            let colour = cloth.at(dx * c + dy * s, dy * c - dx * s, unit);
            let pixel = &mut pixels[i * 4..i * 4 + 3];
            for (old, new) in pixel.iter_mut().zip(colour) {
                *old = ((u32::from(*old) * u32::from(255 - cover) + u32::from(new) * u32::from(cover)) / 255)
                    as u8;
            }
        }
    }

    fn paint_of(rgb: Rgb, alpha: f32) -> Paint<'static> {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color_rgba8(rgb[0], rgb[1], rgb[2], (alpha.clamp(0.0, 1.0) * 255.0) as u8);
        paint
    }

    pub(crate) fn fill(&mut self, shape: &Shape, rgb: Rgb, alpha: f32) {
        let to_pixels = self.to_pixels();
        if let Shape(Some(path)) = shape {
            self.paint.fill_path(path, &Self::paint_of(rgb, alpha), FillRule::Winding, to_pixels, None);
        }
    }

    pub(crate) fn stroke(&mut self, shape: &Shape, width: f32, rgb: Rgb, alpha: f32) {
        self.draw(shape, width, rgb, alpha, None);
    }

    /// Stitches: dashes a little lighter or darker than what they hold.
    pub(crate) fn stitch(&mut self, shape: &Shape, rgb: Rgb) {
        self.draw(shape, 0.0032, rgb, 0.75, StrokeDash::new(vec![0.009, 0.005], 0.0));
    }

    fn draw(&mut self, shape: &Shape, width: f32, rgb: Rgb, alpha: f32, dash: Option<StrokeDash>) {
        let stroke =
            Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, dash, ..Stroke::default() };
        let to_pixels = self.to_pixels();
        if let Shape(Some(path)) = shape {
            self.paint.stroke_path(path, &Self::paint_of(rgb, alpha), &stroke, to_pixels, None);
        }
    }

    /// A soft line `width` wide: a shadow in a crease, or with white, light along an edge.
    pub(crate) fn soft(&mut self, shape: &Shape, width: f32, rgb: Rgb, alpha: f32) {
        for step in 1..=4 {
            self.draw(shape, width * step as f32 / 4.0, rgb, alpha / 4.0, None);
        }
    }

    /// A seam: a dark line in a soft shadow.
    pub(crate) fn seam(&mut self, shape: &Shape, base: Rgb) {
        let dark = super::palette::tone(base, -0.55);
        self.soft(shape, 0.022, dark, 0.3);
        self.stroke(shape, 0.003, dark, 0.6);
    }

    /// The painted colours with what was not cut out made transparent.
    pub(crate) fn skin(&self) -> Arc<Skin> {
        let mut rgba = self.paint.data().to_vec();
        if let Some(cut) = &self.cut {
            for (pixel, &alpha) in rgba.chunks_exact_mut(4).zip(cut.data()) {
                pixel[3] = alpha;
            }
        }
        Arc::new(Skin { width: self.paint.width() as usize, height: self.paint.height() as usize, rgba })
    }

    /// A surface over the sheet that rises from the edge of `form`. Holes and hems inside `form` do not sink: a
    /// hem is open because the form goes on beyond the cut.
    pub(crate) fn inflate(&self, form: &Shape, belly: &Belly) -> Mesh {
        let unit = self.width.max(self.height) / 104.0;
        let columns = (self.width / unit).ceil().max(2.0) as usize;
        let rows = (self.height / unit).ceil().max(2.0) as usize;
        let heights = self.heights(form, belly, columns, rows);
        let sign = if belly.depth < 0.0 { -1.0 } else { 1.0 };
        let mut mesh = Mesh::grid(columns, rows, |u, v| {
            let (x, y) = ((u - 0.5) * self.width, (0.5 - v) * self.height);
            let z = heights.sample(u * columns as f32, v * rows as f32) * sign;
            (v3(x, y, z), [u, v])
        });
        self.drop_unseen(&mut mesh);
        mesh.drop_unused();
        if sign < 0.0 {
            mesh.flip();
        }
        mesh
    }

    fn heights(&self, form: &Shape, belly: &Belly, columns: usize, rows: usize) -> Field {
        let unit = self.width / columns as f32;
        let mut inside = Field::new(columns + 1, rows + 1, 0.0);
        if let (Some(mut mask), Shape(Some(path))) = (Mask::new(columns as u32 + 1, rows as u32 + 1), form) {
            let per = 1.0 / unit;
            let place =
                Transform::from_row(per, 0.0, 0.0, -per, columns as f32 / 2.0 + 0.5, rows as f32 / 2.0 + 0.5);
            mask.fill_path(path, FillRule::Winding, true, place);
            for (value, &cover) in inside.values.iter_mut().zip(mask.data()) {
                *value = f32::from(cover) / 255.0;
            }
        }
        let depth = inside.depth_inside();
        let mut heights = Field::new(columns + 1, rows + 1, 0.0);
        for (height, cells) in heights.values.iter_mut().zip(&depth.values) {
            let t = ((cells - 0.5).max(0.0) * unit / belly.round).min(1.0);
            *height = belly.depth.abs() * (1.0 - (1.0 - t) * (1.0 - t)).sqrt();
        }
        heights.blur(((belly.round / unit) * 0.16) as usize + 1);
        let mut near = depth.clone();
        near.blur(1);
        // Blurring lifts the edge; it has to come back to zero there, where front and back meet.
        for (height, cells) in heights.values.iter_mut().zip(&near.values) {
            *height *= ((cells - 0.7) / 3.0).clamp(0.0, 1.0).sqrt();
        }
        for row in 0..=rows {
            for column in 0..=columns {
                let (x, y) = (
                    (column as f32 / columns as f32 - 0.5) * self.width,
                    (0.5 - row as f32 / rows as f32) * self.height,
                );
                let i = row * (columns + 1) + column;
                let rise = (depth.values[i] * unit / belly.round * 1.6).min(1.0);
                let mut extra = 0.0;
                for fold in &belly.folds {
                    extra += fold.at(x, y);
                }
                if belly.crumple > 0.0 {
                    let (bend_x, bend_y) =
                        (noise(x * 7.0, y * 7.0, belly.seed), noise(x * 7.0 + 9.0, y * 7.0, belly.seed));
                    extra += belly.crumple
                        * (clouds(x * 5.0 + bend_x * 1.4, y * 4.0 + bend_y * 1.4, belly.seed + 5) - 0.5);
                }
                heights.values[i] += extra * rise;
            }
        }
        heights
    }

    /// Leaves out triangles that lie wholly outside the cut.
    fn drop_unseen(&self, mesh: &mut Mesh) {
        let Some(cut) = &self.cut else { return };
        let (width, height) = (cut.width() as usize, cut.height() as usize);
        let (u_step, v_step) = {
            let columns = (self.width / (self.width.max(self.height) / 104.0)).ceil().max(2.0);
            let rows = (self.height / (self.width.max(self.height) / 104.0)).ceil().max(2.0);
            ((width as f32 / columns) as usize + 1, (height as f32 / rows) as usize + 1)
        };
        let (vertices, data) = (&mesh.vertices, cut.data());
        mesh.triangles.retain(|&[a, b, c]| {
            let uv = [a, b, c].map(|i| vertices[i as usize].uv);
            let x = (uv.iter().fold(1.0_f32, |m, p| m.min(p[0])) * width as f32) as usize;
            let y = (uv.iter().fold(1.0_f32, |m, p| m.min(p[1])) * height as f32) as usize;
            (y..=(y + v_step).min(height - 1))
                .any(|py| (x..=(x + u_step).min(width - 1)).any(|px| data[py * width + px] > 100))
        });
    }
}

impl Fold {
    fn at(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (self.to[0] - self.from[0], self.to[1] - self.from[1]);
        let length = (dx * dx + dy * dy).sqrt().max(1e-6);
        let (px, py) = (x - self.from[0], y - self.from[1]);
        let along = (px * dx + py * dy) / (length * length);
        if !(-0.4..=1.4).contains(&along) {
            return 0.0;
        }
        // A slight bow, so that folds are not ruled lines.
        let bow = 0.06 * length * (along * std::f32::consts::PI).sin();
        let across =
            ((px * dy - py * dx) / length - bow) / (self.width * (0.6 + 0.7 * along.clamp(0.0, 1.0)));
        if across.abs() > 3.0 {
            return 0.0;
        }
        let fade = (1.0 - ((along - 0.35) / 1.0).powi(2)).max(0.0);
        // A ridge with a shallower valley beside it.
        let ridge = (-across * across).exp() - 0.55 * (-(across - 1.3) * (across - 1.3)).exp();
        self.height * fade * ridge
    }
}
