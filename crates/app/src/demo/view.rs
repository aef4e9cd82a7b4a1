//! Photographs a product: where the camera stands, what is behind, and what the lens and sensor add.
//!
//! Takes a finished [`Model`] and gives a picture; knows nothing of what the product is. Neighbours: the kinds
//! build models, `raster` and `backdrop` draw, `write` encodes.

#![expect(clippy::indexing_slicing, reason = "frame loops run inside the frame's own width and height")]

use image::{Rgb as ImageRgb, RgbImage};

use super::backdrop::{Backdrop, Plane};
use super::dice::{Dice, ramp};
use super::field::Field;
use super::palette::Rgb;
use super::raster::{Frame, Part, shadow};
use super::shading::{Rig, shade_between};
use super::space::{Camera, V3, v3};

/// How a product is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// On the ground; the floor is at its lowest point.
    Standing,
    /// Before a wall, or lying on a table seen from above.
    Hanging,
}

/// A product in three dimensions, facing `+z`, about one unit in size around the origin.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) parts: Vec<Part>,
    pub(crate) stance: Stance,
    /// Where a close-up looks, and how much it enlarges.
    pub(crate) focus: V3,
    pub(crate) zoom: f32,
    /// Width over height of its pictures.
    pub(crate) aspect: f32,
}

/// Which photograph of a product it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Angle {
    Front,
    Back,
    ThreeQuarter,
    Detail,
    Lifestyle,
}

impl Angle {
    /// As it stands in the catalog's `view` column and in file names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
            Self::ThreeQuarter => "angle",
            Self::Detail => "detail",
            Self::Lifestyle => "lifestyle",
        }
    }
}

/// Long side of every picture, in pixels.
pub(crate) const LONG_SIDE_PX: usize = 640;

/// Takes the photograph. The same model, angle and dice give the same pixels.
pub(crate) fn photograph(model: &Model, angle: Angle, dice: &Dice) -> RgbImage {
    let mut dice = dice.fork(angle.name());
    let size = if model.aspect >= 1.0 {
        [LONG_SIDE_PX, (LONG_SIDE_PX as f32 / model.aspect) as usize & !1]
    } else {
        [(LONG_SIDE_PX as f32 * model.aspect) as usize & !1, LONG_SIDE_PX]
    };
    let extent = size.map(|px| px as f32);
    let rig = Rig::new(&mut dice);
    let camera = camera(model, angle, extent, &mut dice);
    let plane = plane(model, angle);
    let backdrop = if angle == Angle::Lifestyle {
        Backdrop::place(&mut dice, plane)
    } else {
        Backdrop::studio(&mut dice)
    };

    let mut frame = Frame::new(size[0] * 3 / 2, size[1] * 3 / 2);
    let enlarged = camera.scaled(1.5);
    for part in near_to_far(model, &camera) {
        frame.draw(part, &enlarged, &rig);
    }
    let (width, height, pixels, depths) = frame.reduced();
    let dark = occlusion(&depths, camera.scale(), rig.key);
    let cast = cast_shadow(model, &camera, plane, &rig, size);

    let sensor = Sensor::new(&mut dice);
    // Paper changes so slowly that one colour serves four by four pixels.
    let paper = matches!(backdrop, Backdrop::Studio { .. });
    let mut row: Vec<Rgb> = Vec::new();
    let mut picture = RgbImage::new(width as u32, height as u32);
    for (i, pixel) in pixels.iter().enumerate() {
        let (x, y) = (i % width, i / width);
        let at = [x as f32 + 0.5, y as f32 + 0.5];
        if paper && x == 0 && y % 4 == 0 {
            row.clear();
            row.extend((0..width.div_ceil(4)).map(|block| {
                backdrop.colour(&camera, plane, [block as f32 * 4.0 + 2.0, at[1] + 1.5], extent)
            }));
        }
        let cover = f32::from(pixel[3]) / 255.0;
        let mut colour = [0.0; 3];
        if cover < 1.0 {
            let shade = 1.0 - cast.sample(at[0] / 4.0 - 0.5, at[1] / 4.0 - 0.5).min(0.85);
            let behind = if paper { row[x / 4] } else { backdrop.colour(&camera, plane, at, extent) };
            for (sum, value) in colour.iter_mut().zip(behind) {
                *sum = f32::from(value) * shade * (1.0 - cover);
            }
        }
        if cover > 0.0 {
            let light = 1.0 - 0.62 * dark.sample(at[0] / 2.0 - 0.5, at[1] / 2.0 - 0.5).min(1.0);
            for (sum, value) in colour.iter_mut().zip(pixel) {
                *sum += f32::from(*value) * light * cover;
            }
        }
        picture.put_pixel(x as u32, y as u32, ImageRgb(sensor.record(colour, x, y)));
    }
    picture
}

