//! Large files: only their index is read.

use std::cell::Cell;
use std::io;

use viseme_dubbing::{Length, ReadAt, Sources, dub};

use super::media::{Folder, OpenFile};

/// Counts what is read.
struct Counting {
    file: OpenFile,
    read: Cell<u64>,
    largest: Cell<usize>,
}

impl ReadAt for Counting {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.set(self.read.get() + buffer.len() as u64);
        self.largest.set(self.largest.get().max(buffer.len()));
        self.file.read_exact_at(offset, buffer)
    }
}

#[test]
fn only_the_index_of_a_large_video_is_read() {
    let folder = Folder::new();
    // Pictures that do not compress: 60 MB.
    folder.ffmpeg(
        "-f lavfi -i nullsrc=size=1280x720:rate=25:duration=4,geq=random(1)*255:128:128 \
         -c:v libx264 -preset ultrafast -qp 1 -pix_fmt yuv420p large.mp4",
    );
    folder.ffmpeg("-f lavfi -i sine=sample_rate=44100:duration=4 -c:a libmp3lame voice.mp3");
    let picture = Counting {
        file: OpenFile::of(&folder.path("large.mp4")),
        read: Cell::new(0),
        largest: Cell::new(0),
    };
    let voice = OpenFile::of(&folder.path("voice.mp3"));
    assert!(picture.size() > 30_000_000, "{} bytes", picture.size());
    let dubbed = dub(&picture, &voice, &mut io::sink(), Length::OfPicture).unwrap();
    assert!(dubbed.size() > picture.size(), "all pictures are in the result");
    assert!(picture.read.get() < 300_000, "{} bytes were read", picture.read.get());
    assert!(dubbed.head_size() < 16_000, "the head has {} bytes", dubbed.head_size());
    // A part of the result costs no more than its own bytes.
    picture.read.set(0);
    picture.largest.set(0);
    let (mut part, none) = (vec![0; 64 * 1024], Vec::new());
    let sources = Sources { picture: &picture, voice: &voice, encoded: &none };
    dubbed.read_exact_at(sources, dubbed.size() / 2, &mut part).unwrap();
    assert!(picture.read.get() <= part.len() as u64, "{} bytes", picture.read.get());
}
