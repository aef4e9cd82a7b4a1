//! Patterns that repeat over cloth, glaze and leather: a colour for every point of a flat sheet.
//!
//! Points are in world units, so a pattern keeps its size whatever it is painted on. One-off motifs are
//! `print`; thread and grain, which are finer than a pixel, are `shading`'s weaves.

use super::dice::{Dice, cell, clouds, noise, ramp};
use super::palette::{Rgb, mix, partner, tone};

/// What repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Plain,
    Marl,
    Stripes,
    Pinstripes,
    WideStripes,
    Gingham,
    Tartan,
    Windowpane,
    Dots,
    SmallDots,
    Herringbone,
    Chevron,
    Floral,
    Leaves,
    Camouflage,
    Argyle,
    Ombre,
    Terrazzo,
    TieDye,
}

impl Pattern {
    /// As it stands in the catalog's `pattern` column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Marl => "marl",
            Self::Stripes => "striped",
            Self::Pinstripes => "pinstriped",
            Self::WideStripes => "wide stripes",
            Self::Gingham => "gingham",
            Self::Tartan => "tartan",
            Self::Windowpane => "windowpane check",
            Self::Dots => "polka dots",
            Self::SmallDots => "pin dots",
            Self::Herringbone => "herringbone",
            Self::Chevron => "chevron",
            Self::Floral => "floral",
            Self::Leaves => "leaf print",
            Self::Camouflage => "camouflage",
            Self::Argyle => "argyle",
            Self::Ombre => "ombre",
            Self::Terrazzo => "speckled",
            Self::TieDye => "tie-dye",
        }
    }
}

/// A pattern in its colours: what a colour variant of a design changes.
#[derive(Clone, Debug)]
pub(crate) struct Cloth {
    pub(crate) base: Rgb,
    pub(crate) accent: Rgb,
    pub(crate) third: Rgb,
    pub(crate) pattern: Pattern,
    /// World units of one repeat.
    pub(crate) repeat: f32,
    pub(crate) seed: u32,
}

impl Cloth {
    pub(crate) fn plain(base: Rgb) -> Self {
        Self { base, accent: base, third: base, pattern: Pattern::Plain, repeat: 0.1, seed: 0 }
    }

    /// `pattern` on `base`; the partner colours come from `dice`, and so differ from one base to the next.
    pub(crate) fn new(dice: &mut Dice, base: Rgb, pattern: Pattern) -> Self {
        let repeat = dice.between(0.8, 1.35)
            * match pattern {
                Pattern::Pinstripes => 0.035,
                Pattern::SmallDots | Pattern::Herringbone => 0.042,
                Pattern::Gingham => 0.055,
                Pattern::Stripes | Pattern::Dots | Pattern::Chevron => 0.085,
                Pattern::WideStripes | Pattern::Windowpane | Pattern::Leaves => 0.13,
                Pattern::Terrazzo => 0.05,
                Pattern::Floral => 0.12,
                Pattern::Argyle => 0.16,
                Pattern::Tartan => 0.2,
                Pattern::Camouflage => 0.18,
                Pattern::Ombre | Pattern::TieDye => 0.9,
                Pattern::Plain | Pattern::Marl => 0.1,
            };
        let seed = (dice.bits() >> 33) as u32;
        let accent = partner(dice, base);
        let third = partner(dice, base);
        Self { base, accent, third, pattern, repeat, seed }
    }