/// The nearest parts first, so that what they hide is not painted.
fn near_to_far<'a>(model: &'a Model, camera: &Camera) -> Vec<&'a Part> {
    let nearness = |part: &Part| {
        let sum: f32 = part.mesh.vertices.iter().map(|vertex| camera.turn(vertex.at).z).sum();
        sum / part.mesh.vertices.len().max(1) as f32
    };
    let mut parts: Vec<(f32, &Part)> = model.parts.iter().map(|part| (nearness(part), part)).collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    parts.into_iter().map(|(_, part)| part).collect()
}

fn plane(model: &Model, angle: Angle) -> Plane {
    let points = || model.parts.iter().flat_map(|part| &part.mesh.vertices).map(|vertex| vertex.at);
    match model.stance {
        Stance::Standing => Plane::Floor(points().fold(f32::MAX, |low, at| low.min(at.y))),
        Stance::Hanging => {
            // Seen from the back, the paper is on the other side.
            let (back, front) =
                points().fold((f32::MAX, f32::MIN), |(low, high), at| (low.min(at.z), high.max(at.z)));
            Plane::Wall(match angle {
                Angle::Lifestyle => back - 0.01,
                Angle::Back => front + 0.05,
                _ => back - 0.05,
            })
        }
    }
}

fn camera(model: &Model, angle: Angle, extent: [f32; 2], dice: &mut Dice) -> Camera {
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let turn = std::f32::consts::PI;
    let (yaw, pitch, roll) = match (model.stance, angle) {
        (Stance::Standing, Angle::Front) => (dice.between(-0.1, 0.1), dice.between(0.08, 0.24), 0.0),
        (Stance::Standing, Angle::Back) => (turn + dice.between(-0.25, 0.25), dice.between(0.08, 0.26), 0.0),
        (Stance::Standing, Angle::Detail) => {
            (side * dice.between(0.1, 0.6), dice.between(0.15, 0.4), dice.between(-0.1, 0.1))
        }
        (Stance::Standing, _) => {
            (side * dice.between(0.42, 0.85), dice.between(0.2, 0.45), dice.between(-0.03, 0.03))
        }
        (Stance::Hanging, Angle::Front) => {
            (dice.between(-0.08, 0.08), dice.between(-0.04, 0.05), dice.between(-0.015, 0.015))
        }
        (Stance::Hanging, Angle::Back) => (turn + dice.between(-0.1, 0.1), dice.between(-0.03, 0.05), 0.0),
        (Stance::Hanging, Angle::Detail) => {
            (side * dice.between(0.0, 0.4), dice.between(-0.05, 0.2), dice.between(-0.15, 0.15))
        }
        (Stance::Hanging, Angle::Lifestyle) => {
            (dice.between(-0.12, 0.12), dice.between(-0.05, 0.12), dice.between(-0.3, 0.3))
        }
        (Stance::Hanging, Angle::ThreeQuarter) => {
            (side * dice.between(0.4, 0.75), dice.between(0.0, 0.12), 0.0)
        }
    };
    let mut camera = Camera::new(yaw, pitch, roll, dice.between(4.0, 7.0));
    let fill = match angle {
        Angle::Lifestyle => dice.between(0.56, 0.72),
        _ => dice.between(0.76, 0.90),
    };
    camera.fit(model.parts.iter().flat_map(|part| &part.mesh.vertices).map(|vertex| vertex.at), extent, fill);
    match angle {
        Angle::Detail => camera.close_up(model.focus, model.zoom * dice.between(0.85, 1.2), extent),
        Angle::Lifestyle => {
            camera.shift(extent[0] * dice.between(-0.07, 0.07), extent[1] * dice.between(-0.02, 0.08))
        }
        _ => camera.shift(extent[0] * dice.between(-0.02, 0.02), extent[1] * dice.between(-0.01, 0.01)),
    }
    camera
}

