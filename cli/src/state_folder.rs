//! The folder in which programs of this user keep their state.

use std::path::PathBuf;

/// Returns the folder of a part of this program, such as `playground`. `None` if the user has no folder.
pub(crate) fn state_folder(part: &str) -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute())
    };
    let state = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))
    };
    Some(state?.join("viseme").join(part))
}