    /// The colour at `(x, y)`; `soft` is the width of one pixel in world units, over which edges are smoothed.
    pub(crate) fn at(&self, x: f32, y: f32, soft: f32) -> Rgb {
        let r = self.repeat;
        let edge = (soft / r).clamp(0.004, 0.5);
        // Position within the repeat, and how much of a band of the given share covers it.
        let band = |p: f32, share: f32| {
            let t = (p / r).rem_euclid(1.0);
            let inside = share / 2.0 - (t - 0.5).abs();
            ramp(-edge, edge, inside)
        };
        match self.pattern {
            Pattern::Plain => self.base,
            Pattern::Marl => {
                let fleck = noise(x * 260.0, y * 90.0, self.seed) - 0.5
                    + 0.6 * (clouds(x * 30.0, y * 30.0, self.seed) - 0.5);
                tone(self.base, fleck * 0.34)
            }
            Pattern::Stripes => mix(self.base, self.accent, band(y, 0.36)),
            Pattern::Pinstripes => mix(self.base, self.accent, band(x, 0.14) * 0.85),
            Pattern::WideStripes => {
                mix(mix(self.base, self.accent, band(y, 0.42)), self.third, band(y + r * 0.5, 0.1))
            }
            Pattern::Gingham => mix(self.base, self.accent, (band(x, 0.5) + band(y, 0.5)) * 0.42),
            Pattern::Windowpane => mix(self.base, self.accent, band(x, 0.05).max(band(y, 0.05))),
            Pattern::Tartan => {
                let way = |p: f32| {
                    let ground = mix(self.base, self.accent, band(p, 0.38));
                    let ground = mix(ground, self.third, band(p, 0.05));
                    mix(ground, tone(self.base, 0.65), band(p + r * 0.5, 0.035))
                };
                // The twill lets one set of threads show on half of the diagonals.
                let twill = 0.5 + 0.12 * ((x + y) * 900.0).sin();
                mix(way(x), way(y), twill)
            }
            Pattern::Dots | Pattern::SmallDots => {
                let row = (y / r).floor();
                let (px, py) = ((x / r + row * 0.5).rem_euclid(1.0) - 0.5, (y / r).rem_euclid(1.0) - 0.5);
                mix(self.base, self.accent, ramp(-edge, edge, 0.27 - (px * px + py * py).sqrt()))
            }
            Pattern::Herringbone | Pattern::Chevron => {
                let zig = ((x / r).rem_euclid(2.0) - 1.0).abs();
                let share = if self.pattern == Pattern::Chevron { 0.5 } else { 0.42 };
                let slant = if self.pattern == Pattern::Chevron { 0.8 } else { 1.0 };
                let line = band((y / r + zig * slant) * r, share);
                mix(self.base, self.accent, line * if self.pattern == Pattern::Chevron { 1.0 } else { 0.7 })
            }
            Pattern::Floral => self.flowers(x / r, y / r, edge),
            Pattern::Leaves => self.leaves(x / r, y / r, edge),
            Pattern::Camouflage => {
                let (u, v) = (x / r, y / r);
                let first = ramp(0.50 - edge, 0.50 + edge, clouds(u * 1.5, v * 2.0, self.seed));
                let second = ramp(0.57 - edge, 0.57 + edge, clouds(u * 1.7 + 9.0, v * 2.2, self.seed + 7));
                let third = ramp(0.62 - edge, 0.62 + edge, clouds(u * 2.0 - 5.0, v * 2.4, self.seed + 19));
                let one = mix(self.base, tone(self.base, -0.4), first);
                let two = mix(one, tone(mix(self.base, self.accent, 0.3), 0.25), second);
                mix(two, tone(self.base, -0.75), third)
            }
            Pattern::Argyle => {
                let (u, v) = (x / r, y / (r * 1.5));
                let diamond = |u: f32, v: f32| {
                    ((u.rem_euclid(1.0) - 0.5).abs() + (v.rem_euclid(1.0) - 0.5).abs()) - 0.5
                };
                let odd = (u.floor() as i32).rem_euclid(2) == 0;
                let colour = if odd { self.accent } else { self.third };
                let ground = mix(self.base, colour, ramp(-edge, edge, -diamond(u, v)) * 0.9);
                let thread = diamond(u + 0.5, v + 0.5).abs();
                mix(ground, tone(self.base, 0.7), ramp(0.03 + edge, 0.02, thread) * 0.8)
            }
            Pattern::Ombre => mix(
                tone(self.base, 0.05),
                self.accent,
                ramp(-0.42, 0.42, -y + 0.03 * noise(x * 6.0, y * 6.0, self.seed)),
            ),
            Pattern::Terrazzo => self.specks(x / r, y / r, edge),
            Pattern::TieDye => {
                let (dx, dy) = (x - 0.06, y - 0.08);
                let radius = (dx * dx + dy * dy).sqrt();
                let swirl = dy.atan2(dx) * 2.0 + radius * 22.0 + 3.0 * clouds(x * 6.0, y * 6.0, self.seed);
                let wave = 0.5 + 0.5 * swirl.sin();
                let bleed = clouds(x * 16.0, y * 16.0, self.seed + 3);
                mix(
                    mix(self.base, self.accent, ramp(0.25, 0.8, wave * 0.8 + bleed * 0.3)),
                    [250, 248, 244],
                    ramp(0.55, 0.8, bleed) * 0.5,
                )
            }
        }
    }

