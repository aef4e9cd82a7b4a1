//! A grid of numbers: heights, depths, shadows. Blurring, distances and sampling, nothing about colour.
//!
//! Neighbours: `sheet` inflates outlines with it, `shading` blurs shadows with it.

#![expect(clippy::indexing_slicing, reason = "every index is made from the grid's own width and height")]

/// `width` × `height` numbers, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Field {
    pub(crate) fn new(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    /// Three box blurs of the given radius in cells: close to a Gaussian.
    pub(crate) fn blur(&mut self, radius: usize) {
        if radius == 0 || self.width == 0 || self.height == 0 {
            return;
        }
        let mut line = vec![0.0; self.width.max(self.height)];
        for _ in 0..3 {
            for y in 0..self.height {
                box_blur(&mut self.values, y * self.width, 1, self.width, radius, &mut line);
            }
            self.blur_columns(radius);
        }
    }

    /// Down all columns at once, so that memory is walked row by row.
    fn blur_columns(&mut self, radius: usize) {
        let (width, height) = (self.width, self.height);
        let source = self.values.clone();
        let mut sums = vec![0.0_f32; width];
        let row = |y: isize| (y.clamp(0, height as isize - 1) as usize) * width;
        let reach = radius as isize;
        for y in -reach..=reach {
            let start = row(y);
            for (sum, value) in sums.iter_mut().zip(&source[start..start + width]) {
                *sum += value;
            }
        }
        let share = 1.0 / (2 * radius + 1) as f32;
        for y in 0..height as isize {
            let (enter, leave, at) = (row(y + reach + 1), row(y - reach), row(y));
            for x in 0..width {
                self.values[at + x] = sums[x] * share;
                sums[x] += source[enter + x] - source[leave + x];
            }
        }
    }

    /// Bilinear, with the edge repeated; `x`, `y` in cells.
    pub(crate) fn sample(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
        let (tx, ty) = (x - x0 as f32, y - y0 as f32);
        let at = |x: usize, y: usize| self.values[y * self.width + x];
        (at(x0, y0) * (1.0 - tx) + at(x1, y0) * tx) * (1.0 - ty)
            + (at(x0, y1) * (1.0 - tx) + at(x1, y1) * tx) * ty
    }

    /// For cells above one half, the distance in cells to the nearest cell that is not (Felzenszwalb and
    /// Huttenlocher 2012); zero elsewhere. The world outside the grid counts as empty.
    pub(crate) fn depth_inside(&self) -> Self {
        let far = (self.width * self.width + self.height * self.height) as f32;
        let mut out = Self::new(self.width + 2, self.height + 2, 0.0);
        for y in 0..self.height {
            for x in 0..self.width {
                if self.values[y * self.width + x] > 0.5 {
                    out.values[(y + 1) * out.width + x + 1] = far;
                }
            }
        }
        let mut line = Vec::new();
        for y in 0..out.height {
            lower_envelope(&mut out.values, y * out.width, 1, out.width, &mut line);
        }
        for x in 0..out.width {
            lower_envelope(&mut out.values, x, out.width, out.height, &mut line);
        }
        let mut inner = Self::new(self.width, self.height, 0.0);
        for y in 0..self.height {
            for x in 0..self.width {
                inner.values[y * self.width + x] = out.values[(y + 1) * out.width + x + 1].sqrt();
            }
        }
        inner
    }
}

fn box_blur(values: &mut [f32], start: usize, step: usize, count: usize, radius: usize, line: &mut [f32]) {
    for (i, slot) in line.iter_mut().enumerate().take(count) {
        *slot = values[start + i * step];
    }
    let last = count as isize - 1;
    let at = |i: isize| line[i.clamp(0, last) as usize];
    let reach = radius as isize;
    let mut sum: f32 = (-reach..=reach).map(at).sum();
    let share = 1.0 / (2 * radius + 1) as f32;
    for i in 0..count as isize {
        values[start + i as usize * step] = sum * share;
        sum += at(i + reach + 1) - at(i - reach);
    }
}

fn lower_envelope(values: &mut [f32], start: usize, step: usize, count: usize, line: &mut Vec<f32>) {
    line.clear();
    line.extend((0..count).map(|i| values[start + i * step]));
    let mut roots: Vec<usize> = Vec::with_capacity(count);
    let mut bounds: Vec<f32> = Vec::with_capacity(count + 1);
    for q in 0..count {
        let height = |i: usize| line[i] + (i * i) as f32;
        let mut from = f32::MIN;
        while let (Some(&r), Some(&bound)) = (roots.last(), bounds.last()) {
            let crossing = (height(q) - height(r)) / (2 * (q - r)) as f32;
            if crossing > bound {
                from = crossing;
                break;
            }
            roots.pop();
            bounds.pop();
        }
        roots.push(q);
        bounds.push(from);
    }
    let mut k = 0;
    for q in 0..count {
        while k + 1 < bounds.len() && bounds[k + 1] < q as f32 {
            k += 1;
        }
        let gap = q as f32 - roots[k] as f32;
        values[start + q * step] = gap * gap + line[roots[k]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_grow_from_the_edge_of_a_square() {
        let mut field = Field::new(9, 9, 0.0);
        for y in 2..7 {
            for x in 2..7 {
                field.values[y * 9 + x] = 1.0;
            }
        }
        let depth = field.depth_inside();
        assert_eq!(depth.values[4 * 9 + 4], 3.0);
        assert_eq!(depth.values[2 * 9 + 4], 1.0);
        assert_eq!(depth.values[0], 0.0);
    }

    #[test]
    fn blurring_keeps_the_sum_away_from_the_edges() {
        let mut field = Field::new(21, 21, 0.0);
        field.values[10 * 21 + 10] = 1.0;
        field.blur(2);
        let sum: f32 = field.values.iter().sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        assert!(field.values[10 * 21 + 10] > field.values[10 * 21 + 12]);
    }
}
