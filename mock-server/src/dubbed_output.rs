//! The output of a lip-sync job: the caller's own video with the caller's own voice. It is made when it
//! is first requested.

use std::io::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tempfile::{SpooledData, SpooledTempFile};
use tokio::sync::OnceCell;
use viseme_dubbing::{DubError, Dubbed, Length, ReadAt, Sources, dub};

use crate::digest::hex;
use crate::stored_file::{FileContent, MAX_IN_MEMORY, RangeSource, StoredFile};

/// A video and a voice, and what was made of them.
#[derive(Debug)]
pub(crate) struct DubbedOutput {
    video: Arc<StoredFile>,
    voice: Arc<StoredFile>,
    length: Length,
    made: OnceCell<MadeOutput>,
}

/// An output that was made.
#[derive(Clone, Debug)]
pub(crate) struct MadeOutput {
    pub(crate) file: Arc<StoredFile>,
    /// What it is, for the journal.
    pub(crate) note: String,
}

impl DubbedOutput {
    pub(crate) fn new(video: Arc<StoredFile>, voice: Arc<StoredFile>, length: Length) -> Self {
        Self { video, voice, length, made: OnceCell::new() }
    }

    /// Returns the name of the file.
    pub(crate) fn name(&self) -> &'static str {
        "output.mp4"
    }

    /// Makes the output on a thread that may block, unless it was made before.
    pub(crate) async fn make(&self) -> &MadeOutput {
        self.made
            .get_or_init(|| async {
                let (video, voice, length) =
                    (Arc::clone(&self.video), Arc::clone(&self.voice), self.length);
                let made = tokio::task::spawn_blocking(move || make(&video, &voice, length)).await;
                let made = made.unwrap_or_else(|error| Err(DubError::Io(io::Error::other(error))));
                made.unwrap_or_else(|error| self.unchanged(&error.to_string()))
            })
            .await
    }

    /// Returns the output if it was made before, or else the video as it is.
    pub(crate) fn made(&self) -> MadeOutput {
        self.made.get().cloned().unwrap_or_else(|| self.unchanged("the output is not made yet"))
    }

    fn unchanged(&self, reason: &str) -> MadeOutput {
        let file = StoredFile { name: self.name().to_owned(), ..(*self.video).clone() };
        let note = format!("the output is the video as it is: {reason}");
        MadeOutput { file: Arc::new(file), note }
    }
}

/// Puts the voice into the video.
fn make(video: &StoredFile, voice: &StoredFile, length: Length) -> Result<MadeOutput, DubError> {
    let mut encoded = SpooledTempFile::new(MAX_IN_MEMORY);
    let dubbed = dub(&video.content, &voice.content, &mut encoded, length)?;
    let note = format!(
        "the output is the video with the {} voice, {:.2} s",
        dubbed.voice_format(),
        dubbed.seconds()
    );
    let content = DubbedContent {
        dubbed,
        video: video.content.clone(),
        voice: voice.content.clone(),
        encoded: stored(encoded).map_err(DubError::Io)?,
    };
    let tag = Sha256::digest(format!("{} {} {length:?}", video.etag, voice.etag));
    let file = StoredFile {
        name: "output.mp4".to_owned(),
        content_type: "video/mp4".to_owned(),
        content: FileContent::Ranges(Arc::new(content)),
        etag: format!("\"{}\"", hex(&tag)),
    };
    Ok(MadeOutput { file: Arc::new(file), note })
}

fn stored(mut file: SpooledTempFile) -> io::Result<FileContent> {
    file.flush()?;
    Ok(match file.into_inner() {
        SpooledData::InMemory(bytes) => FileContent::Memory(Bytes::from(bytes.into_inner())),
        SpooledData::OnDisk(file) => {
            let size = file.metadata()?.len();
            FileContent::Disk(Arc::new(file), size)
        }
    })
}

/// The bytes of an output: a head in memory, and ranges of other files.
#[derive(Debug)]
struct DubbedContent {
    dubbed: Dubbed,
    video: FileContent,
    voice: FileContent,
    encoded: FileContent,
}

impl RangeSource for DubbedContent {
    fn size(&self) -> u64 {
        self.dubbed.size()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let sources = Sources { picture: &self.video, voice: &self.voice, encoded: &self.encoded };
        self.dubbed.read_exact_at(sources, offset, buffer)
    }
}

impl ReadAt for FileContent {
    fn size(&self) -> u64 {
        self.length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read(offset, buffer)
    }
}