    fn flowers(&self, u: f32, v: f32, edge: f32) -> Rgb {
        let mut colour = self.base;
        let (cu, cv) = (u.floor() as i32, v.floor() as i32);
        for j in cv - 1..=cv + 1 {
            for i in cu - 1..=cu + 1 {
                let at = |k: u32| cell(i, j, self.seed.wrapping_add(k));
                let (dx, dy) = (u - i as f32 - 0.2 - 0.6 * at(1), v - j as f32 - 0.2 - 0.6 * at(2));
                let radius = (dx * dx + dy * dy).sqrt();
                if radius > 0.62 {
                    continue;
                }
                let size = 0.24 + 0.2 * at(3);
                let angle = dy.atan2(dx) + at(4) * 6.0;
                let leaf = 0.5 + 0.5 * (angle * 2.0 + 1.0).cos();
                let leaf_edge = size * (0.75 + 0.6 * leaf.powi(3));
                colour = mix(
                    colour,
                    mix([62, 110, 66], self.base, 0.25),
                    ramp(-edge, edge, leaf_edge - radius) * ramp(0.55, 0.8, leaf),
                );
                let petal = size * (0.62 + 0.38 * (0.5 + 0.5 * (angle * 5.0).cos()).sqrt());
                let bloom = if at(5) < 0.6 { self.accent } else { self.third };
                let shaded = mix(bloom, tone(bloom, 0.45), ramp(0.0, size, radius));
                colour = mix(colour, shaded, ramp(-edge, edge, petal - radius));
                colour = mix(colour, [236, 190, 70], ramp(-edge, edge, size * 0.24 - radius));
            }
        }
        colour
    }

    fn leaves(&self, u: f32, v: f32, edge: f32) -> Rgb {
        let mut colour = self.base;
        let (cu, cv) = (u.floor() as i32, v.floor() as i32);
        for j in cv - 1..=cv + 1 {
            for i in cu - 1..=cu + 1 {
                let at = |k: u32| cell(i, j, self.seed.wrapping_add(k));
                let (dx, dy) = (u - i as f32 - at(1), v - j as f32 - at(2));
                let (s, c) = (at(3) * 6.3).sin_cos();
                let (along, across) = (dx * c + dy * s, dy * c - dx * s);
                let half = 0.13 * (1.0 - (along / 0.5).powi(2)).max(0.0);
                let inside =
                    ramp(-edge, edge, half - across.abs()) * if along.abs() < 0.5 { 1.0 } else { 0.0 };
                let vein = ramp(0.012 + edge, 0.0, across.abs());
                let leaf = if at(4) < 0.5 { self.accent } else { mix(self.accent, self.base, 0.4) };
                colour = mix(colour, mix(leaf, self.base, vein * 0.6), inside);
            }
        }
        colour
    }

    fn specks(&self, u: f32, v: f32, edge: f32) -> Rgb {
        let mut colour = self.base;
        let (cu, cv) = (u.floor() as i32, v.floor() as i32);
        for j in cv - 1..=cv + 1 {
            for i in cu - 1..=cu + 1 {
                let at = |k: u32| cell(i, j, self.seed.wrapping_add(k));
                let (dx, dy) = (u - i as f32 - at(1), v - j as f32 - at(2));
                let wobble = 1.0 + 0.5 * (noise(u * 3.0, v * 3.0, self.seed) - 0.5);
                let size = 0.05 + 0.28 * at(3).powi(2);
                let chip = if at(4) < 0.5 { self.accent } else { self.third };
                colour = mix(colour, chip, ramp(-edge, edge, size - (dx.abs() + dy.abs()) * wobble));
            }
        }
        colour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_but_plain_shows_more_than_one_colour() {
        use Pattern::*;
        for pattern in [
            Marl,
            Stripes,
            Pinstripes,
            WideStripes,
            Gingham,
            Tartan,
            Windowpane,
            Dots,
            SmallDots,
            Herringbone,
            Chevron,
            Floral,
            Leaves,
            Camouflage,
            Argyle,
            Ombre,
            Terrazzo,
            TieDye,
        ] {
            let cloth = Cloth::new(&mut Dice::new(5), [40, 60, 140], pattern);
            let mut seen = std::collections::HashSet::new();
            for i in 0..4000 {
                seen.insert(cloth.at((i % 63) as f32 * 0.011 - 0.35, (i / 63) as f32 * 0.013 - 0.4, 0.001));
            }
            assert!(seen.len() > 1, "{pattern:?}");
        }
    }
}
