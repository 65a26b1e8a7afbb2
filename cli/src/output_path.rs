//! Checks that an output can be saved, before a job is paid for.

use std::io::IsTerminal as _;
use std::path::Path;

use viseme::model::InputValue;
use viseme::{Input, Media};

use crate::failure::{Failure, Result, reason};
use crate::options::Options;
use crate::output::in_cli_words;

/// Returns whether `--out` means standard output.
pub(crate) fn is_stdout(out: &Path) -> bool {
    out == Path::new("-")
}

/// Checks that `--out` can be written, if it is there.
///
/// # Errors
/// [`Failure::Usage`] if not.
pub(crate) fn require_output(options: &Options) -> Result<()> {
    match &options.out {
        None => Ok(()),
        Some(out) if !is_stdout(out) => require_writable("--out", out),
        Some(_) if options.json => Err(Failure::Usage(
            "--out - and --json both write to standard output. Use one of them.".to_owned(),
        )),
        Some(_) if std::io::stdout().is_terminal() => Err(Failure::Usage(
            "--out - would write the video to the terminal. Redirect standard output to a file or \
             a program."
                .to_owned(),
        )),
        Some(_) => Ok(()),
    }
}

/// Checks that `--out` is no file of the input, which the output would replace.
///
/// # Errors
/// [`Failure::Usage`] if it is.
pub(crate) fn require_other_than_input(options: &Options, input: &Input) -> Result<()> {
    let Some(out) = options.out.as_ref().and_then(|out| out.canonicalize().ok()) else {
        return Ok(());
    };
    for (name, value) in input.fields() {
        if let InputValue::Media(Media::Path(path)) = value
            && path.canonicalize().is_ok_and(|path| path == out)
        {
            let message = format!(
                "--out {} is the file of `{name}`, which the output would replace. Choose another name.",
                path.display()
            );
            return Err(Failure::Usage(in_cli_words(&message, options)));
        }
    }
    Ok(())
}

/// Checks that a file can be saved to a path, which the user gave as `option`.
///
/// # Errors
/// [`Failure::Usage`] if not, with the folder and what is wrong with it.
pub(crate) fn require_writable(option: &str, out: &Path) -> Result<()> {
    let shown = out.display();
    if out.as_os_str().is_empty() {
        return Err(Failure::Usage(format!(
            "{option} must not be empty. Name a file or a folder."
        )));
    }
    let is_folder = out.is_dir();
    if !is_folder && out.exists() && !out.is_file() {
        let message =
            format!("{option} {shown} is neither a file nor a folder. Choose another path.");
        return Err(Failure::Usage(message));
    }
    if !is_folder && names_a_folder(out) {
        let message = format!("{option} {shown}: there is no such folder. Create it first.");
        return Err(Failure::Usage(message));
    }
    let folder = match out.parent() {
        _ if is_folder => out,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let probe = tempfile::Builder::new().prefix(".viseme-").suffix(".part").tempfile_in(folder);
    probe.map(drop).map_err(|error| {
        let advice = if folder.is_dir() { "Choose another folder." } else { "Create it first." };
        let shown = folder.display();
        let why = match error.kind() {
            _ if !folder.is_dir() => "there is no such folder".to_owned(),
            // As in /proc.
            std::io::ErrorKind::NotFound => "no files can be created in it".to_owned(),
            _ => reason(&error),
        };
        Failure::Usage(format!("Cannot save to the folder {shown}: {why}. {advice}"))
    })?;
    if is_folder { Ok(()) } else { require_name(option, out) }
}

/// Checks that a file of that name can exist: creates it and removes it again.
fn require_name(option: &str, out: &Path) -> Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).open(out) {
        Ok(_) => {
            // What cannot be removed is empty, and replaced later.
            let _ = std::fs::remove_file(out);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        // The client shortens a long name before its extension.
        Err(error)
            if error.kind() == std::io::ErrorKind::InvalidFilename && !has_long_folder(out) =>
        {
            Ok(())
        }
        Err(error) => {
            let (shown, why) = (out.display(), reason(&error));
            Err(Failure::Usage(format!("{option} {shown}: {why}. Choose another name.")))
        }
    }
}

/// Returns whether the path is too long even without its name.
fn has_long_folder(out: &Path) -> bool {
    const MAX_PATH: usize = 4096;
    out.parent().is_some_and(|folder| folder.as_os_str().len() + 256 > MAX_PATH)
}

fn names_a_folder(out: &Path) -> bool {
    out.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(out: &Path) -> Option<String> {
        match require_writable("--out", out) {
            Err(Failure::Usage(message)) => Some(message),
            _ => None,
        }
    }

    #[test]
    fn only_paths_that_can_be_written_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("there.mp4");
        std::fs::write(&file, "x").unwrap();
        for (name, word) in [
            ("new.mp4", None),
            ("there.mp4", None),
            ("", None),
            ("none/", Some("no such folder")),
            ("none/new.mp4", Some("no such folder")),
            ("there.mp4/new.mp4", Some("no such folder")),
            (&format!("{}.mp4", "b".repeat(252)), None),
        ] {
            let error = error_of(&folder.path().join(name));
            match word {
                None => assert_eq!(error, None, "{name}"),
                Some(word) => assert!(error.is_some_and(|error| error.contains(word)), "{name}"),
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        assert!(error_of(Path::new("")).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_accepted() {
        assert!(error_of(Path::new("/dev/null")).unwrap().contains("neither"));
    }
}