/// The soft shadows between parts, at half the picture's size.
fn occlusion(depths: &Field, px_per_unit: f32, key: V3) -> Field {
    let mut small = Field::new(depths.width / 2, depths.height / 2, f32::MAX);
    for y in 0..small.height {
        for x in 0..small.width {
            let first = 2 * y * depths.width + 2 * x;
            let block = [first, first + 1, first + depths.width, first + depths.width + 1];
            small.values[y * small.width + x] =
                block.iter().fold(f32::MAX, |near, &i| near.min(depths.values[i]));
        }
    }
    shade_between(&small, px_per_unit / 2.0, key)
}

/// The product's shadow on the plane, at a quarter of the picture's size.
fn cast_shadow(model: &Model, camera: &Camera, plane: Plane, rig: &Rig, size: [usize; 2]) -> Field {
    let quarter = camera.scaled(0.25);
    let (width, height) = (size[0] / 4, size[1] / 4);
    let lamp = camera.unturn(rig.key);
    let steep = |slope: f32| if slope < 0.0 { slope.min(-0.35) } else { slope.max(0.35) };
    let land = |at: V3, from: V3| match plane {
        Plane::Floor(level) => at - from * ((at.y - level) / from.y.max(0.35)),
        Plane::Wall(level) => at - from * ((at.z - level) / steep(from.z)),
    };
    let place = |at: V3| {
        let [x, y, _] = quarter.project(at);
        Some([x, y])
    };
    let mut soft = Field::new(width, height, 0.0);
    let mut close = Field::new(width, height, 0.0);
    for part in &model.parts {
        shadow(&mut soft, part, |at| place(land(at, lamp)));
        if let Plane::Floor(level) = plane {
            shadow(&mut close, part, |at| {
                if at.y - level < 0.16 { place(land(at, v3(0.0, 1.0, 0.0))) } else { None }
            });
        }
    }
    let unit = quarter.scale();
    let strength = if matches!(plane, Plane::Floor(_)) { 0.30 } else { 0.22 };
    soft.blur(((unit * 0.045) as usize).max(1));
    close.blur(((unit * 0.014) as usize).max(1));
    for (soft, close) in soft.values.iter_mut().zip(&close.values) {
        *soft = *soft * strength + *close * 0.42;
    }
    soft
}

/// White balance, exposure and grain.
struct Sensor {
    /// The factor for each channel at each level.
    gains: [[f32; 256]; 3],
    grain: f32,
    seed: u32,
}

impl Sensor {
    fn new(dice: &mut Dice) -> Self {
        let warmth = dice.between(-0.02, 0.02);
        let exposure = dice.between(0.98, 1.03);
        // Paper white stays white: the balance fades out towards it.
        let gains = [1.0 + warmth, 1.0, 1.0 - warmth].map(|balance: f32| {
            std::array::from_fn(|level| {
                1.0 + (exposure * balance - 1.0) * (1.0 - ramp(225.0, 252.0, level as f32))
            })
        });
        Self { gains, grain: dice.between(0.6, 2.2), seed: (dice.bits() >> 33) as u32 }
    }

    fn record(&self, colour: [f32; 3], x: usize, y: usize) -> Rgb {
        let speckle = (super::dice::cell(x as i32, y as i32, self.seed) - 0.5) * self.grain * 2.0;
        let mut out = [0; 3];
        for ((out, value), gains) in out.iter_mut().zip(colour).zip(&self.gains) {
            let gain = gains[(value as usize).min(255)];
            *out = (value * gain + speckle + 0.5) as u8;
        }
        out
    }
}
