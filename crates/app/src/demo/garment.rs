//! Tops: T-shirts, sweaters, hoodies, shirts and jackets, cut flat and filled as if worn.
//!
//! A top is a front and a back sheet over the same form, the sleeves part of the sheets. What covers the legs is
//! `lower`. All measures are in world units; a top is about one unit tall.

use super::dice::Dice;
use super::mesh::{Mesh, curve};
use super::palette::{Rgb, brightness, tone};
use super::pattern::Cloth;
use super::print::{Print, wordmark};
use super::raster::Part;
use super::shading::{Finish, JERSEY, STEEL, Weave};
use super::shape::{Corner, Shape};
use super::sheet::{Belly, Fold, Sheet, Skin};
use super::space::v3;
use super::tailor;
use super::view::{Model, Stance};

/// The colours and stuff of one listing: what differs between the colour variants of one design.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) cloth: Cloth,
    /// Ribs, straps, soles, lids.
    pub(crate) trim: Rgb,
    pub(crate) metal: Rgb,
    pub(crate) print: Option<Print>,
    pub(crate) finish: Finish,
    /// The maker's sign.
    pub(crate) brand: u64,
}

/// Which top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Tee,
    Sweater,
    Hoodie,
    Shirt,
    Jacket,
}

/// Sheet resolution: a little finer than the final picture.
pub(crate) const PX_PER_UNIT: f32 = 660.0;

/// Height of the shoulder beside the neck.
pub(super) const HIGH: f32 = 0.43;

/// A top's seeded proportions.
pub(super) struct Plan {
    pub(super) cut: Cut,
    pub(super) neck: f32,
    pub(super) dip: f32,
    v_neck: bool,
    shoulder: f32,
    drop: f32,
    pub(super) half: f32,
    waist: f32,
    pub(super) hem: f32,
    pub(super) arm_angle: f32,
    pub(super) arm_length: f32,
    pub(super) cuff: f32,
    pub(super) raglan: bool,
}

impl Plan {
    fn new(dice: &mut Dice, cut: Cut) -> Self {
        let short = cut == Cut::Tee && dice.chance(0.85) || cut == Cut::Shirt && dice.chance(0.3);
        let loose = dice.between(0.0, 1.0);
        let half =
            dice.between(0.235, 0.275) + if matches!(cut, Cut::Hoodie | Cut::Jacket) { 0.015 } else { 0.0 };
        Self {
            cut,
            neck: dice.between(0.075, 0.1),
            dip: if cut == Cut::Tee { dice.between(0.05, 0.1) } else { dice.between(0.035, 0.055) },
            v_neck: matches!(cut, Cut::Tee | Cut::Sweater) && dice.chance(0.28),
            shoulder: half - dice.between(-0.012, 0.02),
            drop: dice.between(0.035, 0.06),
            half,
            waist: half - dice.between(0.0, 0.03) * (1.0 - loose),
            hem: -dice.between(0.26, 0.37) - if cut == Cut::Shirt { 0.03 } else { 0.0 },
            arm_angle: if short { dice.between(0.75, 1.05) } else { dice.between(1.1, 1.28) },
            arm_length: if short { dice.between(0.19, 0.27) } else { dice.between(0.57, 0.65) },
            cuff: if short { dice.between(0.13, 0.17) } else { dice.between(0.075, 0.105) },
            raglan: matches!(cut, Cut::Tee | Cut::Sweater) && dice.chance(0.2),
        }
    }

    /// Whether the collar turns down in two leaves rather than standing.
    pub(super) fn has_leaves(&self, look: &Look) -> bool {
        self.cut == Cut::Shirt || (self.cut == Cut::Jacket && look.finish.weave != Weave::Canvas)
    }

    pub(super) fn tip(&self) -> (f32, f32) {
        (self.shoulder, HIGH - self.drop)
    }

    pub(super) fn along(&self, length: f32, across: f32) -> (f32, f32) {
        let (s, c) = self.arm_angle.sin_cos();
        let (x, y) = self.tip();
        (x + c * length - s * across, y - s * length - c * across)
    }

    fn armpit(&self) -> (f32, f32) {
        (self.half - 0.012, HIGH - self.drop - 0.185)
    }

