//! The width and height of images created by ffmpeg.

use crate::media_files::{Folder, PICTURE};
use viseme::media::Container;
use viseme::media::probe::{BytesSource, ReadError, SparseSource, probe};

const KINDS: [(&str, Container); 6] = [
    ("png", Container::Png),
    ("jpg", Container::Jpeg),
    ("gif", Container::Gif),
    ("webp", Container::WebP),
    ("bmp", Container::Bmp),
    ("tiff", Container::Tiff),
];

fn pictures() -> Vec<(&'static str, Container, Vec<u8>)> {
    let folder = Folder::new();
    let made = KINDS.map(|(extension, container)| {
        let name = format!("a.{extension}");
        folder.ffmpeg(&format!("{PICTURE} -vf scale=340:192 -frames:v 1 {name}"));
        (extension, container, folder.read(&name))
    });
    made.to_vec()
}

#[test]
fn the_size_of_images_is_read() {
    for (extension, container, content) in pictures() {
        let bytes = content.len() as u64;
        let info = probe(&BytesSource::new(content)).expect("memory can be read");
        assert_eq!(info.container, container);
        assert_eq!((info.width, info.height), (Some(340), Some(192)), "{extension}");
        assert_eq!(info.bytes, Some(bytes), "{extension}");
    }
}

#[test]
fn an_image_fetched_in_ranges_has_the_same_facts() {
    for (extension, _, content) in pictures() {
        let mut source = SparseSource::new(Some(content.len() as u64));
        for _ in 0..100 {
            match probe(&source) {
                Ok(info) => {
                    assert_eq!((info.width, info.height), (Some(340), Some(192)), "{extension}");
                    break;
                }
                Err(ReadError::Missing { offset, length }) => {
                    let from = usize::try_from(offset).expect("small");
                    let to = (from + length).min(content.len());
                    source.insert(offset, content[from..to].to_vec().into());
                }
                Err(error) => unreachable!("{error}"),
            }
        }
    }
}

#[test]
fn cut_and_mutated_pictures_are_read_without_harm() {
    for (_, _, content) in pictures() {
        for cut in (0..content.len().min(600)).chain([content.len() - 1]) {
            let _ = probe(&BytesSource::new(content[..cut].to_vec())).expect("memory can be read");
        }
        for at in 0..content.len().min(600) {
            for value in [0x00, 0x7f, 0xff] {
                let mut mutated = content.clone();
                mutated[at] = value;
                let _ = probe(&BytesSource::new(mutated)).expect("memory can be read");
            }
        }
    }
}
