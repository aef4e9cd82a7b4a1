//! Surfaces made of triangles: every product is a handful of bent grids.
//!
//! A grid maps two parameters to a point and a place on the painted sheet; revolved bodies, tubes and inflated
//! cloth are all grids. No lighting and no painting here. Neighbours: the kinds (`garment`, `shoe`, …) build
//! with it, `raster` draws it.

#![expect(clippy::indexing_slicing, reason = "grid indices are made from the grid's own dimensions")]

use super::space::{V3, v3};

/// A corner of a surface: where it is, which way it faces, and its place on the sheet (`0..1`, `y` down).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    pub(crate) at: V3,
    pub(crate) normal: V3,
    pub(crate) uv: [f32; 2],
}

/// Triangles over vertices. Counter-clockwise seen from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mesh {
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// `columns` × `rows` cells over `u`, `v` in `0..=1`.
    pub(crate) fn grid(columns: usize, rows: usize, surface: impl Fn(f32, f32) -> (V3, [f32; 2])) -> Self {
        let mut mesh = Self::default();
        for row in 0..=rows {
            for column in 0..=columns {
                let (at, uv) = surface(column as f32 / columns as f32, row as f32 / rows as f32);
                mesh.vertices.push(Vertex { at, normal: V3::default(), uv });
            }
        }
        let stride = columns as u32 + 1;
        for row in 0..rows as u32 {
            for column in 0..columns as u32 {
                let a = row * stride + column;
                let (b, c, d) = (a + 1, a + stride, a + stride + 1);
                mesh.triangles.push([a, c, b]);
                mesh.triangles.push([b, c, d]);
            }
        }
        mesh.smooth();
        mesh
    }

    /// A grid whose first and last columns meet, such as a tube: their normals are shared so that no seam shows.
    pub(crate) fn closed_grid(
        columns: usize,
        rows: usize,
        surface: impl Fn(f32, f32) -> (V3, [f32; 2]),
    ) -> Self {
        let mut mesh = Self::grid(columns, rows, surface);
        for row in 0..=rows {
            let (first, last) = (row * (columns + 1), row * (columns + 1) + columns);
            let shared = (mesh.vertices[first].normal + mesh.vertices[last].normal).unit();
            mesh.vertices[first].normal = shared;
            mesh.vertices[last].normal = shared;
        }
        mesh
    }

    /// Turns a profile of `(radius, height)` about the `y` axis. `u` runs around, starting at the back, so the
    /// middle of the sheet faces the photographer; `v` runs down the sheet by the profile's length from its
    /// first point to its last.
    pub(crate) fn revolve(profile: &[[f32; 2]], columns: usize, rows: usize) -> Self {
        let lengths = running_length(profile);
        Self::closed_grid(columns, rows, |u, v| {
            let [radius, height] = along(profile, &lengths, v);
            let angle = (u - 0.5) * std::f32::consts::TAU;
            (v3(radius * angle.sin(), height, radius * angle.cos()), [u, v])
        })
    }

    /// A tube along `spine`, `across` wide and `thick` deep; `facing` is the direction of its flat side.
    pub(crate) fn tube(spine: &[V3], across: f32, thick: f32, facing: V3) -> Self {
        let rows = (spine.len().max(2) - 1).max(1);
        let mut mesh = Self::closed_grid(14, rows, |u, v| {
            let i = ((v * rows as f32).round() as usize).min(spine.len() - 1);
            let ahead = spine[(i + 1).min(spine.len() - 1)] - spine[i.saturating_sub(1)];
            let side = facing.cross(ahead).unit();
            let out = ahead.cross(side).unit();
            let angle = u * std::f32::consts::TAU;
            // A squarish section, so that straps look flat and cords round.
            let squash = |t: f32| t.signum() * t.abs().powf(if thick < across * 0.6 { 0.55 } else { 1.0 });
            (spine[i] + side * (squash(angle.cos()) * across) + out * (squash(angle.sin()) * thick), [u, v])
        });
        mesh.face_away_from_spine(spine, rows);
        mesh
    }

    fn face_away_from_spine(&mut self, spine: &[V3], rows: usize) {
        let columns = self.vertices.len() / (rows + 1);
        let vote: f32 = self
            .vertices
            .iter()
            .enumerate()
            .map(|(i, vertex)| vertex.normal.dot(vertex.at - spine[(i / columns).min(spine.len() - 1)]))
            .sum();
        if vote < 0.0 {
            self.flip();
        }
    }

    /// Makes a roughly convex surface face away from its middle.
    pub(crate) fn outward(mut self) -> Self {
        let middle = self.vertices.iter().fold(V3::default(), |sum, v| sum + v.at)
            * (1.0 / self.vertices.len().max(1) as f32);
        if self.vertices.iter().map(|v| v.normal.dot(v.at - middle)).sum::<f32>() < 0.0 {
            self.flip();
        }
        self
    }

    /// Turns the surface inside out.
    pub(crate) fn flip(&mut self) {
        for triangle in &mut self.triangles {
            triangle.swap(1, 2);
        }
        for vertex in &mut self.vertices {
            vertex.normal = vertex.normal * -1.0;
        }
    }

    /// The mirror image, left for right.
    pub(crate) fn mirrored(&self) -> Self {
        let mut other = self.clone();
        for vertex in &mut other.vertices {
            vertex.at.x = -vertex.at.x;
            vertex.normal.x = -vertex.normal.x;
        }
        for triangle in &mut other.triangles {
            triangle.swap(1, 2);
        }
        other
    }

    /// Moves every point; the normals are found anew.
    pub(crate) fn moved(mut self, to: impl Fn(V3) -> V3) -> Self {
        for vertex in &mut self.vertices {
            vertex.at = to(vertex.at);
        }
        self.smooth();
        self
    }

    /// Forgets the vertices that no triangle uses.
    pub(crate) fn drop_unused(&mut self) {
        let mut places = vec![u32::MAX; self.vertices.len()];
        let mut kept = Vec::new();
        for corner in self.triangles.iter_mut().flatten() {
            let place = &mut places[*corner as usize];
            if *place == u32::MAX {
                *place = kept.len() as u32;
                kept.push(self.vertices[*corner as usize]);
            }
            *corner = *place;
        }
        self.vertices = kept;
    }

    /// Area-weighted vertex normals.
    pub(crate) fn smooth(&mut self) {
        for vertex in &mut self.vertices {
            vertex.normal = V3::default();
        }
        for &[a, b, c] in &self.triangles {
            let [pa, pb, pc] = [a, b, c].map(|i| self.vertices[i as usize].at);
            let normal = (pb - pa).cross(pc - pa);
            for i in [a, b, c] {
                let vertex = &mut self.vertices[i as usize];
                vertex.normal = vertex.normal + normal;
            }
        }
        for vertex in &mut self.vertices {
            vertex.normal = vertex.normal.unit();
        }
    }
}

