//! The work folder of a dub: what an interrupted run leaves for the next.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use viseme::Client;
use viseme_batch::durable_file;

use super::{Analysis, DubOptions};
use crate::analysis::Pcm;
use crate::error::DubError;
use crate::frames::PictureFormat;
use crate::plan::{Picture, Segment, Voice};

/// The version of the record. Another version cannot be resumed.
const VERSION: u32 = 1;
/// How much of a file is hashed at once.
const CHUNK: usize = 1 << 20;
/// The folders of the batch: that of the service, and that of a mock server.
const JOBS: &str = "jobs";
const OFFLINE_JOBS: &str = "jobs-offline";
/// Its files.
const LOCK: &str = "lock";
const RECORD: &str = "dub.json";
const SERVICE: &str = "service.json";
const FINISHED: &str = "finished.json";

/// What a dub is made of. A resume needs the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sources {
    video: String,
    voice: String,
    /// The options that change the segments or the pictures, by name.
    options: Vec<(String, String)>,
}

impl Sources {
    /// Reads both files.
    pub(super) async fn read(
        video: &Path,
        audio: &Path,
        options: &DubOptions,
    ) -> Result<Self, DubError> {
        let hash = |path: &Path| {
            let path = path.to_owned();
            async move {
                let of_path = path.clone();
                let hashed = tokio::task::spawn_blocking(move || sha256(&path)).await;
                let hashed = hashed.unwrap_or_else(|error| Err(io::Error::other(error)));
                hashed.map_err(|error| DubError::io(&of_path, &error))
            }
        };
        let (video, voice) = futures_util::future::try_join(hash(video), hash(audio)).await?;
        let option =
            |name: &str, value: &dyn std::fmt::Debug| (name.to_owned(), format!("{value:?}"));
        let options = vec![
            option("model", &options.model),
            option("length", &options.length),
            option("skip_silence", &options.skip_silence),
            option("prefer", &options.prefer),
            option("framing", &options.framing),
        ];
        Ok(Self { video, voice, options })
    }

    /// Returns what differs.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.video != other.video {
            Some("video")
        } else if self.voice != other.voice {
            Some("voice")
        } else if self.options != other.options {
            let mut pairs = self.options.iter().zip(&other.options);
            let differs = pairs.rfind(|(one, other)| one != other);
            Some(match differs.map(|(one, _)| one.0.as_str()) {
                Some("model") => "model",
                Some("length") => "choice of length",
                Some("skip_silence") => "choice about silence",
                Some("prefer") => "choice of cuts (cheapest, or in silence)",
                Some("framing") => "choice of borders or crop",
                _ => "version of Viseme",
            })
        } else {
            None
        }
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            count => hash.update(chunk.get(..count).unwrap_or_default()),
        }
    }
    Ok(base16ct::lower::encode_string(&hash.finalize()))
}

/// What is known of a dub after its analysis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    sources: Sources,
    pub(super) picture: Picture,
    pub(super) voice: Voice,
    pub(super) pcm: Pcm,
    pub(super) format: PictureFormat,
    pub(super) segments: Vec<Segment>,
}

impl Record {
    pub(super) fn new(sources: Sources, analysis: Analysis, segments: Vec<Segment>) -> Self {
        let Analysis { picture, voice, pcm, format } = analysis;
        Self { version: VERSION, sources, picture, voice, pcm, format, segments }
    }

    /// Checks that the folder belongs to the same dub.
    pub(super) fn require(&self, sources: &Sources, folder: &Path) -> Result<(), DubError> {
        let what = self.sources.difference(sources);
        let what = what.or((self.version != VERSION).then_some("version of Viseme"));
        match what {
            None => Ok(()),
            Some(what) => Err(DubError::OtherDub { folder: folder.to_owned(), what }),
        }
    }
}

/// What was written to the output, before it got its name.
#[derive(PartialEq, Serialize, Deserialize)]
struct Finished {
    sources: Sources,
    bytes: u64,
}

