//! One-off motifs: chest prints, mug pictures, patches, labels and brand marks, all drawn as shapes.
//!
//! There are no fonts here; "lettering" is bars and loops that read as type from a shop page's distance.

use super::dice::Dice;
use super::palette::{Rgb, mix, partner, tone};
use super::shape::Shape;
use super::sheet::Sheet;

/// A motif, its size aside: what and in which seeded detail. The same print is drawn alike in every colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    motif: Motif,
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motif {
    Sunset,
    Peaks,
    Star,
    Badge,
    Lettering,
    Waves,
    Bolt,
    Flower,
    Cat,
    Planet,
    Blocks,
    Bike,
}

const MOTIFS: [(Motif, &str); 12] = [
    (Motif::Sunset, "sunset"),
    (Motif::Peaks, "mountain"),
    (Motif::Star, "star"),
    (Motif::Badge, "badge"),
    (Motif::Lettering, "slogan"),
    (Motif::Waves, "wave"),
    (Motif::Bolt, "lightning"),
    (Motif::Flower, "daisy"),
    (Motif::Cat, "cat"),
    (Motif::Planet, "planet"),
    (Motif::Blocks, "geometric"),
    (Motif::Bike, "bicycle"),
];

impl Print {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        Self { motif: dice.pick(&MOTIFS).0, seed: dice.bits() }
    }

    /// The word for it in a product's name.
    pub(crate) fn name(self) -> &'static str {
        MOTIFS.iter().find(|(motif, _)| *motif == self.motif).map_or("print", |(_, name)| name)
    }

    /// Draws it around `(x, y)`, about `size` world units across, to be seen on `ground`.
    pub(crate) fn draw(self, sheet: &mut Sheet, [x, y]: [f32; 2], size: f32, ground: Rgb) {
        let mut dice = Dice::new(self.seed);
        let s = size / 2.0;
        let ink = partner(&mut dice, ground);
        let second = mix(partner(&mut dice, ground), ink, 0.25);
        let warm: [Rgb; 3] = [[236, 110, 70], [240, 170, 66], [214, 66, 84]];
        let mut put = |shape: Shape, rgb: Rgb| sheet.fill(&shape.placed(x, y, s, 0.0), rgb, 0.95);
        match self.motif {
            Motif::Sunset => {
                put(Shape::circle(0.0, 0.1, 0.85), dice.pick(&warm));
                for i in 0..5 {
                    let level = -0.05 - i as f32 * 0.16;
                    put(Shape::rect(0.0, level, 2.0, 0.03 + 0.014 * i as f32), ground);
                }
                put(
                    Shape::outline(&[
                        (-1.0, -0.75, 0.0),
                        (-0.4, -0.3, 0.0),
                        (0.0, -0.6, 0.0),
                        (0.35, -0.2, 0.0),
                        (1.0, -0.75, 0.0),
                    ]),
                    ink,
                );
            }
            Motif::Peaks => {
                put(Shape::circle(0.45, 0.5, 0.22), dice.pick(&warm));
                for (x, h, rgb) in [(-0.4, 0.75, ink), (0.35, 0.45, second)] {
                    put(Shape::outline(&[(x - 0.6, -0.6, 0.0), (x, h, 0.0), (x + 0.6, -0.6, 0.0)]), rgb);
                    let cap = [
                        (x - 0.16, h - 0.37, 0.0),
                        (x, h, 0.0),
                        (x + 0.16, h - 0.37, 0.0),
                        (x + 0.05, h - 0.28, 0.0),
                        (x - 0.04, h - 0.42, 0.0),
                    ];
                    put(Shape::outline(&cap), tone(ground, if ink[0] > 128 { -0.2 } else { 0.6 }));
                }
                put(Shape::rect(0.0, -0.75, 1.6, 0.08), ink);
            }
            Motif::Star => {
                for (radius, rgb) in [(1.0, ink), (0.62, second)] {
                    let points: Vec<_> = (0..10)
                        .map(|i| {
                            let (s, c) = (i as f32 * std::f32::consts::PI / 5.0).sin_cos();
                            let r = if i % 2 == 0 { radius } else { radius * 0.42 };
                            (s * r, c * r, 0.0)
                        })
                        .collect();
                    put(Shape::outline(&points), rgb);
                }
            }
            Motif::Badge => {
                put(Shape::circle(0.0, 0.0, 1.0), ink);
                put(Shape::circle(0.0, 0.0, 0.86), ground);
                put(Shape::circle(0.0, 0.0, 0.8), ink);
                let half = dice.between(0.25, 0.5);
                put(
                    Shape::outline(&[(0.0, 0.6, 0.0), (half, 0.0, 0.0), (0.0, -0.6, 0.0), (-half, 0.0, 0.0)]),
                    ground,
                );
                put(Shape::circle(0.0, 0.0, 0.16), dice.pick(&warm));
            }
            Motif::Lettering => {
                for row in 0..2 {
                    letters(&mut put, &mut dice, [-1.0, 0.1 - 0.62 * row as f32, 1.0, 0.45], ink);
                }
                put(Shape::rect(0.0, -0.68, 1.4, 0.06), dice.pick(&warm));
            }
            Motif::Waves => {
                for i in 0..6 {
                    let level = 0.65 - 0.26 * i as f32;
                    let top: Vec<_> = (0..9)
                        .map(|k| (-1.0 + 0.25 * k as f32, level + if k % 2 == 0 { 0.09 } else { -0.09 }, 1.0))
                        .collect();
                    let low = top.iter().rev().map(|&(x, y, r)| (x, y - 0.11, r));
                    put(
                        Shape::outline(&top.iter().copied().chain(low).collect::<Vec<_>>()),
                        if i % 2 == 0 { ink } else { second },
                    );
                }
            }
            Motif::Bolt => {
                put(Shape::circle(0.0, 0.0, 0.95), second);
                let bolt = [
                    (0.15, 1.0, 0.0),
                    (-0.5, -0.1, 0.0),
                    (-0.05, -0.1, 0.0),
                    (-0.2, -1.0, 0.0),
                    (0.5, 0.2, 0.0),
                    (0.05, 0.2, 0.0),
                ];
                put(Shape::outline(&bolt), [244, 200, 60]);
            }
            Motif::Flower => {
                put(
                    Shape::outline(&[
                        (-0.04, -1.0, 0.0),
                        (0.04, -1.0, 0.0),
                        (0.05, 0.2, 0.0),
                        (-0.03, 0.2, 0.0),
                    ]),
                    [80, 130, 78],
                );
                put(
                    Shape::outline(&[
                        (0.0, -0.7, 0.0),
                        (0.4, -0.5, 1.0),
                        (0.5, -0.25, 0.0),
                        (0.1, -0.4, 1.0),
                    ]),
                    [80, 130, 78],
                );
                let petals = 6 + dice.below(4);
                for i in 0..petals {
                    let (s, c) = (i as f32 / petals as f32 * std::f32::consts::TAU).sin_cos();
                    put(Shape::circle(s * 0.42, 0.35 + c * 0.42, 0.24), ink);
                }
                put(Shape::circle(0.0, 0.35, 0.25), [240, 186, 60]);
            }
            Motif::Cat => {
                put(
                    Shape::outline(&[
                        (-0.62, 0.9, 0.0),
                        (-0.25, 0.5, 0.0),
                        (0.25, 0.5, 0.0),
                        (0.62, 0.9, 0.0),
                        (0.7, 0.0, 0.8),
                        (0.0, -0.6, 1.0),
                        (-0.7, 0.0, 0.8),
                    ]),
                    ink,
                );
                for side in [-1.0, 1.0] {
                    put(Shape::circle(side * 0.28, 0.1, 0.14), [240, 200, 80]);
                    put(Shape::rect(side * 0.28, 0.1, 0.06, 0.24), [30, 30, 34]);
                    put(Shape::rect(side * 0.6, -0.2, 0.5, 0.025), second);
                    put(Shape::rect(side * 0.6, -0.3, 0.5, 0.025), second);
                }
                put(
                    Shape::outline(&[(-0.08, -0.15, 0.0), (0.08, -0.15, 0.0), (0.0, -0.26, 0.0)]),
                    [226, 130, 140],
                );
            }
            Motif::Planet => {
                let body = dice.pick(&warm);
                put(Shape::circle(0.0, 0.0, 0.6), body);
                put(Shape::circle(-0.18, 0.16, 0.34), tone(body, 0.2));
                let ring = [
                    (-1.05, -0.3, 1.0),
                    (-0.1, -0.2, 1.0),
                    (1.05, 0.38, 1.0),
                    (0.9, 0.42, 1.0),
                    (0.0, -0.05, 1.0),
                    (-0.95, -0.2, 1.0),
                ];
                put(Shape::outline(&ring), ink);
                for _ in 0..9 {
                    put(
                        Shape::circle(
                            dice.between(-1.0, 1.0),
                            dice.between(-0.9, 0.9),
                            dice.between(0.02, 0.05),
                        ),
                        ink,
                    );
                }
            }
            Motif::Blocks => {
                for i in 0..9 {
                    let (x, y) = ((i % 3) as f32 * 0.62 - 0.62, (i / 3) as f32 * 0.62 - 0.62);
                    let rgb = if dice.chance(0.4) {
                        dice.pick(&warm)
                    } else if dice.chance(0.5) {
                        ink
                    } else {
                        second
                    };
                    match dice.below(3) {
                        0 => put(Shape::rect(x, y, 0.56, 0.56), rgb),
                        1 => put(Shape::circle(x, y, 0.29), rgb),
                        _ => put(
                            Shape::outline(&[
                                (x - 0.28, y - 0.28, 0.0),
                                (x + 0.28, y - 0.28, 0.0),
                                (x - 0.28, y + 0.28, 0.0),
                            ]),
                            rgb,
                        ),
                    }
                }
            }
            Motif::Bike => {
                for side in [-1.0, 1.0] {
                    put(Shape::circle(side * 0.58, -0.25, 0.4), ink);
                    put(Shape::circle(side * 0.58, -0.25, 0.33), ground);
                    put(Shape::circle(side * 0.58, -0.25, 0.06), ink);
                }
                let red = dice.pick(&warm);
                for (a, b) in [
                    ((-0.58, -0.25), (-0.22, 0.35)),
                    ((-0.22, 0.35), (0.4, 0.35)),
                    ((0.4, 0.35), (0.0, -0.25)),
                    ((0.0, -0.25), (-0.22, 0.35)),
                    ((-0.58, -0.25), (0.0, -0.25)),
                    ((0.58, -0.25), (0.36, 0.52)),
                ] {
                    put(bar(a, b, 0.06), red);
                }
                put(bar((0.28, 0.55), (0.55, 0.5), 0.05), ink);
                put(bar((-0.36, 0.42), (-0.1, 0.44), 0.08), ink);
            }
        }
    }
}

