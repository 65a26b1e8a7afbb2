//! Edits the bytes of media files as some tools do.

use crate::media_files::{find, find_all};

/// Returns a box: size, type and content.
pub fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).expect("a small box");
    [&length.to_be_bytes()[..], kind, content].concat()
}

/// Overwrites bytes at an offset behind the type of every box of a kind.
pub fn set_all(file: &mut [u8], kind: &[u8; 4], offset: usize, bytes: &[u8]) {
    for at in find_all(file, kind) {
        let place = at + 4 + offset;
        file[place..place + bytes.len()].copy_from_slice(bytes);
    }
}

/// Overwrites bytes at an offset behind the type of one box of a kind.
pub fn set(file: &mut [u8], kind: &[u8; 4], index: usize, offset: usize, bytes: &[u8]) {
    let place = find_all(file, kind)[index] + 4 + offset;
    file[place..place + bytes.len()].copy_from_slice(bytes);
}

/// Turns every box of a kind into one that players skip.
pub fn remove_all(file: &mut [u8], kind: &[u8; 4]) {
    for at in find_all(file, kind) {
        file[at..at + 4].copy_from_slice(b"free");
    }
}

/// Adds to the size of the first box of a kind.
pub fn grow(file: &mut [u8], kind: &[u8; 4], by: u32) {
    let at = find(file, kind).expect("a box") - 4;
    let size = u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    file[at..at + 4].copy_from_slice(&size.wrapping_add(by).to_be_bytes());
}

/// Adds a box at the end of the first box of a kind, and makes the boxes around it larger. The
/// index must be at the end of the file.
pub fn insert(file: &mut Vec<u8>, parents: &[&[u8; 4]], added: &[u8]) {
    let inner = find(file, parents.last().expect("a parent").as_slice()).expect("a box") - 4;
    let size = u32::from_be_bytes(file[inner..inner + 4].try_into().expect("four bytes"));
    let end = inner + usize::try_from(size).expect("a small box");
    file.splice(end..end, added.iter().copied());
    for parent in parents {
        grow(file, parent, u32::try_from(added.len()).expect("a small box"));
    }
}

/// Puts bytes in front of a file and moves the positions in its index.
pub fn prepend(file: &[u8], front: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for at in find_all(&file, b"stco") {
        let number = |at: usize, file: &[u8]| {
            u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"))
        };
        for index in 0..number(at + 8, &file) as usize {
            let place = at + 12 + index * 4;
            let moved = number(place, &file) + u32::try_from(front.len()).expect("few bytes");
            file[place..place + 4].copy_from_slice(&moved.to_be_bytes());
        }
    }
    [front, &file].concat()
}

/// Returns an ID3 tag with a picture of this number of bytes.
pub fn id3(picture: usize) -> Vec<u8> {
    let content = [&b"APIC"[..], &art(picture)].concat();
    let size: Vec<u8> =
        [21, 14, 7, 0].iter().map(|shift| (content.len() >> shift & 0x7f) as u8).collect();
    [&b"ID3\x03\0\0"[..], &size, &content].concat()
}

/// Returns bytes like those of a JPEG picture: many of them could begin a frame.
pub fn art(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| byte()).collect()
}