/// The service whose jobs a folder keeps.
#[derive(Serialize, Deserialize)]
struct Service {
    base_url: String,
}

/// The folder.
pub(super) struct WorkFolder {
    path: PathBuf,
    /// The jobs are those of a mock server, and are not kept for the next run.
    offline: bool,
    /// Locked until this is dropped, or the process dies.
    _lock: File,
}

impl WorkFolder {
    /// Opens the folder of an output, and creates it if it does not exist.
    pub(super) fn open(out: &Path, offline: bool) -> Result<Self, DubError> {
        let path = Self::path_of(out)?;
        require_jobs(&path, offline)?;
        let failed = |error| DubError::io(&path, &error);
        fs::create_dir_all(path.join("segments")).map_err(failed)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                // The mock server of an earlier run is gone, and its jobs with it.
                match fs::remove_dir_all(path.join(OFFLINE_JOBS)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
                    _ => Ok(Self { path, offline, _lock: lock }),
                }
            }
            Err(TryLockError::WouldBlock) => Err(DubError::Locked(path)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Returns the path of the folder of an output.
    pub(super) fn path_of(out: &Path) -> Result<PathBuf, DubError> {
        let mut name = OsString::from(out.as_os_str());
        name.push(".dub");
        // Rows of the batch have absolute paths.
        std::path::absolute(name).map_err(|error| DubError::io(out, &error))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the id of the row of a segment, which is numbered from 0.
    pub(super) fn segment_id(number: usize) -> String {
        format!("{:04}", number + 1)
    }

    pub(super) fn segment_video(&self, number: usize) -> PathBuf {
        self.path.join("segments").join(format!("{}.mp4", Self::segment_id(number)))
    }

    pub(super) fn segment_audio(&self, number: usize) -> PathBuf {
        self.path.join("segments").join(format!("{}.wav", Self::segment_id(number)))
    }

    /// Returns the folder of the batch.
    pub(super) fn jobs(&self) -> PathBuf {
        self.path.join(if self.offline { OFFLINE_JOBS } else { JOBS })
    }

    pub(super) fn result(&self, number: usize) -> PathBuf {
        self.jobs().join(format!("{}.mp4", Self::segment_id(number)))
    }

    /// Returns the file of the decoded voice.
    pub(super) fn pcm(&self) -> PathBuf {
        self.path.join("voice.pcm")
    }

    /// Returns a file that belongs to this run alone: the next one writes it again.
    ///
    /// A file that a killed run has left is removed, not overwritten: its encoder may still write into it.
    pub(super) fn temporary(&self, name: &str) -> PathBuf {
        let path = self.path.join(format!("{name}.part"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = %path.display(), %error, "a file of an earlier run remains");
            }
            _ => {}
        }
        path
    }

    pub(super) fn record(&self) -> Result<Option<Record>, DubError> {
        record(&self.path)
    }

    pub(super) fn write_record(&self, record: &Record) -> Result<(), DubError> {
        self.write_json(RECORD, record)
    }

    /// Checks that the jobs of an earlier run are those of the client's service.
    pub(super) fn require_service(&self, client: &Client) -> Result<(), DubError> {
        if self.offline {
            return Ok(());
        }
        let stored = read_json::<Service>(&self.path, SERVICE)?;
        match stored.zip(client.ledger_account().ok()) {
            Some((stored, client)) if stored.base_url != client.base_url => {
                Err(DubError::OtherService {
                    folder: self.path.clone(),
                    base_url: stored.base_url,
                    client: client.base_url,
                })
            }
            _ => Ok(()),
        }
    }

    /// Records the client's service, before the first submit.
    pub(super) fn write_service(&self, client: &Client) -> Result<(), DubError> {
        match client.ledger_account() {
            Ok(account) if !self.offline => {
                self.write_json(SERVICE, &Service { base_url: account.base_url })
            }
            _ => Ok(()),
        }
    }

    /// Records that the output is complete, before it gets its name.
    pub(super) fn write_finished(&self, bytes: u64) -> Result<(), DubError> {
        let record = self.record()?.filter(|_| !self.offline);
        let Some(record) = record else { return Ok(()) };
        self.write_json(FINISHED, &Finished { sources: record.sources, bytes })
    }

    /// Returns whether the output is the result of this dub: then only the folder is to be removed.
    pub(super) fn is_result(&self, out: &Path, sources: &Sources) -> Result<bool, DubError> {
        is_result(&self.path, out, sources)
    }

    /// Writes a file that is there whole or not at all, even after a power cut.
    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), DubError> {
        let path = self.path.join(name);
        durable_file::write_json(&path, value).map_err(|error| DubError::io(&path, &error))
    }

