//! Where the results of a batch go.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};
use viseme::Prediction;

use crate::durable_file;
use crate::folder::{FITTED_FOLDER, LEDGER_FILE, LOCK_FILE};
use crate::manifest::{Row, RowError};
use crate::report::{CSV_FILE, JSON_LINES_FILE};
use crate::temporary;

/// The extension of a result whose URL has none, and of a result that is not known yet.
const EXTENSION: &str = "mp4";

/// Files of the batch itself, which no result may replace.
const OWN_FILES: [&str; 6] =
    [LEDGER_FILE, "batch.db-wal", "batch.db-shm", LOCK_FILE, CSV_FILE, JSON_LINES_FILE];

/// Returns an error for each row whose result would replace that of another row, an input, or a file of the
/// batch itself.
pub(crate) fn conflicts(folder: &Path, rows: &[Row]) -> Vec<RowError> {
    let mut folders = HashMap::new();
    let mut inputs: HashMap<PathBuf, &str> = HashMap::new();
    for row in rows {
        for (_, path) in row.files() {
            inputs.insert(absolute(path, &mut folders), &row.position);
        }
    }
    let mut results: HashMap<PathBuf, &str> = HashMap::new();
    let mut errors = Vec::new();
    let own_folder = resolved(folder);
    for row in rows {
        let to = absolute(&path(folder, row, EXTENSION), &mut folders);
        let message = if is_own(&own_folder, &to) {
            format!(
                "The result {} would replace a file of the batch itself. Change the column `out`.",
                to.display()
            )
        } else if let Some(position) = inputs.get(&to) {
            format!(
                "The result {} would replace an input of {position}. Name another folder with --out, \
                 or another file in the column `out`.",
                to.display()
            )
        } else if let Some(first) = results.insert(to.clone(), &row.position) {
            format!("The result {} is also that of {first}. Change the column `out`.", to.display())
        } else {
            continue;
        };
        errors.push(RowError::new(row.position.clone(), message));
    }
    errors
}

/// Returns an error for each of these rows whose result would replace a file that is there already.
pub(crate) fn existing<'r>(folder: &Path, rows: impl Iterator<Item = &'r Row>) -> Vec<RowError> {
    let existing = rows.filter_map(|row| {
        let to = path(folder, row, EXTENSION);
        let message = format!(
            "The file {} exists and is no result of this batch. Move it, or name another file in the \
             column `out`.",
            to.display()
        );
        to.symlink_metadata().is_ok().then(|| RowError::new(row.position.clone(), message))
    });
    existing.collect()
}

fn is_own(folder: &Path, to: &Path) -> bool {
    let Ok(within) = to.strip_prefix(folder) else { return false };
    within.starts_with(FITTED_FOLDER) || OWN_FILES.iter().any(|name| within == Path::new(name))
}

/// Returns the file of a row's result, in the folder of the batch unless the row names another place.
/// Creates its folder.
///
/// # Errors
/// Returns a sentence if the folder of the file cannot be created.
pub(crate) fn target(folder: &Path, row: &Row, prediction: &Prediction) -> Result<PathBuf, String> {
    let extension = prediction.output_url().and_then(extension).unwrap_or(EXTENSION);
    created(path(folder, row, extension))
}

/// Copies the result of an equal row, and returns the copies.
///
/// # Errors
/// Returns a sentence if a file cannot be copied.
pub(crate) async fn copy(
    folder: &Path,
    row: &Row,
    outputs: &[PathBuf],
) -> Result<Vec<PathBuf>, String> {
    let mut copies = Vec::new();
    for (number, from) in outputs.iter().enumerate() {
        let extension = from.extension().and_then(|it| it.to_str()).unwrap_or(EXTENSION);
        let mut to = created(path(folder, row, extension))?;
        if number > 0 {
            let stem = to.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            to.set_file_name(format!("{stem}-{}.{extension}", number + 1));
        }
        let (source, target) = (from.clone(), to.clone());
        let copied = tokio::task::spawn_blocking(move || copy_file(&source, &target)).await;
        copied
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| format!("{} cannot be copied: {error}.", from.display()))?;
        copies.push(to);
    }
    Ok(copies)
}

/// Writes the names of files to the disk.
pub(crate) async fn sync_names(files: &[PathBuf]) -> io::Result<()> {
    let files = files.to_vec();
    let synced = tokio::task::spawn_blocking(move || {
        files.iter().try_for_each(|file| durable_file::sync_name(file))
    });
    synced.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Removes the temporary files of results that a killed process has left.
pub(crate) fn remove_leftovers(folder: &Path, rows: &[Row]) {
    temporary::remove_leftovers(folder, rows.iter().map(|row| path(folder, row, EXTENSION)));
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = temporary::create(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    temporary::finish(file, to)
}

fn path(folder: &Path, row: &Row, extension: &str) -> PathBuf {
    match &row.out {
        Some(out) => folder.join(out),
        None => folder.join(format!("{}.{extension}", safe_name(&row.id))),
    }
}

fn created(to: PathBuf) -> Result<PathBuf, String> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(|error| {
            format!("The folder {} cannot be created: {error}.", parent.display())
        })?;
    }
    Ok(to)
}

