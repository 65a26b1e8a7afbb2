//! A number as black and white blocks that survive scaling, borders and lossy coding.
//!
//! A picture is 8 × 6 blocks. The outer blocks are white, which shows where the picture is between black
//! borders. The other 6 × 4 are 20 bits of the number and 4 bits of a checksum.

/// The side of a drawn picture in pixels. It is scaled to the size of the video.
pub(super) const SIDE: usize = 48;

const COLUMNS: usize = 8;
const ROWS: usize = 6;
const INNER_COLUMNS: usize = COLUMNS - 2;
const NUMBER_BITS: usize = 20;
const BITS: usize = 24;
const WHITE: u8 = 255;

/// Pixels from this value on are white.
const THRESHOLD: u8 = 128;

/// Returns the picture of a number, one byte a pixel.
pub(super) fn draw(number: u32) -> Vec<u8> {
    let code = encode(number);
    let pixels = (0..SIDE * SIDE).map(|index| {
        let (x, y) = (index % SIDE * COLUMNS / SIDE, index / SIDE * ROWS / SIDE);
        let is_edge = x == 0 || y == 0 || x == COLUMNS - 1 || y == ROWS - 1;
        let is_white = is_edge || code >> ((y - 1) * INNER_COLUMNS + x - 1) & 1 == 1;
        if is_white { WHITE } else { 0 }
    });
    pixels.collect()
}

/// Reads the number of a square picture with sides of `side` pixels, which may have borders. `None` if
/// there is no number or its checksum is wrong.
pub(super) fn read(pixels: &[u8], side: usize) -> Option<u32> {
    let is_white =
        |x: usize, y: usize| pixels.get(y * side + x).is_some_and(|pixel| *pixel >= THRESHOLD);
    // The edges of the picture are white for most of their length; a border is not.
    let across = |x: usize| (0..side).filter(|y| is_white(x, *y)).count();
    let down = |y: usize| (0..side).filter(|x| is_white(*x, y)).count();
    let (left, right) = ((0..side).find(|x| across(*x) > 4)?, (0..side).rfind(|x| across(*x) > 4)?);
    let (top, bottom) = ((0..side).find(|y| down(*y) > 4)?, (0..side).rfind(|y| down(*y) > 4)?);
    let (width, height) = (right - left + 1, bottom - top + 1);
    let mut code = 0;
    for bit in 0..BITS {
        let (column, row) = (bit % INNER_COLUMNS + 1, bit / INNER_COLUMNS + 1);
        let x = left + (2 * column + 1) * width / (2 * COLUMNS);
        let y = top + (2 * row + 1) * height / (2 * ROWS);
        code |= u32::from(is_white(x, y)) << bit;
    }
    let number = code & ((1 << NUMBER_BITS) - 1);
    (encode(number) == code).then_some(number)
}

fn encode(number: u32) -> u32 {
    let number = number & ((1 << NUMBER_BITS) - 1);
    // Neither all black nor all white is a number.
    let sum =
        (0..5).fold(0b1010, |sum: u32, nibble| sum.rotate_left(1) ^ (number >> (4 * nibble)) & 15);
    let sum = (sum ^ sum >> 4 ^ sum >> 8) & 15;
    number | sum << NUMBER_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        for number in (0..2_000).chain([9_999, 65_535, 1_048_575]) {
            assert_eq!(read(&draw(number), SIDE), Some(number));
        }
    }

    #[test]
    fn a_wrong_block_is_found() {
        for number in [0, 1, 77, 5_399, 1_048_575] {
            for bit in 0..BITS {
                let mut pixels = draw(number);
                for (index, pixel) in pixels.iter_mut().enumerate() {
                    let (x, y) = (index % SIDE * COLUMNS / SIDE, index / SIDE * ROWS / SIDE);
                    if (x, y) == (bit % INNER_COLUMNS + 1, bit / INNER_COLUMNS + 1) {
                        *pixel = WHITE - *pixel;
                    }
                }
                assert_eq!(read(&pixels, SIDE), None, "bit {bit} of {number}");
            }
        }
        assert_eq!(read(&[0; SIDE * SIDE], SIDE), None);
        assert_eq!(read(&[WHITE; SIDE * SIDE], SIDE), None);
    }

    #[test]
    fn borders_are_found() {
        let drawn = draw(12_345);
        let mut pixels = vec![0; 3 * SIDE * 3 * SIDE];
        for (index, pixel) in drawn.iter().enumerate() {
            pixels[(index / SIDE + 7) * 3 * SIDE + index % SIDE + 70] = *pixel;
        }
        assert_eq!(read(&pixels, 3 * SIDE), Some(12_345));
    }
}