fn running_length(points: &[[f32; 2]]) -> Vec<f32> {
    let mut lengths = vec![0.0];
    for pair in points.windows(2) {
        let step = ((pair[1][0] - pair[0][0]).powi(2) + (pair[1][1] - pair[0][1]).powi(2)).sqrt();
        lengths.push(lengths[lengths.len() - 1] + step);
    }
    lengths
}

fn along(points: &[[f32; 2]], lengths: &[f32], share: f32) -> [f32; 2] {
    let want = share * lengths[lengths.len() - 1];
    let i = lengths.partition_point(|&l| l < want).clamp(1, points.len() - 1);
    let span = (lengths[i] - lengths[i - 1]).max(1e-9);
    let t = ((want - lengths[i - 1]) / span).clamp(0.0, 1.0);
    [0, 1].map(|k| points[i - 1][k] * (1.0 - t) + points[i][k] * t)
}

/// A smooth curve through `points` (Catmull-Rom), `steps` pieces for each gap.
pub(crate) fn curve(points: &[V3], steps: usize) -> Vec<V3> {
    let last = points.len().saturating_sub(1);
    let mut out = Vec::with_capacity(last * steps + 1);
    for i in 0..last {
        let (p0, p1, p2, p3) =
            (points[i.saturating_sub(1)], points[i], points[i + 1], points[(i + 2).min(last)]);
        for step in 0..steps {
            let t = step as f32 / steps as f32;
            let (t2, t3) = (t * t, t * t * t);
            out.push(
                (p1 * 2.0
                    + (p2 - p0) * t
                    + (p0 * 2.0 - p1 * 5.0 + p2 * 4.0 - p3) * t2
                    + (p1 * 3.0 - p0 - p2 * 3.0 + p3) * t3)
                    * 0.5,
            );
        }
    }
    out.extend(points.last().copied());
    out
}

/// [`curve`] for profiles.
pub(crate) fn profile(points: &[[f32; 2]], steps: usize) -> Vec<[f32; 2]> {
    let lifted: Vec<V3> = points.iter().map(|p| v3(p[0], p[1], 0.0)).collect();
    curve(&lifted, steps).into_iter().map(|p| [p.x.max(0.0), p.y]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revolved_cylinder_faces_outwards() {
        let mesh = Mesh::revolve(&[[1.0, 1.0], [1.0, -1.0]], 24, 4).outward();
        for vertex in &mesh.vertices {
            let radial = v3(vertex.at.x, 0.0, vertex.at.z).unit();
            assert!(vertex.normal.dot(radial) > 0.99, "{vertex:?}");
        }
    }

    #[test]
    fn a_tube_faces_away_from_its_spine() {
        let spine = curve(&[v3(0.0, 0.0, 0.0), v3(0.5, 1.0, 0.0), v3(1.0, 0.0, 0.0)], 8);
        let mesh = Mesh::tube(&spine, 0.05, 0.05, v3(0.0, 0.0, 1.0));
        let outward = mesh
            .vertices
            .iter()
            .enumerate()
            .filter(|(i, vertex)| vertex.normal.dot(vertex.at - spine[i / 15]) > 0.0)
            .count();
        assert!(outward * 10 > mesh.vertices.len() * 9, "{outward} of {}", mesh.vertices.len());
    }
}
