//! The painted side view of shoes: caps, counters, eyestays, stripes, seams and eyelets.
//!
//! Works on the flat sheet that `shoe` then wraps over its last; `x` runs from heel to toe, `y` up from the ground.

use super::dice::Dice;
use super::garment::Look;
use super::palette::{Rgb, brightness, tone};
use super::pattern::Pattern;
use super::print::emblem;
use super::shape::{Corner, Shape};
use super::sheet::Sheet;
use super::shoe::Last;

fn panel(sheet: &mut Sheet, corners: &[Corner], rgb: Rgb, base: Rgb) {
    let shape = Shape::outline(corners);
    sheet.soft(&shape, 0.02, tone(base, -0.8), 0.35);
    sheet.fill(&shape, rgb, 1.0);
    sheet.stroke(&shape, 0.003, tone(rgb, -0.5), 0.7);
    let (x, y) = corners
        .iter()
        .fold((0.0, 0.0), |(x, y), c| (x + c.0 / corners.len() as f32, y + c.1 / corners.len() as f32));
    sheet.stitch(
        &shape.placed(x * 0.08, y * 0.08, 0.92, 0.0),
        tone(rgb, if brightness(rgb) < 0.4 { 0.4 } else { -0.3 }),
    );
}

pub(super) fn paint_sneaker(sheet: &mut Sheet, last: &Last, look: &Look, dice: &mut Dice) {
    let (base, trim) = (look.cloth.base, look.trim);
    let second =
        if look.cloth.pattern == Pattern::Plain && dice.chance(0.5) { look.cloth.accent } else { trim };
    sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 3.0), &look.cloth, [0.0, 0.0], 0.0);
    let s = last.sole;
    let overlay = if dice.chance(0.5) { tone(base, -0.12) } else { second };
    // Toe cap or mudguard.
    match dice.below(3) {
        0 => panel(
            sheet,
            &[
                (0.29, s - 0.05, 0.0),
                (0.31, s + 0.06, 0.8),
                (0.37, s + 0.16, 0.5),
                (0.6, s + 0.2, 0.0),
                (0.6, s - 0.05, 0.0),
            ],
            trim,
            base,
        ),
        1 => panel(
            sheet,
            &[
                (-0.1, s - 0.05, 0.0),
                (0.1, s + 0.035, 1.0),
                (0.3, s + 0.06, 1.0),
                (0.42, s + 0.12, 1.0),
                (0.6, s + 0.1, 0.0),
                (0.6, s - 0.06, 0.0),
            ],
            overlay,
            base,
        ),
        _ => {
            for i in 0..14 {
                let (row, column) = (i / 7, i % 7);
                sheet.fill(
                    &Shape::circle(
                        0.22 + 0.026 * column as f32,
                        s + 0.13 - 0.012 * column as f32 - 0.03 * row as f32,
                        0.0045,
                    ),
                    tone(base, -0.7),
                    0.9,
                );
            }
        }
    }
    // Heel counter.
    let heel_top = s + dice.between(0.13, 0.2);
    panel(
        sheet,
        &[
            (-0.6, s - 0.05, 0.0),
            (-0.28, s - 0.05, 0.0),
            (-0.33, s + 0.05, 0.9),
            (-0.42, heel_top, 0.7),
            (-0.6, heel_top + 0.03, 0.0),
        ],
        second,
        base,
    );
    // Eyestay along the laces.
    let eye = |t: f32, down: f32| (t - 0.5, last.high(t) - down, 0.8);
    let (a, b) = (last.mouth - 0.01, last.throat + 0.015);
    let middle = (a + b) / 2.0;
    panel(
        sheet,
        &[
            eye(a, -0.02),
            eye(middle, -0.02),
            eye(b, -0.02),
            eye(b + 0.01, 0.03),
            eye(middle - 0.02, 0.055),
            eye(a - 0.01, 0.09),
        ],
        overlay,
        base,
    );
    for i in 0..6 {
        let t = a + 0.03 + (b - a - 0.05) * i as f32 / 5.0;
        let (x, y, _) = eye(t, 0.018);
        sheet.fill(&Shape::circle(x, y, 0.0075), tone(trim, -0.7), 1.0);
        sheet.stroke(&Shape::circle(x, y, 0.0075), 0.003, look.metal, 0.9);
    }
    // The maker's stripe on the quarter.
    let ink = if brightness(base) < 0.5 { tone(second, 0.6) } else { tone(second, -0.4) };
    let (x, y) = (-0.06, s + 0.095);
    match look.brand % 4 {
        0 => {
            for i in 0..3 {
                let x = x + 0.05 * i as f32 - 0.03;
                panel(
                    sheet,
                    &[
                        (x - 0.035, s - 0.01, 0.0),
                        (x - 0.008, s - 0.01, 0.0),
                        (x + 0.06, s + 0.19, 0.0),
                        (x + 0.033, s + 0.19, 0.0),
                    ],
                    ink,
                    base,
                );
            }
        }
        1 => panel(
            sheet,
            &[
                (x - 0.2, y + 0.03, 0.0),
                (x - 0.05, y - 0.055, 1.0),
                (x + 0.24, y + 0.09, 0.0),
                (x - 0.04, y - 0.005, 1.0),
            ],
            ink,
            base,
        ),
        2 => emblem(sheet, [x + 0.01, y], 0.13, ink, look.brand),
        _ => panel(
            sheet,
            &[
                (x - 0.13, s - 0.02, 0.0),
                (x - 0.05, y + 0.07, 0.8),
                (x + 0.05, y - 0.03, 0.8),
                (x + 0.12, y + 0.08, 0.3),
                (x + 0.13, y + 0.05, 0.3),
                (x + 0.05, y - 0.075, 0.8),
                (x - 0.05, y + 0.02, 0.8),
                (x - 0.1, s - 0.02, 0.0),
            ],
            ink,
            base,
        ),
    }
    // The padded collar.
    let edge: Vec<Corner> = (0..=10)
        .map(|i| {
            let t = i as f32 / 10.0 * last.mouth;
            (t - 0.5, last.high(t), 1.0)
        })
        .collect();
    sheet.soft(&Shape::line(&edge), 0.08, tone(base, -0.6), 0.25);
    sheet.stroke(&Shape::line(&edge), 0.026, second, 1.0);
    sheet.stitch(&Shape::line(&edge).placed(0.0, -0.03, 1.0, 0.0), tone(base, -0.4));
}