fn bar(a: (f32, f32), b: (f32, f32), width: f32) -> Shape {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let k = width / 2.0 / (dx * dx + dy * dy).sqrt().max(1e-6);
    let (nx, ny) = (-dy * k, dx * k);
    Shape::outline(&[
        (a.0 + nx, a.1 + ny, 0.0),
        (b.0 + nx, b.1 + ny, 0.0),
        (b.0 - nx, b.1 - ny, 0.0),
        (a.0 - nx, a.1 - ny, 0.0),
    ])
}

/// A line of letter-like forms in the box left, bottom, right, height.
fn letters(
    put: &mut impl FnMut(Shape, Rgb),
    dice: &mut Dice,
    [left, bottom, right, height]: [f32; 4],
    ink: Rgb,
) {
    let mut x = left;
    let (thick, middle) = (height * 0.24, bottom + height / 2.0);
    while x < right - height * 0.5 {
        let width = height * dice.between(0.5, 0.8);
        let form = dice.below(6);
        if form != 5 {
            put(Shape::rect(x + thick / 2.0, middle, thick, height), ink);
        }
        if matches!(form, 0 | 1 | 3) {
            put(Shape::rect(x + width / 2.0, bottom + height - thick / 2.0, width, thick), ink);
        }
        if matches!(form, 0 | 2) {
            put(Shape::rect(x + width / 2.0, middle, width, thick * 0.9), ink);
        }
        if matches!(form, 1 | 2 | 4) {
            put(Shape::rect(x + width / 2.0, bottom + thick / 2.0, width, thick), ink);
        }
        if matches!(form, 3 | 4) {
            put(Shape::rect(x + width - thick / 2.0, middle, thick, height), ink);
        }
        if form == 5 {
            put(bar((x, bottom), (x + width / 2.0, bottom + height), thick), ink);
            put(bar((x + width, bottom), (x + width / 2.0, bottom + height), thick), ink);
        }
        x += width + height * 0.18;
    }
}

