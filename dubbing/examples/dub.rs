//! Puts the sound of one file into the video of another: `dub face.mp4 voice.mp3 result.mp4`.
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use viseme_dubbing::{Length, ReadAt, Sources, dub};

/// How much is copied at a time.
const CHUNK: u64 = 64 * 1024;

struct OpenFile(File, u64);

impl OpenFile {
    fn open(path: &str) -> io::Result<Self> {
        let file = File::open(Path::new(path))?;
        let size = file.metadata()?.len();
        Ok(Self(file, size))
    }
}

impl ReadAt for OpenFile {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        use std::io::{Read as _, Seek as _, SeekFrom};

        let mut file = &self.0;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [video, voice, result] = arguments.as_slice() else {
        return Err("usage: dub VIDEO VOICE RESULT".into());
    };
    let (picture, voice) = (OpenFile::open(video)?, OpenFile::open(voice)?);
    let mut encoded = Vec::new();
    let dubbed = dub(&picture, &voice, &mut encoded, Length::OfPicture)?;
    let sources = Sources { picture: &picture, voice: &voice, encoded: &encoded };
    let mut output = BufWriter::new(File::create(result)?);
    let mut at = 0;
    while at < dubbed.size() {
        let mut chunk = vec![0; usize::try_from(CHUNK.min(dubbed.size() - at))?];
        dubbed.read_exact_at(sources, at, &mut chunk)?;
        output.write_all(&chunk)?;
        at += chunk.len() as u64;
    }
    output.flush()?;
    println!("{result}: {:.2} s, {} bytes", dubbed.seconds(), dubbed.size());
    Ok(())
}
