//! From coded to displayed size.

use super::movie::Matrix;
use super::sample_entry::Picture;

/// Sides beyond this are corruption, not pictures.
const LARGEST_SIDE: f64 = 65_535.0;

/// The size a player shows: the coded picture, cropped to its clean aperture, widened by its pixel
/// aspect, turned by its matrix.
///
/// `presented` is the size the track header asks for. Its proportions count where the picture has
/// no pixel aspect of its own; its scale does not, as players show the pixels they decode.
pub(super) fn displayed(
    picture: Picture,
    presented: (f64, f64),
    matrix: Matrix,
) -> Option<(u32, u32)> {
    let (mut width, height) = cropped(picture);
    if width < 1.0 || height < 1.0 {
        return whole(turned(presented, matrix));
    }
    width *= match picture.pixel_aspect {
        Some((across, down)) => f64::from(across) / f64::from(down),
        None => stretch(width / height, presented),
    };
    whole(turned((width * uneven_scale(matrix), height), matrix))
}

fn cropped(picture: Picture) -> (f64, f64) {
    let coded = (f64::from(picture.width), f64::from(picture.height));
    match picture.clean {
        Some((width, height))
            if (1.0..=coded.0).contains(&width) && (1.0..=coded.1).contains(&height) =>
        {
            (width, height)
        }
        _ => coded,
    }
}

/// What the track header's proportions make of pixels that have none of their own. Differences of
/// a rounded pixel are none.
fn stretch(coded: f64, presented: (f64, f64)) -> f64 {
    if presented.0 < 1.0 || presented.1 < 1.0 {
        return 1.0;
    }
    let factor = (presented.0 / presented.1) / coded;
    if (factor - 1.0).abs() < 0.01 { 1.0 } else { factor }
}

/// How much more a matrix widens than it heightens.
fn uneven_scale(matrix: Matrix) -> f64 {
    let across = matrix.a.hypot(matrix.b);
    let down = matrix.c.hypot(matrix.d);
    if across <= 0.0 || down <= 0.0 {
        return 1.0;
    }
    let factor = across / down;
    if (factor - 1.0).abs() < 0.01 { 1.0 } else { factor }
}

/// Sides change places on a quarter turn.
fn turned(size: (f64, f64), matrix: Matrix) -> (f64, f64) {
    if matrix.b.abs() > matrix.a.abs() { (size.1, size.0) } else { size }
}

fn whole(size: (f64, f64)) -> Option<(u32, u32)> {
    let side = |length: f64| {
        let length = length.round();
        // In range, so nothing is lost.
        (1.0..=LARGEST_SIDE).contains(&length).then_some(length as u32)
    };
    Some((side(size.0)?, side(size.1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: Matrix = Matrix { a: 0.0, b: 1.0, c: -1.0, d: 0.0 };
    const HALF: Matrix = Matrix { a: -1.0, b: 0.0, c: 0.0, d: -1.0 };

    fn picture(width: u32, height: u32) -> Picture {
        Picture { width, height, pixel_aspect: None, clean: None }
    }

    #[test]
    fn displayed_sizes() {
        let wide = Picture { pixel_aspect: Some((4, 3)), ..picture(960, 720) };
        let cropped = Picture { clean: Some((1920.0, 1080.0)), ..picture(1920, 1088) };
        let bad_crop = Picture { clean: Some((4000.0, 1080.0)), ..picture(1920, 1088) };
        let one = Matrix::IDENTITY;
        for (picture, presented, matrix, expected) in [
            (picture(1280, 720), (1280.0, 720.0), one, Some((1280, 720))),
            (picture(1280, 720), (1280.0, 720.0), QUARTER, Some((720, 1280))),
            (picture(1280, 720), (1280.0, 720.0), HALF, Some((1280, 720))),
            (wide, (1280.0, 720.0), one, Some((1280, 720))),
            (wide, (1280.0, 720.0), QUARTER, Some((720, 1280))),
            // Only the track header knows that the pixels are wide.
            (picture(960, 720), (1280.0, 720.0), one, Some((1280, 720))),
            // A smaller presentation of the same proportions changes nothing.
            (picture(1920, 1080), (1280.0, 720.0), one, Some((1920, 1080))),
            (picture(854, 480), (853.33, 480.0), one, Some((854, 480))),
            (cropped, (1920.0, 1080.0), one, Some((1920, 1080))),
            (bad_crop, (0.0, 0.0), one, Some((1920, 1088))),
            (picture(0, 0), (1280.0, 720.0), one, Some((1280, 720))),
            (picture(0, 0), (0.0, 0.0), one, None),
            (picture(640, 480), (640.0, 480.0), Matrix { a: 2.0, ..one }, Some((1280, 480))),
            (picture(640, 480), (640.0, 480.0), Matrix { a: 0.0, d: 0.0, ..one }, Some((640, 480))),
        ] {
            assert_eq!(displayed(picture, presented, matrix), expected, "{picture:?} {matrix:?}");
        }
    }

    #[test]
    fn absurd_sizes_are_none() {
        let absurd = Picture { pixel_aspect: Some((u32::MAX, 1)), ..picture(65_535, 65_535) };
        assert_eq!(displayed(absurd, (0.0, 0.0), Matrix::IDENTITY), None);
    }
}