    /// Removes the folder. What cannot be removed stays, and says nothing about the output.
    pub(super) fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "the work folder remains");
        }
    }

    /// Removes a folder without a plan: nothing in it is of use to the next run.
    pub(super) fn remove_without_plan(&self) {
        if self.path.join(RECORD).exists() {
            return;
        }
        // Whatever else is in it is not of this program, and stays with it.
        let _ = fs::remove_file(self.pcm());
        let _ = fs::remove_file(self.path.join(LOCK));
        let _ = fs::remove_dir(self.path.join("segments"));
        let _ = fs::remove_dir(&self.path);
    }

    /// Removes the files of a run that has ended.
    pub(super) fn remove_temporaries(&self) {
        let files = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for file in files.map(|file| file.path()) {
            if file.extension().is_some_and(|extension| extension == "part") {
                let _ = fs::remove_file(file);
            }
        }
    }
}

/// Reads the record in a work folder.
pub(super) fn record(folder: &Path) -> Result<Option<Record>, DubError> {
    read_json(folder, RECORD)
}

/// Returns whether an output is the result of the dub in a work folder.
pub(super) fn is_result(folder: &Path, out: &Path, sources: &Sources) -> Result<bool, DubError> {
    let Some(finished) = read_json::<Finished>(folder, FINISHED)? else { return Ok(false) };
    let bytes = fs::metadata(out).map_or(0, |it| it.len());
    Ok(finished.bytes == bytes && finished.sources == *sources)
}

/// Returns whether the dub in a work folder was ever complete.
pub(super) fn is_finished(folder: &Path) -> bool {
    folder.join(FINISHED).exists()
}

/// Refuses an offline run in a folder that keeps jobs of the service: at its end it removes the folder.
pub(super) fn require_jobs(folder: &Path, offline: bool) -> Result<(), DubError> {
    if offline && folder.join(JOBS).exists() {
        return Err(DubError::HasJobs(folder.to_owned()));
    }
    Ok(())
}

fn read_json<T: for<'de> Deserialize<'de>>(
    folder: &Path,
    name: &str,
) -> Result<Option<T>, DubError> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| DubError::OtherDub {
            folder: folder.to_owned(),
            what: "version of Viseme",
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DubError::io(&path, &error)),
    }
}

/// Gives a file its name when its content is on the disk.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), DubError> {
    durable_file::rename(from, to).map_err(|error| DubError::io(to, &error))
}

/// Gives a file its name as [`rename`] does, unless another file has got it meanwhile.
pub(super) fn rename_new(from: &Path, to: &Path) -> Result<(), DubError> {
    durable_file::rename_new(from, to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => DubError::OutputExists(to.to_owned()),
        _ => DubError::io(to, &error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_appeared_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (part, out) = (folder.path().join("part.mp4"), folder.path().join("out.mp4"));
        fs::write(&part, "new").unwrap();
        fs::write(&out, "of another program").unwrap();
        assert!(matches!(rename_new(&part, &out), Err(DubError::OutputExists(_))));
        assert_eq!(fs::read_to_string(&out).unwrap(), "of another program");
        fs::remove_file(&out).unwrap();
        rename_new(&part, &out).unwrap();
        assert_eq!(fs::read_to_string(&out).unwrap(), "new");
        assert!(!part.exists());
    }
}
