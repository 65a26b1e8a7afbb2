//! Computes the displayed size of a picture.

use super::movie::Matrix;
use super::sample_entry::Picture;

/// Sides beyond this are corruption.
const MAX_SIDE: f64 = 65_535.0;
/// Pixels that are less than this far from square are square: the aspect is a rounding of sizes.
const SQUARE: f64 = 0.01;
/// Pixels that are stretched by more than this factor are corruption.
const MAX_STRETCH: f64 = 10.0;

/// The size of a picture, upright as a player shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// With the pixel aspect applied.
    pub(super) displayed: (u32, u32),
    /// In pixels as coded.
    pub(super) coded: (u32, u32),
}

/// Returns the size of a picture: as coded, stretched by its pixel aspect, turned by its matrix.
///
/// The clean aperture (`clap`) is ignored, as players do. `presented` is the size in the track
/// header: its proportions count if the picture has no pixel aspect of its own. Its scale does
/// not, as players show the pixels they decode.
pub(super) fn size(picture: Picture, presented: (f64, f64), matrix: Matrix) -> Option<Size> {
    let (width, height) = match picture.coded {
        Some(coded) => (f64::from(coded.width), f64::from(coded.height)),
        None => (f64::from(picture.width), f64::from(picture.height)),
    };
    if width < 1.0 || height < 1.0 {
        let size = whole(turned(presented, matrix))?;
        return Some(Size { displayed: size, coded: size });
    }
    let aspect = [
        picture.pixel_aspect.map(ratio),
        stretch_of_header(picture, presented, matrix),
        picture.coded.and_then(|coded| coded.pixel_aspect).map(ratio),
    ];
    let aspect = aspect.into_iter().flatten().next().unwrap_or(1.0);
    let stretched = width * plausible(aspect) * plausible(uneven_scale(matrix));
    Some(Size {
        displayed: whole(turned((stretched, height), matrix))?,
        coded: whole(turned((width, height), matrix))?,
    })
}

fn ratio((across, down): (u32, u32)) -> f64 {
    f64::from(across) / f64::from(down)
}

/// Returns 1 for factors that are none: nearly square pixels, and absurd ones.
fn plausible(factor: f64) -> f64 {
    let is_absurd = !(1.0 / MAX_STRETCH..=MAX_STRETCH).contains(&factor);
    if is_absurd || (factor - 1.0).abs() < SQUARE { 1.0 } else { factor }
}

/// Returns the stretch in the track header; `None` if it agrees with the sample
/// description.
fn stretch_of_header(picture: Picture, presented: (f64, f64), matrix: Matrix) -> Option<f64> {
    let described = (f64::from(picture.width), f64::from(picture.height));
    if [presented.0, presented.1, described.0, described.1].iter().any(|side| *side < 1.0) {
        return None;
    }
    let proportions = described.0 / described.1;
    let factor = (presented.0 / presented.1) / proportions;
    // Some writers turn the sides in the header as well.
    let turned_factor = (presented.1 / presented.0) / proportions;
    let is_turned = matrix.is_quarter_turn() && (turned_factor - 1.0).abs() < SQUARE;
    (!is_turned && (factor - 1.0).abs() >= SQUARE).then_some(factor)
}

/// Returns how much more a matrix stretches the width than the height.
fn uneven_scale(matrix: Matrix) -> f64 {
    let across = matrix.a.hypot(matrix.b);
    let down = matrix.c.hypot(matrix.d);
    if across <= 0.0 || down <= 0.0 { 1.0 } else { across / down }
}

/// Swaps the sides on a quarter turn.
fn turned(size: (f64, f64), matrix: Matrix) -> (f64, f64) {
    if matrix.is_quarter_turn() { (size.1, size.0) } else { size }
}

fn whole(size: (f64, f64)) -> Option<(u32, u32)> {
    let side = |length: f64| {
        let length = length.round();
        // In range, so nothing is lost.
        (1.0..=MAX_SIDE).contains(&length).then_some(length as u32)
    };
    Some((side(size.0)?, side(size.1)?))
}

#[cfg(test)]
mod tests {
    use super::super::sps::CodedPicture;
    use super::*;

    const QUARTER: Matrix = Matrix { a: 0.0, b: 1.0, c: -1.0, d: 0.0 };
    const HALF: Matrix = Matrix { a: -1.0, b: 0.0, c: 0.0, d: -1.0 };

    fn picture(width: u32, height: u32) -> Picture {
        Picture { width, height, coded: None, pixel_aspect: None }
    }

    fn displayed(picture: Picture, presented: (f64, f64), matrix: Matrix) -> Option<(u32, u32)> {
        size(picture, presented, matrix).map(|size| size.displayed)
    }

    #[test]
    fn displayed_sizes() {
        let aspect =
            |across, down, picture| Picture { pixel_aspect: Some((across, down)), ..picture };
        let wide = aspect(4, 3, picture(960, 720));
        let cropped = CodedPicture { width: 1920, height: 1080, pixel_aspect: None };
        let cropped = Picture { coded: Some(cropped), ..picture(1920, 1088) };
        let inside = CodedPicture { width: 960, height: 720, pixel_aspect: Some((4, 3)) };
        let inside = Picture { coded: Some(inside), ..picture(960, 720) };
        let one = Matrix::IDENTITY;
        for (picture, presented, matrix, expected) in [
            (picture(1280, 720), (1280.0, 720.0), one, Some((1280, 720))),
            (picture(1280, 720), (1280.0, 720.0), QUARTER, Some((720, 1280))),
            // The header has the turned size already.
            (picture(1280, 720), (720.0, 1280.0), QUARTER, Some((720, 1280))),
            (picture(1280, 720), (1280.0, 720.0), HALF, Some((1280, 720))),
            (wide, (1280.0, 720.0), one, Some((1280, 720))),
            (wide, (1280.0, 720.0), QUARTER, Some((720, 1280))),
            // Only the track header knows that the pixels are wide.
            (picture(960, 720), (1280.0, 720.0), one, Some((1280, 720))),
            (inside, (960.0, 720.0), one, Some((1280, 720))),
            // A smaller presentation of the same proportions changes nothing.
            (picture(1920, 1080), (1280.0, 720.0), one, Some((1920, 1080))),
            (picture(854, 480), (853.33, 480.0), one, Some((854, 480))),
            (cropped, (1920.0, 1088.0), one, Some((1920, 1080))),
            (cropped, (1920.0, 1080.0), one, Some((1920, 1080))),
            // Nearly square, and absurd.
            (aspect(540, 541, picture(1920, 1080)), (0.0, 0.0), one, Some((1920, 1080))),
            (aspect(1, 1000, picture(1920, 1080)), (0.0, 0.0), one, Some((1920, 1080))),
            (picture(0, 0), (1280.0, 720.0), one, Some((1280, 720))),
            (picture(0, 0), (0.0, 0.0), one, None),
            (picture(640, 480), (640.0, 480.0), Matrix { a: 2.0, ..one }, Some((1280, 480))),
            (picture(640, 480), (640.0, 480.0), Matrix { a: 0.0, d: 0.0, ..one }, Some((640, 480))),
        ] {
            assert_eq!(displayed(picture, presented, matrix), expected, "{picture:?} {matrix:?}");
        }
        let size = size(wide, (1280.0, 720.0), QUARTER);
        assert_eq!(size.map(|size| size.coded), Some((720, 960)));
    }
}