pub(super) fn paint_boot(sheet: &mut Sheet, last: &Last, look: &Look, dice: &mut Dice) {
    let base = look.cloth.base;
    sheet.cloth(&Shape::rect(0.0, 0.0, 2.0, 3.0), &look.cloth, [0.0, 0.0], 0.0);
    let s = last.sole;
    let stitch = if brightness(base) < 0.3 { tone(base, 0.4) } else { [226, 190, 130] };
    sheet.soft(&Shape::line(&[(0.3, s + 0.1, 1.0), (0.5, s + 0.05, 1.0)]), 0.16, [0, 0, 0], 0.25);
    if dice.chance(0.6) {
        let cap = Shape::line(&[(0.24, s - 0.02, 0.0), (0.27, s + 0.1, 1.0), (0.31, s + 0.2, 0.0)]);
        sheet.seam(&cap, base);
        sheet.stitch(&cap.placed(-0.012, 0.0, 1.0, 0.0), stitch);
    }
    // The vamp's edge, from the laces down to the sole.
    let vamp = Shape::line(&[
        (last.throat - 0.47, last.high(last.throat), 0.0),
        (0.06, s + 0.14, 0.9),
        (-0.08, s + 0.09, 0.9),
        (-0.14, s - 0.02, 0.0),
    ]);
    sheet.seam(&vamp, base);
    sheet.stitch(&vamp.placed(-0.01, 0.004, 1.0, 0.0), stitch);
    panel(
        sheet,
        &[
            (-0.6, s - 0.02, 0.0),
            (-0.26, s - 0.02, 0.0),
            (-0.31, s + 0.12, 0.9),
            (-0.42, s + 0.2, 0.7),
            (-0.6, s + 0.22, 0.0),
        ],
        tone(base, -0.08),
        base,
    );
    let front = last.mouth - 0.5;
    if dice.chance(0.4) {
        // Elastic side panel.
        let high = last.collar + 0.02;
        let gore = Shape::outline(&[
            (front - 0.28, high, 0.0),
            (front - 0.12, high, 0.0),
            (front - 0.15, s + 0.2, 0.6),
            (front - 0.25, s + 0.2, 0.6),
        ]);
        sheet.fill(&gore, tone(base, -0.65), 1.0);
        for i in 0..12 {
            let x = front - 0.28 + 0.0135 * i as f32;
            sheet.stroke(&Shape::line(&[(x, high, 0.0), (x, s + 0.2, 0.0)]), 0.003, tone(base, -0.3), 0.4);
        }
        sheet.stroke(&gore, 0.005, tone(base, -0.5), 1.0);
    }
    // Eyelets up the shaft.
    let mut y = s + 0.27;
    while y < last.collar - 0.02 {
        sheet.fill(&Shape::circle(front - 0.015, y, 0.012), look.metal, 1.0);
        sheet.fill(&Shape::circle(front - 0.015, y, 0.006), [20, 18, 16], 1.0);
        sheet.stroke(
            &Shape::line(&[(front - 0.015, y, 0.0), (front + 0.09, y + 0.025, 0.0)]),
            0.014,
            tone(look.trim, -0.3),
            1.0,
        );
        y += 0.06;
    }
    let top = last.collar + last.heel * 0.6;
    sheet.soft(&Shape::line(&[(-0.6, top - 0.03, 0.0), (0.0, top - 0.03, 0.0)]), 0.05, tone(base, -0.8), 0.4);
    sheet.stitch(&Shape::line(&[(-0.6, top - 0.05, 0.0), (0.0, top - 0.05, 0.0)]), stitch);
    for i in 0..4 {
        let y = s + 0.16 + 0.035 * i as f32;
        sheet.soft(
            &Shape::line(&[
                (-0.12 + 0.02 * i as f32, y, 1.0),
                (0.02 + 0.015 * i as f32, y + dice.between(0.0, 0.04), 1.0),
            ]),
            0.014,
            [0, 0, 0],
            0.3,
        );
    }
}