/// Returns a path that is the same for the same file, as far as the file system can tell. `folders` keeps
/// what it said about each folder.
fn absolute(path: &Path, folders: &mut HashMap<PathBuf, PathBuf>) -> PathBuf {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return path.to_owned();
    };
    if let Some(folder) = folders.get(parent) {
        return folder.join(name);
    }
    let folder = resolved(parent);
    folders.entry(parent.to_owned()).or_insert(folder).join(name)
}

/// Returns a file name for an id. Ids that are not names themselves get a digest, so that two ids never
/// share a file.
fn safe_name(id: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let starts_well = !id.starts_with(['.', ' ', '-']) && !id.ends_with(['.', ' ']);
    if id.chars().all(is_safe) && starts_well && id.len() <= 100 && !id.is_empty() {
        return id.to_owned();
    }
    let digest = base16ct::lower::encode_string(&Sha256::digest(id));
    let safe: String = id.chars().filter(|c| is_safe(*c) && *c != '.').take(40).collect();
    format!("{}-{}", safe.trim(), digest.get(..8).unwrap_or_default())
        .trim_start_matches('-')
        .to_owned()
}

/// Returns a path without `..` and symbolic links, also if its end does not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let Ok(absolute) = std::path::absolute(path) else { return path.to_owned() };
    let mut resolved = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            component => {
                resolved.push(component);
                if let Ok(real) = resolved.canonicalize() {
                    resolved = real;
                }
            }
        }
    }
    resolved
}

fn extension(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
    let is_plain = !extension.is_empty()
        && extension.len() <= 5
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then_some(extension)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_ids_never_share_a_file_and_no_id_leaves_the_folder() {
        assert_eq!(safe_name("row-17"), "row-17");
        assert_eq!(safe_name("Zeile 17 ü"), "Zeile 17 ü");
        let names: Vec<_> =
            ["../../etc/passwd", "a/b", "a_b", "a\\b", "", ".hidden", "-x"].map(safe_name).into();
        for name in &names {
            assert!(!name.contains(['/', '\\']) && !name.starts_with(['.', '-']), "{name}");
            assert!(!name.is_empty());
        }
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(safe_name(&"x".repeat(500)).len() <= 100);
    }

    #[test]
    fn the_extension_is_that_of_the_output() {
        assert_eq!(extension("https://a.example/x/out.mp4?sig=a.b"), Some("mp4"));
        assert_eq!(extension("https://a.example/x/out"), None);
        assert_eq!(extension("https://a.example/out.verylong"), None);
    }

    #[test]
    fn a_result_replaces_neither_an_input_nor_another_result() {
        let folder = tempfile::tempdir().unwrap();
        let row = |id: &str, out: Option<&str>| {
            let values = json!({"id": id, "video": format!("{id}.mp4"), "out": out});
            let values = values.as_object().unwrap().clone();
            Row::new(format!("row {id}"), values, folder.path()).unwrap()
        };
        let rows = [row("a", None), row("b", Some("x.mp4")), row("c", Some("x.mp4"))];
        let positions = |at: &Path| -> Vec<String> {
            conflicts(at, &rows).into_iter().map(|error| error.position).collect()
        };
        assert_eq!(positions(folder.path()), ["row a", "row c"]);
        let results = folder.path().join("results");
        assert_eq!(positions(&results), ["row c"]);

        // The folder of the results does not exist yet.
        let rows = [
            row("a", Some("../a.mp4")),
            row("b", Some("b.mp4")),
            row("c", Some("../results/b.mp4")),
            row("d", Some("batch.db")),
            row("e", Some("./report.csv")),
            row("f", Some("x/../.fitted/f.mp4")),
            row("g", Some("sub/batch.db")),
        ];
        let positions: Vec<_> =
            conflicts(&results, &rows).into_iter().map(|error| error.position).collect();
        assert_eq!(positions, ["row a", "row c", "row d", "row e", "row f"]);
    }

    #[test]
    fn a_file_that_is_there_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.mp4"), "mine").unwrap();
        let row = |id: &str| {
            let values = json!({"id": id, "video": "https://media.example/v.mp4"});
            Row::new(id, values.as_object().unwrap().clone(), folder.path()).unwrap()
        };
        let errors = existing(folder.path(), [row("a"), row("b")].iter());
        assert_eq!(errors.len(), 1);
        assert!(errors.iter().all(|error| error.message.contains("exists")), "{errors:?}");
    }
}