    /// The right half of the outline; `more` lengthens sleeves and hem, to make the form that stays open.
    fn half_outline(&self, more: f32) -> Vec<Corner> {
        let (tip, pit) = (self.tip(), self.armpit());
        let elbow = self.along(self.arm_length * 0.5, -0.008);
        let outer = self.along(self.arm_length + more, 0.0);
        let inner = self.along(self.arm_length + more - 0.012, self.cuff);
        let inner_elbow = self.along(self.arm_length * 0.5, (self.cuff + 0.15) * 0.5);
        vec![
            (0.0, HIGH - 0.004, 1.0),
            (self.neck, HIGH, 0.0),
            (tip.0, tip.1, 0.75),
            (elbow.0, elbow.1, 1.0),
            (outer.0, outer.1, 0.0),
            (inner.0, inner.1, 0.0),
            (inner_elbow.0, inner_elbow.1, 1.0),
            (pit.0, pit.1, 0.35),
            (self.waist, -0.08, 1.0),
            (self.half - 0.004, self.hem - more, 0.05),
            (0.0, self.hem - more - 0.006, 1.0),
        ]
    }

    pub(super) fn sleeve(&self) -> Vec<Corner> {
        let (tip, pit) = (self.tip(), self.armpit());
        let start = if self.raglan { (self.neck, HIGH) } else { (tip.0 - 0.012, tip.1 + 0.03) };
        let (outer, inner) =
            (self.along(self.arm_length + 0.05, -0.06), self.along(self.arm_length + 0.05, self.cuff + 0.03));
        let bend = ((start.0 + pit.0) / 2.0 - 0.022, (start.1 + pit.1) / 2.0);
        vec![
            (start.0, start.1, 0.0),
            (tip.0 + 0.05, tip.1 + 0.05, 0.0),
            (outer.0, outer.1, 0.0),
            (inner.0, inner.1, 0.0),
            (pit.0, pit.1, 0.0),
            (bend.0, bend.1, 1.0),
        ]
    }

    pub(super) fn armhole(&self) -> Vec<Corner> {
        let corners = self.sleeve();
        let pick = |i: usize| corners.get(i).copied().unwrap_or_default();
        vec![pick(0), pick(5), pick(4)]
    }

    pub(super) fn neckline(&self, back: bool) -> Vec<Corner> {
        let dip = if back {
            0.014
        } else if self.v_neck {
            self.dip + 0.07
        } else {
            self.dip
        };
        let round = if self.v_neck && !back { 0.25 } else { 1.0 };
        let side = if self.v_neck && !back { 0.2 } else { 0.5 };
        vec![(-self.neck, HIGH, side), (0.0, HIGH - dip, round), (self.neck, HIGH, side)]
    }

    fn folds(&self, dice: &mut Dice, back: bool) -> Vec<Fold> {
        let mut folds = Vec::new();
        let long = self.arm_length > 0.4;
        let pit = self.armpit();
        for side in [-1.0, 1.0] {
            for i in 0..3 {
                let (x, y) = (pit.0 - 0.01, pit.1 - 0.02 - 0.03 * i as f32);
                let reach = dice.between(0.09, 0.2);
                let to = [side * (x - reach), y - reach * dice.between(-0.5, 0.9)];
                folds.push(Fold {
                    from: [side * x, y],
                    to,
                    width: dice.between(0.009, 0.018),
                    height: dice.between(0.004, 0.010),
                });
            }
            let shares: &[f32] = if long { &[0.2, 0.42, 0.5, 0.58, 0.8, 0.9] } else { &[0.55] };
            for share in shares {
                let at = self.arm_length * (share + dice.between(-0.05, 0.05));
                let (a, b) = (self.along(at, -0.01), self.along(at + dice.between(-0.06, 0.06), 0.14));
                folds.push(Fold {
                    from: [side * b.0, b.1],
                    to: [side * a.0, a.1],
                    width: dice.between(0.010, 0.020),
                    height: dice.between(0.004, 0.010),
                });
            }
            let x = self.half * dice.between(0.25, 0.85);
            let low = self.hem + dice.between(0.0, 0.08);
            folds.push(Fold {
                from: [side * x, low],
                to: [side * x * dice.between(0.5, 1.0), low + dice.between(0.2, 0.42)],
                width: dice.between(0.016, 0.034),
                height: dice.between(0.004, 0.011),
            });
        }
        for _ in 0..3 {
            let (x, y) = (dice.between(-0.7, 0.7) * self.half, dice.between(self.hem, 0.1));
            folds.push(Fold {
                from: [x, y],
                to: [x + dice.between(-0.16, 0.16), y + dice.between(-0.1, 0.16)],
                width: dice.between(0.014, 0.03),
                height: dice.between(0.003, 0.008),
            });
        }
        if back {
            folds.push(Fold { from: [-0.1, 0.24], to: [0.1, 0.25], width: 0.02, height: 0.005 });
        }
        folds
    }
}

