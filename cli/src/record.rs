//! Files with the record of a submit, which `viseme recover` reads.

use std::io::{self, Write as _};
use std::path::Path;

use serde_json::Value;
use viseme::SubmitRecord;

use crate::failure::{Failure, Result};
use crate::{input_file, output_path};

/// Checks that a record can be written to a file.
///
/// # Errors
/// [`Failure::Usage`] if not.
pub(crate) fn require_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        let shown = path.display();
        return Err(Failure::Usage(format!("--save-record {shown} is a folder. Name a file.")));
    }
    output_path::require_writable("--save-record", path)
}

/// Writes a record atomically; it is on the disk when this returns.
///
/// # Errors
/// Any I/O error.
pub(crate) fn save(path: &Path, record: &SubmitRecord) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    serde_json::to_writer(&mut file, record)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // Without this, a power failure can undo the rename.
    #[cfg(unix)]
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

/// Reads a record that was saved, or the JSON output of an error that contains one.
///
/// # Errors
/// [`Failure::Usage`] if there is none.
pub(crate) fn read(path: &Path) -> Result<SubmitRecord> {
    let text = input_file::read(path)?;
    let shown = path.display();
    let usage = |why: &str| {
        Failure::Usage(format!(
            "{shown} contains no record of a submit: {why}. Pass a file that --save-record wrote, or \
             the JSON output of exit code 6."
        ))
    };
    let json: Value = serde_json::from_slice(&text).map_err(|_| usage("it is not JSON"))?;
    let record = json.pointer("/error/record").unwrap_or(&json);
    if record.is_null() {
        return Err(usage("its error has none because no submit was lost"));
    }
    serde_json::from_value(record.clone()).map_err(|error| usage(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_saved_record_can_be_read_and_other_files_are_usage_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        let record = SubmitRecord::new("a/model", json!({"x": 1}), SystemTime::UNIX_EPOCH);
        save(&path, &record).unwrap();
        save(&path, &record).unwrap();
        assert_eq!(read(&path).unwrap(), record);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left");

        std::fs::write(&path, json!({"error": {"record": record}}).to_string()).unwrap();
        assert_eq!(read(&path).unwrap(), record);
        for (text, word) in [
            ("", "not JSON"),
            ("{}", "missing field"),
            (r#"{"error": {"record": null}}"#, "no submit was lost"),
            (r#"{"model": "m", "input": {}, "sent_at": "soon"}"#, "soon"),
        ] {
            std::fs::write(&path, text).unwrap();
            match read(&path) {
                Err(Failure::Usage(message)) => assert!(message.contains(word), "{message}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
