//! Records of submits on the disk: what lets a later process find a paid job again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use viseme::SubmitRecord;
use viseme_batch::durable_file;

/// A submit as it is kept on the disk, until its job has ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct SavedSubmit {
    /// The URL of the API. A record of another service is left alone.
    pub(crate) base_url: String,
    /// `None` until the service answered.
    pub(crate) job_id: Option<String>,
    pub(crate) record: SubmitRecord,
}

/// A folder with records. Only the first process that opens it continues the jobs of earlier ones.
pub(crate) struct RecordFolder {
    folder: PathBuf,
    /// `None` if another playground uses the folder.
    lock: Option<File>,
}

impl RecordFolder {
    /// # Errors
    /// The folder cannot be created or written.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        let lock = lock.try_lock().is_ok().then_some(lock);
        Ok(Self { folder, lock })
    }

    /// Returns the path of the folder.
    pub(crate) fn path_of_folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a record; it is on the disk when this returns.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn save(&self, id: &str, submit: &SavedSubmit) -> io::Result<()> {
        durable_file::write_json(&self.folder.join(format!("{id}.json")), submit)
    }

    /// Removes a record whose job has ended.
    pub(crate) fn remove(&self, id: &str) {
        // A record that stays is shown again as a completed job; it costs nothing.
        let _ = fs::remove_file(self.path(id));
    }

    /// Returns the records that earlier processes left for this service.
    pub(crate) fn load(&self, base_url: &str) -> Vec<(String, SavedSubmit)> {
        if self.lock.is_none() {
            return Vec::new();
        }
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut found: Vec<_> = paths.filter_map(|path| read(&path)).collect();
        found.retain(|(_, submit)| submit.base_url == base_url);
        found.sort_by_key(|(_, submit)| submit.record.sent_at);
        found
    }

    /// Returns one record.
    pub(crate) fn load_one(&self, id: &str) -> Option<SavedSubmit> {
        read(&self.path(id)).map(|(_, submit)| submit)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

/// Reads a record; a file that is none is left alone.
fn read(path: &Path) -> Option<(String, SavedSubmit)> {
    let id = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let submit = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    Some((id.to_owned(), submit))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::json;

    use super::*;

    fn submit(base_url: &str, seconds: u64) -> SavedSubmit {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let record = SubmitRecord::new("a/b", json!({"x": seconds}), at);
        SavedSubmit { base_url: base_url.to_owned(), job_id: None, record }
    }

    #[test]
    fn records_are_kept_until_removed_and_belong_to_one_service() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records");
        let records = RecordFolder::open(path.clone()).unwrap();
        records.save("b", &submit("http://a", 2)).unwrap();
        records.save("a", &submit("http://a", 1)).unwrap();
        records.save("c", &submit("http://other", 3)).unwrap();
        fs::write(path.join("x.json"), "{").unwrap();
        let mut answered = submit("http://a", 2);
        answered.job_id = Some("job".to_owned());
        records.save("b", &answered).unwrap();
        let found = records.load("http://a");
        assert_eq!(found, [("a".to_owned(), submit("http://a", 1)), ("b".to_owned(), answered)]);
        records.remove("a");
        assert_eq!(records.load("http://a").len(), 1);
    }

    #[test]
    fn a_second_process_does_not_take_over_the_jobs_of_a_running_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = RecordFolder::open(folder.path().to_owned()).unwrap();
        first.save("a", &submit("http://a", 1)).unwrap();
        let second = RecordFolder::open(folder.path().to_owned()).unwrap();
        assert!(second.load("http://a").is_empty());
        second.save("b", &submit("http://a", 2)).unwrap();
        drop((first, second));
        let third = RecordFolder::open(folder.path().to_owned()).unwrap();
        assert_eq!(third.load("http://a").len(), 2);
    }
}