/// Builds a top. `shape` settles the design, `look` the colours.
pub(crate) fn top(cut: Cut, shape: &Dice, look: &Look) -> Option<Model> {
    let mut dice = shape.fork("top");
    let plan = Plan::new(&mut dice, cut);
    let reach = plan.along(plan.arm_length, 0.0).0.max(plan.half);
    let width = 2.0 * reach + 0.08;
    let (outline, form) =
        (Shape::symmetric(&plan.half_outline(0.0)), Shape::symmetric(&plan.half_outline(0.09)));
    let puffer = cut == Cut::Jacket && look.finish.gloss > 0.2 && look.finish.weave == Weave::Canvas;
    let mut parts = Vec::new();
    let inside = tone(look.cloth.base, if brightness(look.cloth.base) > 0.3 { -0.22 } else { 0.08 });
    for back in [false, true] {
        let mut sheet = Sheet::new(width, 1.06, PX_PER_UNIT, look.cloth.base)?;
        sheet.cut(&outline);
        tailor::paint(&mut sheet, &plan, look, &mut shape.fork("paint"), back);
        let line = plan.neckline(back);
        let mut hole = line.clone();
        hole.extend([(plan.neck + 0.01, HIGH + 0.06, 0.0), (-plan.neck - 0.01, HIGH + 0.06, 0.0)]);
        sheet.hole(&Shape::outline(&hole));
        let mut folds = plan.folds(&mut dice, back);
        if puffer {
            folds.extend(quilts(&plan));
        }
        let belly = Belly {
            depth: if back { -0.085 } else { 0.105 },
            round: 0.15,
            folds,
            crumple: if puffer { 0.012 } else { dice.between(0.010, 0.022) },
            seed: (dice.bits() >> 40) as u32,
        };
        parts.push(Part {
            mesh: sheet.inflate(&form, &belly),
            skin: sheet.skin(),
            finish: look.finish,
            inside: Some(inside),
        });
    }
    if cut != Cut::Hoodie {
        parts.push(neck_label(look)?);
    }
    match cut {
        Cut::Hoodie => hood(&mut parts, &plan, look, &mut dice)?,
        Cut::Shirt => collar(&mut parts, &plan, look, 0.032)?,
        Cut::Jacket if look.finish.weave != Weave::Jersey => {
            collar(&mut parts, &plan, look, if plan.has_leaves(look) { 0.03 } else { 0.062 })?
        }
        _ => {}
    }
    let focus = if look.print.is_some() {
        v3(0.0, 0.14, 0.1)
    } else {
        v3(dice.between(-0.08, 0.08), dice.between(0.2, 0.34), 0.08)
    };
    Some(Model { parts, stance: Stance::Hanging, focus, zoom: 2.3, aspect: dice.pick(&[1.0, 0.8, 0.8]) })
}

fn quilts(plan: &Plan) -> Vec<Fold> {
    let mut folds = Vec::new();
    let mut y = HIGH - 0.08;
    while y > plan.hem {
        folds.push(Fold {
            from: [-plan.half - 0.3, y],
            to: [plan.half + 0.3, y - 0.004],
            width: 0.013,
            height: -0.030,
        });
        y -= 0.085;
    }
    folds
}

fn neck_label(look: &Look) -> Option<Part> {
    let mut sheet = Sheet::new(
        0.07,
        0.036,
        1400.0,
        if brightness(look.cloth.base) > 0.5 { [46, 48, 56] } else { [236, 232, 224] },
    )?;
    let ink = if brightness(look.cloth.base) > 0.5 { [236, 232, 224] } else { [46, 48, 56] };
    wordmark(&mut sheet, [0.0, 0.0], 0.05, ink, look.brand);
    let mesh = Mesh::grid(2, 2, |u, v| (v3((u - 0.5) * 0.07, HIGH - 0.028 - 0.036 * v, -0.02), [u, v]));
    Some(Part { mesh, skin: sheet.skin(), finish: JERSEY, inside: None })
}

