//! The media files that cases name, generated once from the samples and with ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// The folder with the media files.
#[derive(Clone, Debug)]
pub struct Fixtures {
    folder: PathBuf,
}

/// `fixtures.yaml`: how each file is generated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    name: String,
    /// The file to start from: a file of the repository or an earlier fixture.
    #[serde(default)]
    from: Option<String>,
    /// Arguments of ffmpeg; the file name is appended.
    #[serde(default)]
    ffmpeg: Option<String>,
    /// Truncates the file to this many bytes.
    #[serde(default)]
    cut: Option<usize>,
    /// Pads the file with zeros to this many bytes.
    #[serde(default)]
    fill: Option<usize>,
    /// The content as text.
    #[serde(default)]
    text: Option<String>,
}

impl Fixtures {
    /// Generates the files, unless they exist and `fixtures.yaml` has not changed since.
    ///
    /// # Errors
    /// If the list is invalid, ffmpeg is missing, or a file cannot be written.
    pub fn make(list: &Path, root: &Path, target: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(list)
            .with_context(|| format!("cannot read {}", list.display()))?;
        let recipes: Vec<Recipe> = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is invalid", list.display()))?;
        let folder = target.join("conformance").join("fixtures");
        let stamp = folder.join("made-from.yaml");
        if std::fs::read_to_string(&stamp).is_ok_and(|made| made == text) {
            return Ok(Self { folder });
        }
        // Generated in a temporary folder and renamed, so that an interrupted run leaves no partial set.
        let parent = target.join("conformance");
        std::fs::create_dir_all(&parent)?;
        let fresh = tempfile::tempdir_in(&parent)?;
        for recipe in &recipes {
            make(recipe, root, fresh.path())
                .with_context(|| format!("cannot generate the fixture {}", recipe.name))?;
        }
        std::fs::write(fresh.path().join("made-from.yaml"), &text)?;
        let _ = std::fs::remove_dir_all(&folder);
        let fresh = fresh.keep();
        if let Err(error) = std::fs::rename(&fresh, &folder) {
            // Another run was faster.
            ensure!(stamp.exists(), "{}: {error}", folder.display());
            let _ = std::fs::remove_dir_all(&fresh);
        }
        Ok(Self { folder })
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of a file.
    ///
    /// # Errors
    /// If the file does not exist. A name that begins with `missing` stands for a file that must not
    /// exist.
    pub fn path(&self, name: &str) -> Result<String, String> {
        let path = Path::new(name);
        if path.is_absolute() {
            return Ok(name.to_owned());
        }
        let path = self.folder.join(path);
        if path.exists() || name.starts_with("missing") {
            Ok(path.display().to_string())
        } else {
            Err(format!("there is no fixture `{name}`; fixtures.yaml lists them all"))
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
            .context("cannot start ffmpeg; install it with `cargo xtask setup`")?;
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
