//! The media that cases name: made from the samples and by ffmpeg, once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// The folder with the media.
#[derive(Clone, Debug)]
pub struct Fixtures {
    folder: PathBuf,
}

/// `fixtures.yaml`: how each file is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    name: String,
    /// A file of the repository to begin with, or an earlier fixture.
    #[serde(default)]
    from: Option<String>,
    /// Arguments of ffmpeg; the file's name is added.
    #[serde(default)]
    ffmpeg: Option<String>,
    /// Cut after so many bytes.
    #[serde(default)]
    cut: Option<usize>,
    /// Filled up with zeros to so many bytes.
    #[serde(default)]
    fill: Option<usize>,
    /// This text.
    #[serde(default)]
    text: Option<String>,
}

impl Fixtures {
    /// Makes the files that are not there yet. A change of the recipes makes them all anew.
    ///
    /// # Errors
    /// Where the list is wrong, ffmpeg is missing, or a file cannot be written.
    pub fn make(list: &Path, root: &Path, target: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(list)
            .with_context(|| format!("{} cannot be read", list.display()))?;
        let recipes: Vec<Recipe> = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is wrong", list.display()))?;
        let folder = target.join("conformance").join("fixtures");
        let stamp = folder.join("made-from.yaml");
        if std::fs::read_to_string(&stamp).is_ok_and(|made| made == text) {
            return Ok(Self { folder });
        }
        // Made beside and moved, so that a run that is stopped leaves no half of them behind.
        let parent = target.join("conformance");
        std::fs::create_dir_all(&parent)?;
        let fresh = tempfile::tempdir_in(&parent)?;
        for recipe in &recipes {
            make(recipe, root, fresh.path())
                .with_context(|| format!("the fixture {} cannot be made", recipe.name))?;
        }
        std::fs::write(fresh.path().join("made-from.yaml"), &text)?;
        let _ = std::fs::remove_dir_all(&folder);
        let fresh = fresh.keep();
        if let Err(error) = std::fs::rename(&fresh, &folder) {
            // Another run was quicker.
            ensure!(stamp.exists(), "{}: {error}", folder.display());
            let _ = std::fs::remove_dir_all(&fresh);
        }
        Ok(Self { folder })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a file.
    ///
    /// # Errors
    /// Where there is no such file; a name that begins with `missing` is one of a file that is not
    /// to be there.
    pub fn path(&self, name: &str) -> Result<String, String> {
        let path = Path::new(name);
        if path.is_absolute() {
            return Ok(name.to_owned());
        }
        let path = self.folder.join(path);
        if path.exists() || name.starts_with("missing") {
            Ok(path.display().to_string())
        } else {
            Err(format!("there is no fixture `{name}`; fixtures.yaml lists all"))
        }
    }
}

fn make(recipe: &Recipe, root: &Path, folder: &Path) -> Result<()> {
    let path = folder.join(&recipe.name);
    if let Some(text) = &recipe.text {
        std::fs::write(&path, text)?;
    }
    if let Some(from) = &recipe.from {
        let earlier = folder.join(from);
        let from = if earlier.exists() { earlier } else { root.join(from) };
        std::fs::copy(&from, &path).with_context(|| from.display().to_string())?;
    }
    if let Some(arguments) = &recipe.ffmpeg {
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-y", "-loglevel", "error"])
            .args(arguments.split_whitespace())
            .args(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"])
            .arg(&path)
            .output()
            .context("ffmpeg cannot be started; `cargo xtask setup` installs it")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    if recipe.cut.is_some() || recipe.fill.is_some() {
        let mut content = std::fs::read(&path).unwrap_or_default();
        if let Some(length) = recipe.cut {
            content.truncate(length);
        }
        if let Some(length) = recipe.fill {
            content.resize(length, 0);
        }
        std::fs::write(&path, content)?;
    }
    Ok(())
}
