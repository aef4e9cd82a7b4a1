//! Outlines and lines: what is cut out of a sheet and what is drawn on it.
//!
//! Shapes are written as a few corners, each with how round the line passes through it, which is how a cutter thinks
//! of a sleeve. World units, `y` up. Neighbours: `sheet` fills, strokes and cuts them.

#![expect(clippy::indexing_slicing, reason = "corners are indexed modulo their count")]

use tiny_skia::{Path, PathBuilder, Transform};

/// An outline or a line on a sheet. One with no extent is empty and draws nothing.
#[derive(Clone, Debug)]
pub(crate) struct Shape(pub(super) Option<Path>);

/// A corner of a shape: x, y and how round the line passes through it (0 a corner, 1 a smooth bend).
pub(crate) type Corner = (f32, f32, f32);

impl Shape {
    /// A closed outline.
    pub(crate) fn outline(corners: &[Corner]) -> Self {
        trace(corners, true)
    }

    /// The outline that `half` (the right half, from its top on the middle line to its bottom) makes with its
    /// mirror image.
    pub(crate) fn symmetric(half: &[Corner]) -> Self {
        Self::outline(&mirror(half))
    }

    /// An open line.
    pub(crate) fn line(corners: &[Corner]) -> Self {
        trace(corners, false)
    }

    pub(crate) fn rect(x: f32, y: f32, width: f32, height: f32) -> Self {
        let (a, b) = (width / 2.0, height / 2.0);
        Self::outline(&[(x - a, y - b, 0.0), (x + a, y - b, 0.0), (x + a, y + b, 0.0), (x - a, y + b, 0.0)])
    }

    pub(crate) fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Self {
        let (a, b) = (width / 2.0, height / 2.0);
        let mut path = PathBuilder::new();
        let (k, r) = (radius * 0.448, radius.min(a).min(b));
        path.move_to(x - a + r, y - b);
        for (cx, cy, dx, dy) in [(a, -b, 1.0, 0.0), (a, b, 0.0, 1.0), (-a, b, -1.0, 0.0), (-a, -b, 0.0, -1.0)]
        {
            // Towards the corner along (dx, dy), then away from it a quarter turn to the left.
            let (px, py) = (x + cx, y + cy);
            path.line_to(px - dx * r, py - dy * r);
            path.cubic_to(px - dx * k, py - dy * k, px - dy * k, py + dx * k, px - dy * r, py + dx * r);
        }
        path.close();
        Self(path.finish())
    }

    pub(crate) fn circle(x: f32, y: f32, radius: f32) -> Self {
        Self(PathBuilder::from_circle(x, y, radius))
    }

    /// Turned by `angle` (radians, counter-clockwise) and scaled about the origin, then moved.
    pub(crate) fn placed(&self, x: f32, y: f32, scale: f32, angle: f32) -> Self {
        let (s, c) = angle.sin_cos();
        let place = Transform::from_row(c * scale, s * scale, -s * scale, c * scale, x, y);
        Self(self.0.clone().and_then(|path| path.transform(place)))
    }
}

/// See [`Shape::symmetric`].
pub(crate) fn mirror(half: &[Corner]) -> Vec<Corner> {
    let other = half.iter().rev().filter(|corner| corner.0.abs() > 1e-5).map(|&(x, y, round)| (-x, y, round));
    half.iter().copied().chain(other).collect()
}

fn trace(corners: &[Corner], closed: bool) -> Shape {
    let count = corners.len();
    if count < 2 {
        return Shape(None);
    }
    let at = |i: usize| corners[i % count];
    // Direction through a corner, along the chord of its neighbours.
    let through = |i: usize| {
        let before = if closed || i > 0 { at(i + count - 1) } else { at(i) };
        let after = if closed || i + 1 < count { at(i + 1) } else { at(i) };
        let (dx, dy) = (after.0 - before.0, after.1 - before.1);
        let length = (dx * dx + dy * dy).sqrt().max(1e-9);
        (dx / length, dy / length)
    };
    let mut path = PathBuilder::new();
    path.move_to(at(0).0, at(0).1);
    for i in 0..if closed { count } else { count - 1 } {
        let (a, b) = (at(i), at(i + 1));
        let reach = ((b.0 - a.0).powi(2) + (b.1 - a.1).powi(2)).sqrt() * 0.36;
        let (da, db) = (through(i), through((i + 1) % count));
        let (out, into) = (reach * a.2, reach * b.2);
        path.cubic_to(a.0 + da.0 * out, a.1 + da.1 * out, b.0 - db.0 * into, b.1 - db.1 * into, b.0, b.1);
    }
    if closed {
        path.close();
    }
    Shape(path.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_without_extent_are_empty_and_others_cover_what_they_say() {
        assert!(Shape::outline(&[]).0.is_none());
        assert!(Shape::line(&[(0.0, 0.0, 0.0)]).0.is_none());
        let bounds = Shape::rounded(1.0, 2.0, 0.4, 0.2, 0.05).0.unwrap().bounds();
        let close = |a: f32, b: f32| (a - b).abs() < 1e-5;
        assert!(close(bounds.left(), 0.8) && close(bounds.right(), 1.2), "{bounds:?}");
        assert!(close(bounds.top(), 1.9) && close(bounds.bottom(), 2.1), "{bounds:?}");
    }

    #[test]
    fn a_mirrored_half_keeps_one_corner_on_the_middle_line() {
        let whole = mirror(&[(0.0, 1.0, 0.0), (0.5, 0.5, 1.0), (0.0, -1.0, 0.0)]);
        assert_eq!(whole, [(0.0, 1.0, 0.0), (0.5, 0.5, 1.0), (0.0, -1.0, 0.0), (-0.5, 0.5, 1.0)]);
    }
}
