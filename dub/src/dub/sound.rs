//! Puts the original voice to the joined pictures: copied if an MP4 file takes it, and lossless else.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use viseme_dubbing::{Dubbed, Length, ReadAt, Sources, dub};

use super::folder::WorkFolder;
use crate::analysis::input_options;
use crate::error::DubError;
use crate::ffmpeg::Ffmpeg;

/// How much of the result is copied at once.
const CHUNK: usize = 1 << 20;

/// A file that is read at any position.
struct FileAt {
    file: File,
    size: u64,
}

impl FileAt {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl ReadAt for FileAt {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => {
                    offset += count as u64;
                    buffer = buffer.split_at_mut(count).1;
                }
            }
        }
        Ok(())
    }
}

/// Puts a voice to pictures. Returns the size of the file.
pub(super) async fn add_voice(
    pictures: &Path,
    voice: &Path,
    folder: &WorkFolder,
    to: &Path,
) -> Result<u64, String> {
    let (pictures, voice, to) = (pictures.to_owned(), voice.to_owned(), to.to_owned());
    let encoded = folder.temporary("voice.flac");
    let added = tokio::task::spawn_blocking(move || -> Result<u64, String> {
        let open = |path: &Path| FileAt::open(path).map_err(|error| error.to_string());
        let (pictures, voice) = (open(&pictures)?, open(&voice)?);
        let mut file = File::create(&encoded).map(io::BufWriter::new);
        let file = file.as_mut().map_err(|error| error.to_string())?;
        let dubbed = dub(&pictures, &voice, file, Length::OfPicture);
        let dubbed = dubbed.map_err(|error| error.to_string())?;
        file.flush().map_err(|error| error.to_string())?;
        let encoded = open(&encoded)?;
        let sources = Sources { picture: &pictures, voice: &voice, encoded: &encoded };
        write(&dubbed, sources, &to).map_err(|error| error.to_string())
    });
    added.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn write(dubbed: &Dubbed, sources: Sources<'_>, to: &Path) -> io::Result<u64> {
    let mut file = io::BufWriter::new(File::create(to)?);
    let mut chunk = vec![0; CHUNK];
    let mut offset = 0;
    while offset < dubbed.size() {
        let left = usize::try_from(dubbed.size() - offset).unwrap_or(usize::MAX);
        let part = chunk.get_mut(..left.min(CHUNK)).unwrap_or_default();
        dubbed.read_exact_at(sources, offset, part)?;
        file.write_all(part)?;
        offset += part.len() as u64;
    }
    file.flush()?;
    Ok(dubbed.size())
}

/// Decodes a voice in full quality: with 24 bits, which is what FLAC has at most.
pub(super) async fn decode_voice(ffmpeg: &Ffmpeg, audio: &Path, to: &Path) -> Result<(), DubError> {
    let options = ["-map", "0:a:0", "-c:a", "pcm_s24le", "-f", "wav"];
    let command = ffmpeg.command().input(audio, &input_options(audio).await?);
    let command = command.and_then(|command| command.output(to, &options));
    Ok(command.map_err(|error| DubError::io(audio, &error))?.run().await?)
}