/// A short word-like mark, `width` wide around `(x, y)`: a woven label's or a brand's lettering.
pub(crate) fn wordmark(sheet: &mut Sheet, [x, y]: [f32; 2], width: f32, ink: Rgb, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut put = |shape: Shape, rgb: Rgb| sheet.fill(&shape.placed(x, y, width / 2.0, 0.0), rgb, 0.95);
    letters(&mut put, &mut dice, [-1.0, -0.2, 1.0, 0.4], ink);
}

/// A maker's small sign, such as sits on a chest, a shoe or a bag.
pub(crate) fn emblem(sheet: &mut Sheet, [x, y]: [f32; 2], size: f32, ink: Rgb, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut put = |shape: Shape| sheet.fill(&shape.placed(x, y, size / 2.0, 0.0), ink, 0.95);
    match dice.below(5) {
        0 => put(Shape::outline(&[
            (-1.0, -0.2, 0.0),
            (-0.5, -0.45, 1.0),
            (1.0, 0.6, 0.0),
            (-0.45, -0.05, 1.0),
        ])),
        1 => {
            for i in 0..3 {
                let x = i as f32 * 0.6 - 0.7;
                put(bar((x, -0.7 + 0.3 * i as f32), (x + 0.35, 0.7), 0.32));
            }
        }
        2 => put(Shape::outline(&[(-1.0, -0.6, 0.0), (0.0, 0.7, 0.0), (1.0, -0.6, 0.0), (0.0, -0.15, 0.0)])),
        3 => {
            put(bar((-0.7, 0.7), (0.7, -0.7), 0.34));
            put(bar((-0.7, -0.7), (0.7, 0.7), 0.34));
        }
        _ => put(Shape::outline(&[(0.0, 0.9, 0.0), (0.8, 0.3, 1.0), (0.0, -0.9, 0.0), (-0.8, 0.3, 1.0)])),
    }
}
