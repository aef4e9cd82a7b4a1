//! Points, directions and the camera that photographs a product.
//!
//! World units: a product is about one unit tall or wide, `y` up, `z` towards the photographer. The camera
//! is a pinhole far away (a long lens), which keeps straight edges straight the way product photos do.
//! Neighbours: `mesh` builds in this space, `raster` and `backdrop` look through the camera.

use std::ops::{Add, Mul, Sub};

/// A point or direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct V3 {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

pub(crate) const fn v3(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

impl Add for V3 {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        v3(self.x + o.x, self.y + o.y, self.z + o.z)
    }
}

impl Sub for V3 {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        v3(self.x - o.x, self.y - o.y, self.z - o.z)
    }
}

impl Mul<f32> for V3 {
    type Output = Self;
    fn mul(self, k: f32) -> Self {
        v3(self.x * k, self.y * k, self.z * k)
    }
}

impl V3 {
    pub(crate) fn dot(self, o: Self) -> f32 {
        self.x * o.x + self.y * o.y + self.z * o.z
    }

    pub(crate) fn cross(self, o: Self) -> Self {
        v3(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The direction of `self`; towards the photographer when `self` has no length.
    pub(crate) fn unit(self) -> Self {
        let length = self.length();
        if length > 1e-12 { self * (1.0 / length) } else { v3(0.0, 0.0, 1.0) }
    }
}

/// Where the photographer stands, and the frame they see. Screen units are pixels, `y` down.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    right: V3,
    up: V3,
    toward: V3,
    distance: f32,
    focal_px: f32,
    centre_px: [f32; 2],
}

impl Camera {
    /// Angles in radians: `yaw` walks around the product to its right, `pitch` looks down on it, `roll` tilts
    /// the frame. `distance` is in world units from the origin.
    pub(crate) fn new(yaw: f32, pitch: f32, roll: f32, distance: f32) -> Self {
        let (sy, cy) = yaw.sin_cos();
        let (sp, cp) = pitch.sin_cos();
        let (sr, cr) = roll.sin_cos();
        let toward = v3(sy * cp, sp, cy * cp);
        let right = v3(cy, 0.0, -sy);
        let up = toward.cross(right);
        Self {
            right: right * cr + up * sr,
            up: up * cr - right * sr,
            toward,
            distance,
            focal_px: 1.0,
            centre_px: [0.0, 0.0],
        }
    }

    /// Rotates a world direction into the camera's own axes (`z` towards the photographer).
    pub(crate) fn turn(&self, p: V3) -> V3 {
        v3(self.right.dot(p), self.up.dot(p), self.toward.dot(p))
    }

    /// The inverse of [`Camera::turn`].
    pub(crate) fn unturn(&self, p: V3) -> V3 {
        self.right * p.x + self.up * p.y + self.toward * p.z
    }

    /// Screen x and y in pixels, and the distance from the lens in world units.
    pub(crate) fn project(&self, p: V3) -> [f32; 3] {
        let t = self.turn(p);
        let depth = (self.distance - t.z).max(0.05);
        let k = self.focal_px / depth;
        [self.centre_px[0] + t.x * k, self.centre_px[1] - t.y * k, depth]
    }

    /// The lens and the direction that the pixel looks in, both in world axes.
    pub(crate) fn ray(&self, x: f32, y: f32) -> (V3, V3) {
        let d = v3((x - self.centre_px[0]) / self.focal_px, (self.centre_px[1] - y) / self.focal_px, -1.0);
        (self.toward * self.distance, self.unturn(d).unit())
    }

    /// Pixels per world unit at the origin.
    pub(crate) fn scale(&self) -> f32 {
        self.focal_px / self.distance
    }

    /// Zooms and shifts so that all `points` fill the share `fill` of a frame of `width` × `height` pixels.
    pub(crate) fn fit(&mut self, points: impl Iterator<Item = V3>, [width, height]: [f32; 2], fill: f32) {
        self.focal_px = 1.0;
        self.centre_px = [0.0, 0.0];
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for point in points {
            let [x, y, _] = self.project(point);
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
        let size = [(high[0] - low[0]).max(1e-3), (high[1] - low[1]).max(1e-3)];
        self.focal_px = fill * (width / size[0]).min(height / size[1]);
        self.centre_px = [
            width / 2.0 - self.focal_px * (low[0] + high[0]) / 2.0,
            height / 2.0 - self.focal_px * (low[1] + high[1]) / 2.0,
        ];
    }

    /// Zooms by `zoom` with `point` brought to the middle of the frame.
    pub(crate) fn close_up(&mut self, point: V3, zoom: f32, [width, height]: [f32; 2]) {
        self.focal_px *= zoom;
        let [x, y, _] = self.project(point);
        self.shift(width / 2.0 - x, height / 2.0 - y);
    }

    pub(crate) fn shift(&mut self, dx: f32, dy: f32) {
        self.centre_px = [self.centre_px[0] + dx, self.centre_px[1] + dy];
    }

    /// The same view on a frame `factor` times as large.
    pub(crate) fn scaled(&self, factor: f32) -> Self {
        let mut other = self.clone();
        other.focal_px *= factor;
        other.centre_px = [self.centre_px[0] * factor, self.centre_px[1] * factor];
        other
    }
}