/// The stand of a collar: a band around the neck, open in front.
fn collar(parts: &mut Vec<Part>, plan: &Plan, look: &Look, tall: f32) -> Option<()> {
    let mut sheet = Sheet::new(0.6, 0.2, PX_PER_UNIT, look.cloth.base)?;
    sheet.cloth(&Shape::rect(0.0, 0.0, 0.6, 0.2), &look.cloth, [0.0, 0.0], 0.0);
    sheet.stitch(&Shape::line(&[(-0.3, 0.08, 0.0), (0.3, 0.08, 0.0)]), tone(look.cloth.base, -0.35));
    let (start, turn) = (0.10, std::f32::consts::TAU);
    let mesh = Mesh::grid(48, 5, |u, v| {
        let (s, c) = (start + u * (turn - 2.0 * start)).sin_cos();
        let front = (0.5 + 0.5 * c).powf(1.6);
        let low = HIGH - 0.008 - (plan.dip + 0.012) * front;
        let out = plan.neck + 0.006;
        (v3(s * out, low + tall * (1.0 - v) * (1.0 - 0.25 * front), c * 0.058 + 0.012), [u, v])
    })
    .outward();
    parts.push(Part {
        mesh,
        skin: sheet.skin(),
        finish: look.finish,
        inside: Some(tone(look.cloth.base, -0.2)),
    });
    Some(())
}

fn hood(parts: &mut Vec<Part>, plan: &Plan, look: &Look, dice: &mut Dice) -> Option<()> {
    let wide = plan.neck + dice.between(0.045, 0.06);
    let tall = dice.between(0.17, 0.2);
    let half = [
        (0.0, HIGH + tall, 1.0),
        (wide * 0.8, HIGH + tall * 0.72, 1.0),
        (wide, HIGH + tall * 0.2, 1.0),
        (wide + 0.012, HIGH - 0.04, 0.3),
        (0.0, HIGH - 0.115, 0.3),
    ];
    let lift = 0.10;
    let shifted = |half: &[Corner]| half.iter().map(|&(x, y, r)| (x, y - HIGH, r)).collect::<Vec<_>>();
    let outline = Shape::symmetric(&shifted(&half));
    let opening = Shape::symmetric(&shifted(&[
        (0.0, HIGH + tall * 0.74, 1.0),
        (wide * 0.56, HIGH + tall * 0.5, 1.0),
        (wide * 0.62, HIGH + 0.005, 1.0),
        (0.0, HIGH - 0.085, 0.15),
    ]));
    for back in [false, true] {
        let mut sheet = Sheet::new(0.5, 0.5, PX_PER_UNIT, look.cloth.base)?;
        sheet.cloth(&Shape::rect(0.0, 0.0, 1.0, 1.0), &look.cloth, [0.0, 0.0], 0.0);
        sheet.cut(&outline);
        if back {
            sheet.seam(&Shape::line(&[(0.0, -0.1, 0.0), (0.0, 0.3, 0.0)]), look.cloth.base);
        } else {
            sheet.soft(&opening, 0.05, tone(look.cloth.base, -0.6), 0.3);
            sheet.stitch(&opening.placed(0.0, -0.004, 1.16, 0.0), tone(look.cloth.base, -0.4));
            sheet.hole(&opening);
        }
        let folds = vec![
            Fold { from: [-wide, -0.02], to: [-wide * 0.4, 0.06], width: 0.014, height: 0.008 },
            Fold { from: [wide, -0.03], to: [wide * 0.5, 0.05], width: 0.014, height: 0.008 },
        ];
        let belly =
            Belly { depth: if back { -0.12 } else { 0.075 }, round: 0.1, folds, crumple: 0.014, seed: 7 };
        let mesh = sheet.inflate(&outline, &belly).moved(|p| {
            v3(p.x, p.y + HIGH, p.z + if p.y < 0.0 { lift * (-p.y * 9.0).min(1.0) * 0.6 } else { 0.0 })
        });
        parts.push(Part {
            mesh,
            skin: sheet.skin(),
            finish: look.finish,
            inside: Some(tone(look.cloth.base, -0.3)),
        });
    }
    for side in [-1.0, 1.0] {
        let x = side * wide * 0.4;
        let length = dice.between(0.12, 0.24);
        let cord = curve(
            &[
                v3(x, HIGH - 0.05, 0.125),
                v3(x * 1.05, HIGH - 0.12, 0.14),
                v3(x * 1.2, HIGH - 0.12 - length, 0.135),
            ],
            10,
        );
        parts.push(Part {
            mesh: Mesh::tube(&cord, 0.006, 0.006, v3(0.0, 0.0, 1.0)),
            skin: Skin::flat(look.trim),
            finish: JERSEY,
            inside: None,
        });
        let end = [v3(x * 1.2, HIGH - 0.12 - length, 0.135), v3(x * 1.2, HIGH - 0.145 - length, 0.134)];
        parts.push(Part {
            mesh: Mesh::tube(&end, 0.0075, 0.0075, v3(0.0, 0.0, 1.0)),
            skin: Skin::flat(look.metal),
            finish: STEEL,
            inside: None,
        });
    }
    Some(())
}
