//! Writes pictures without compression as a Matroska stream, in which each has a time of its own. It is
//! the simplest stream of ffmpeg with exact times: other raw formats have a constant rate.
//!
//! The elements are those of RFC 9559.

/// Nanoseconds for each unit of time.
const TIMESTAMP_SCALE: u64 = 1_000;
/// The size of an element that goes on until the stream ends.
const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// Returns the start of a stream of pictures in I420. `frame_nanos` is how long most of them are shown.
pub(super) fn header(width: u32, height: u32, frame_nanos: u64) -> Vec<u8> {
    let ebml = [
        number(&[0x42, 0x86], 1),
        number(&[0x42, 0xF7], 1),
        number(&[0x42, 0xF2], 4),
        number(&[0x42, 0xF3], 8),
        element(&[0x42, 0x82], b"matroska"),
        number(&[0x42, 0x87], 4),
        number(&[0x42, 0x85], 2),
    ]
    .concat();
    let info = [
        number(&[0x2A, 0xD7, 0xB1], TIMESTAMP_SCALE),
        element(&[0x4D, 0x80], b"viseme"),
        element(&[0x57, 0x41], b"viseme"),
    ]
    .concat();
    let video = [
        number(&[0xB0], u64::from(width)),
        number(&[0xBA], u64::from(height)),
        element(&[0x2E, 0xB5, 0x24], b"I420"),
    ]
    .concat();
    let track = [
        number(&[0xD7], 1),
        number(&[0x73, 0xC5], 1),
        number(&[0x83], 1),
        number(&[0x9C], 0),
        number(&[0x23, 0xE3, 0x83], frame_nanos),
        element(&[0x86], b"V_UNCOMPRESSED"),
        element(&[0xE0], &video),
    ]
    .concat();
    let segment = [&[0x18, 0x53, 0x80, 0x67][..], &UNKNOWN_SIZE].concat();
    [
        element(&[0x1A, 0x45, 0xDF, 0xA3], &ebml),
        segment,
        element(&[0x15, 0x49, 0xA9, 0x66], &info),
        element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track)),
    ]
    .concat()
}

/// Returns what stands before the bytes of a picture that is shown at this time.
pub(super) fn frame_head(micros: u64, bytes: usize) -> Vec<u8> {
    let timestamp = number(&[0xE7], micros);
    // The number of the track, the time within the cluster, and the flag of a key frame.
    let block = [0x81, 0, 0, 0x80];
    let block_size = size(block.len() + bytes);
    let cluster = timestamp.len() + 1 + block_size.len() + block.len() + bytes;
    let id = [0x1F, 0x43, 0xB6, 0x75];
    [&id[..], &size(cluster), &timestamp, &[0xA3], &block_size, &block].concat()
}

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &size(content.len()), content].concat()
}

fn number(id: &[u8], value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

/// Returns a size in eight bytes, of which the first says that there are eight.
fn size(bytes: usize) -> [u8; 8] {
    let mut size = (bytes as u64).to_be_bytes();
    size[0] = 0x01;
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_have_eight_bytes() {
        assert_eq!(size(0x1234), [1, 0, 0, 0, 0, 0, 0x12, 0x34]);
        assert_eq!(number(&[0xD7], 3), [0xD7, 1, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3]);
    }

    #[test]
    fn the_size_of_a_cluster_includes_the_picture() {
        let head = frame_head(40_000, 100);
        let stated = u64::from_be_bytes(head[4..12].try_into().unwrap()) & 0x00FF_FFFF_FFFF_FFFF;
        assert_eq!(stated, (head.len() - 12 + 100) as u64);
    }
}
