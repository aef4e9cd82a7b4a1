//! Colours as shops name them, and what goes with what.
//!
//! Only names and sRGB values; how light falls on them is `shading`, how they repeat is `pattern`.

use super::dice::Dice;

/// sRGB.
pub(crate) type Rgb = [u8; 3];

/// A colour as it stands in the catalog's `color` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) rgb: Rgb,
}

const fn named(name: &'static str, r: u8, g: u8, b: u8) -> Named {
    Named { name, rgb: [r, g, b] }
}

/// Cloth, paint and glaze.
pub(crate) const DYES: [Named; 28] = [
    named("white", 244, 243, 239),
    named("cream", 238, 226, 201),
    named("sand", 212, 190, 154),
    named("grey", 152, 153, 156),
    named("charcoal", 72, 74, 79),
    named("black", 36, 36, 39),
    named("navy", 36, 48, 88),
    named("blue", 44, 92, 176),
    named("sky", 141, 188, 224),
    named("denim", 82, 108, 148),
    named("teal", 22, 118, 124),
    named("mint", 165, 216, 192),
    named("green", 42, 126, 76),
    named("olive", 106, 107, 62),
    named("forest", 34, 72, 54),
    named("lime", 168, 200, 62),
    named("yellow", 242, 199, 54),
    named("mustard", 204, 152, 42),
    named("orange", 232, 120, 42),
    named("rust", 172, 82, 46),
    named("red", 198, 38, 44),
    named("burgundy", 112, 30, 48),
    named("pink", 238, 168, 182),
    named("magenta", 196, 44, 116),
    named("lilac", 186, 164, 212),
    named("purple", 98, 58, 138),
    named("brown", 104, 70, 48),
    named("beige", 204, 184, 160),
];

/// What leather and suede come in.
pub(crate) const HIDES: [Named; 8] = [
    named("black", 40, 38, 38),
    named("brown", 92, 58, 38),
    named("tan", 172, 112, 62),
    named("cognac", 150, 80, 40),
    named("burgundy", 104, 34, 42),
    named("sand", 200, 170, 130),
    named("grey", 130, 126, 122),
    named("navy", 44, 52, 80),
];

/// What steel, brass and lacquered metal come in.
pub(crate) const METALS: [Named; 6] = [
    named("silver", 206, 208, 212),
    named("gold", 222, 184, 106),
    named("rose", 224, 170, 148),
    named("black", 52, 53, 57),
    named("copper", 196, 122, 84),
    named("graphite", 110, 113, 120),
];

/// The colour in the shop's list with that name.
pub(crate) fn dye(name: &str) -> Rgb {
    DYES.iter().find(|dye| dye.name == name).map_or([128, 128, 128], |dye| dye.rgb)
}

/// `count` different entries of a table, in a seeded order.
pub(crate) fn choose(dice: &mut Dice, table: &[Named], count: usize) -> Vec<Named> {
    let mut left: Vec<Named> = table.to_vec();
    let mut chosen = Vec::new();
    while chosen.len() < count && !left.is_empty() {
        chosen.push(left.swap_remove(dice.below(left.len())));
    }
    chosen
}

/// Relative luminance in `0..=1`, near enough for choosing contrasts.
pub(crate) fn brightness(rgb: Rgb) -> f32 {
    (0.3 * f32::from(rgb[0]) + 0.59 * f32::from(rgb[1]) + 0.11 * f32::from(rgb[2])) / 255.0
}

/// `share` of `b` in `a`.
pub(crate) fn mix(a: Rgb, b: Rgb, share: f32) -> Rgb {
    let share = share.clamp(0.0, 1.0);
    let one = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share + 0.5) as u8;
    [one(a[0], b[0]), one(a[1], b[1]), one(a[2], b[2])]
}

/// Towards black for `amount` below 0, towards white above.
pub(crate) fn tone(rgb: Rgb, amount: f32) -> Rgb {
    if amount < 0.0 { mix(rgb, [0, 0, 0], -amount) } else { mix(rgb, [255, 255, 255], amount) }
}

/// A second colour that shows on `base`: light on dark, dark or vivid on light.
pub(crate) fn partner(dice: &mut Dice, base: Rgb) -> Rgb {
    let light = ["white", "cream", "sand", "yellow", "sky", "pink", "mint"];
    let dark = ["navy", "black", "burgundy", "forest", "red", "blue", "teal", "charcoal", "rust"];
    let table: &[&str] = if brightness(base) < 0.45 { &light } else { &dark };
    for _ in 0..8 {
        let colour = dye(dice.pick(table));
        if (brightness(colour) - brightness(base)).abs() > 0.22 {
            return colour;
        }
    }
    if brightness(base) < 0.5 { dye("white") } else { dye("black") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_can_be_seen_on_every_dye() {
        let mut dice = Dice::new(3);
        for base in DYES {
            for _ in 0..20 {
                let other = partner(&mut dice, base.rgb);
                assert!((brightness(other) - brightness(base.rgb)).abs() > 0.2, "{} {other:?}", base.name);
            }
        }
    }

    #[test]
    fn chosen_colours_are_distinct() {
        let chosen = choose(&mut Dice::new(1), &DYES, 6);
        for (i, a) in chosen.iter().enumerate() {
            assert!(chosen.iter().skip(i + 1).all(|b| a != b));
        }
    }
}
