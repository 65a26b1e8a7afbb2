//! The folders of dubs. Each has the sources, what the page knows of the dub, and its work folder; it stays
//! until the user deletes the dub, because its jobs are paid for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use viseme_batch::durable_file;

use crate::random;

const LOCK: &str = "lock";
/// The lock gets its name when it is locked, so that no other process takes over a folder that is new.
const NEW_LOCK: &str = "lock.new";
const RECORD: &str = "playground.json";
const VIDEO: &str = "video";
const AUDIO: &str = "audio";

/// A dub as it is kept on the disk.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct SavedDub {
    /// The URL of the API. A dub of another service is left alone.
    pub(crate) base_url: String,
    pub(crate) model: String,
    /// The names of the sources.
    pub(crate) video: String,
    pub(crate) audio: String,
    pub(crate) skip_silence: bool,
    pub(crate) crop: bool,
    /// In milliseconds since 1970.
    pub(crate) started_at: u64,
    /// The plan as the page shows it.
    pub(crate) plan: Option<Value>,
    /// `None` until the user confirmed the price.
    pub(crate) consent: Option<Consent>,
    /// What the complete dub cost, in millionths of a US dollar.
    #[serde(default)]
    pub(crate) spent_micros: u64,
}

/// What the user confirmed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Consent {
    /// What all jobs together may cost, in millionths of a US dollar; `None` if the price was unknown.
    pub(crate) limit_micros: Option<u64>,
}

/// The folder of one dub. No other process uses it.
#[derive(Debug)]
pub(crate) struct DubFolder {
    path: PathBuf,
    // Released when the process ends, however it ends.
    _lock: File,
}

impl DubFolder {
    /// Creates the folder of a new dub inside of `root`, with its id as its name.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn create(root: &Path) -> io::Result<Self> {
        let path = root.join(random::token()?);
        fs::create_dir_all(&path)?;
        let lock = File::create(path.join(NEW_LOCK))?;
        lock.lock()?;
        fs::rename(path.join(NEW_LOCK), path.join(LOCK))?;
        Ok(Self { path, _lock: lock })
    }

    /// Takes over the dubs that earlier processes left for this service. Those whose price nobody confirmed
    /// are removed: nothing was paid for them.
    pub(crate) fn load(root: &Path, base_url: &str) -> Vec<(Self, SavedDub)> {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries.filter_map(|it| Self::take_over(it.path())).collect();
        found.retain(|(_, saved)| saved.base_url == base_url);
        found.sort_by_key(|(_, saved)| saved.started_at);
        found
    }

    fn take_over(path: PathBuf) -> Option<(Self, SavedDub)> {
        let lock = File::open(path.join(LOCK)).ok()?;
        lock.try_lock().ok()?;
        let folder = Self { path, _lock: lock };
        let text = fs::read(folder.path.join(RECORD));
        // A record that this version cannot read may be of a dub that is paid for.
        let saved: Option<SavedDub> = match text {
            Ok(text) => Some(serde_json::from_slice(&text).ok()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        match saved.filter(|saved| saved.consent.is_some()) {
            Some(saved) => Some((folder, saved)),
            None => {
                folder.remove();
                None
            }
        }
    }

    /// Returns the id of the dub.
    pub(crate) fn id(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Takes over the sources. They are linked if the disk can do that, and otherwise copied.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn add_sources(&self, video: &Path, audio: &Path) -> io::Result<()> {
        for (kind, source) in [(VIDEO, video), (AUDIO, audio)] {
            let folder = self.path.join(kind);
            fs::create_dir_all(&folder)?;
            let to = folder.join(source.file_name().unwrap_or_default());
            if fs::hard_link(source, &to).is_err() {
                fs::copy(source, &to)?;
            }
        }
        Ok(())
    }

    pub(crate) fn video(&self, saved: &SavedDub) -> PathBuf {
        self.path.join(VIDEO).join(&saved.video)
    }

    pub(crate) fn audio(&self, saved: &SavedDub) -> PathBuf {
        self.path.join(AUDIO).join(&saved.audio)
    }

    /// Returns the path of the result.
    pub(crate) fn output(&self, saved: &SavedDub) -> PathBuf {
        let stem = Path::new(&saved.video).file_stem().unwrap_or_default().to_string_lossy();
        self.path.join(format!("{stem}-dubbed.mp4"))
    }

    /// Returns the folder of the batch of the segments.
    pub(crate) fn jobs(&self, saved: &SavedDub) -> PathBuf {
        let mut work = self.output(saved).into_os_string();
        work.push(".dub");
        PathBuf::from(work).join("jobs")
    }

    /// Writes the record; it is on the disk when this returns.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn save(&self, saved: &SavedDub) -> io::Result<()> {
        durable_file::write_json(&self.path.join(RECORD), saved)
    }

    /// Removes the folder.
    pub(crate) fn remove(&self) {
        // The record goes first: without it, the next process removes what is left.
        let _ = fs::remove_file(self.path.join(RECORD));
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(base_url: &str, consent: Option<Consent>) -> SavedDub {
        SavedDub {
            base_url: base_url.to_owned(),
            model: "a/b".to_owned(),
            video: "talk.mov".to_owned(),
            audio: "voice.mp3".to_owned(),
            skip_silence: true,
            crop: false,
            started_at: 1,
            plan: None,
            consent,
            spent_micros: 0,
        }
    }

    fn names(root: &Path) -> usize {
        fs::read_dir(root).unwrap().count()
    }

    #[test]
    fn a_later_process_takes_over_what_was_confirmed_and_removes_the_rest() {
        let root = tempfile::tempdir().unwrap();
        let consent = Some(Consent { limit_micros: Some(210_000) });
        let (paid, planned) = (saved("http://a", consent), saved("http://a", None));
        let other = saved("http://b", consent);
        let folders: Vec<_> = [&paid, &planned, &other]
            .map(|saved| {
                let folder = DubFolder::create(root.path()).unwrap();
                folder.save(saved).unwrap();
                folder
            })
            .into();
        assert!(DubFolder::load(root.path(), "http://a").is_empty(), "they are in use");
        assert_eq!(names(root.path()), 3);
        drop(folders);
        let found = DubFolder::load(root.path(), "http://a");
        assert_eq!(found.iter().map(|(_, saved)| saved).collect::<Vec<_>>(), [&paid]);
        assert_eq!(names(root.path()), 2, "that of another service stays");
        found[0].0.remove();
        assert_eq!(names(root.path()), 1);
    }

    #[test]
    fn a_record_of_another_version_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = DubFolder::create(root.path()).unwrap();
        fs::write(folder.path.join(RECORD), "{\"new\": 1}").unwrap();
        drop(folder);
        assert!(DubFolder::load(root.path(), "http://a").is_empty());
        assert_eq!(names(root.path()), 1);
    }

    #[test]
    fn sources_of_one_name_are_both_there() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("clip.mp4");
        fs::write(&source, "x").unwrap();
        let folder = DubFolder::create(&root.path().join("dubs")).unwrap();
        folder.add_sources(&source, &source).unwrap();
        let mut saved = saved("http://a", None);
        (saved.video, saved.audio) = ("clip.mp4".to_owned(), "clip.mp4".to_owned());
        assert!(folder.video(&saved).is_file() && folder.audio(&saved).is_file());
        assert!(folder.output(&saved).ends_with("clip-dubbed.mp4"));
        assert!(folder.jobs(&saved).ends_with("clip-dubbed.mp4.dub/jobs"));
    }
}
