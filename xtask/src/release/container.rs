//! The container image of the mock server.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use super::files::{copy_into, create_folder, empty_folder};
use super::notices;
use crate::checks::crates::version;
use crate::process::{output, program, root, run, succeeds, target};

/// The names of architectures in Rust and in images.
const ARCHITECTURES: [(&str, &str); 2] = [("x86_64", "amd64"), ("aarch64", "arm64")];

/// How to build the image.
#[derive(Args)]
pub(crate) struct Container {
    /// A folder with one folder for each platform, as `platform` writes it
    #[arg(long)]
    pub(super) binaries: PathBuf,
    /// Push it under this name, with the version as its tag
    #[arg(long, value_name = "NAME")]
    pub(super) push: Option<String>,
    /// Append `digest=…` of what was pushed to this file
    #[arg(long, value_name = "FILE", requires = "push")]
    pub(super) digest_to: Option<PathBuf>,
}

/// The program that builds images on this machine, if there is one that works.
pub(super) fn builder() -> Option<&'static str> {
    let probes = [("docker", &["info"][..]), ("podman", &["info"]), ("buildah", &["info"])];
    probes.into_iter().find(|(name, words)| succeeds(program(name, words))).map(|(name, _)| name)
}

/// Runs the image that was built last on this machine: it must tell its version.
pub(super) fn try_image() -> Result<&'static str> {
    match builder() {
        Some("buildah") => {
            let container = output(program("buildah", &["from", "viseme-mock"]))?;
            let words = ["run", container.trim(), "--", "/viseme-mock", "--version"];
            let tried = output(program("buildah", &words));
            run(program("buildah", &["rm", container.trim()]))?;
            is_version(&tried?)?;
        }
        Some(name) => {
            is_version(&output(program(name, &["run", "--rm", "viseme-mock", "--version"]))?)?;
        }
        None => bail!("neither docker nor podman nor buildah works on this machine"),
    }
    Ok("built; viseme-mock --version in it")
}

fn is_version(text: &str) -> Result<()> {
    let version = version()?;
    ensure!(text.contains(&version), "the program in the image says {text:?}, not {version}");
    Ok(())
}

impl Container {
    pub(super) fn run(&self) -> Result<()> {
        let architectures = self.context()?;
        let first = architectures.first();
        let first =
            first.with_context(|| format!("no program for musl: {}", self.binaries.display()))?;
        let context = context().display().to_string();
        let file = root().join("mock-server/Dockerfile").display().to_string();
        let Some(name) = &self.push else {
            return match builder() {
                Some("docker") => run(program(
                    "docker",
                    &["build", "--tag", "viseme-mock", "--file", &file, &context],
                )),
                Some(other) => {
                    let arch = format!("TARGETARCH={first}");
                    let words = ["build", "--build-arg", &arch, "--tag", "viseme-mock"];
                    run(program(other, &[&words[..], &["--file", &file, &context]].concat()))
                }
                None => bail!("neither docker nor podman nor buildah works on this machine"),
            };
        };
        self.push(name, &architectures, &file, &context)
    }

    /// Builds the image for all architectures and pushes it under the version and `latest`.
    fn push(&self, name: &str, architectures: &[&str], file: &str, context: &str) -> Result<()> {
        // Registries accept only lower case.
        let name = name.to_lowercase();
        let platforms: Vec<_> = architectures.iter().map(|it| format!("linux/{it}")).collect();
        let metadata = target().join("container-metadata.json");
        let tags = [format!("{name}:{}", version()?), format!("{name}:latest")];
        let more = ["--tag", &tags[0], "--tag", &tags[1], "--push"];
        let place = metadata.display().to_string();
        run(program("docker", &["buildx", "create", "--use"]))?;
        let words = ["buildx", "build", "--platform", &platforms.join(","), "--file", file];
        let ends = ["--metadata-file", &place, context];
        run(program("docker", &[&words[..], &more, &ends].concat()))?;
        if let Some(to) = &self.digest_to {
            let metadata: Value = serde_json::from_str(&fs::read_to_string(&metadata)?)?;
            let digest = metadata
                .get("containerimage.digest")
                .and_then(Value::as_str)
                .context("no digest")?;
            let mut all = fs::read_to_string(to).unwrap_or_default();
            all.push_str(&format!("digest={digest}\n"));
            fs::write(to, all).context("cannot write the digest")?;
        }
        Ok(())
    }

    /// Lays out the context of the build; returns the architectures that it has.
    fn context(&self) -> Result<Vec<&'static str>> {
        let context = context();
        empty_folder(&context)?;
        create_folder(&context.join("tmp"))?;
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            copy_into(&root().join(name), &context.join("licenses"))?;
        }
        notices::write()?;
        copy_into(&notices::file(), &context.join("licenses"))?;
        let mut found = Vec::new();
        for (rust, name) in ARCHITECTURES {
            let program =
                root().join(&self.binaries).join(format!("{rust}-unknown-linux-musl/viseme-mock"));
            if program.is_file() {
                copy_into(&program, &context.join(name))?;
                found.push(name);
            }
        }
        Ok(found)
    }
}

fn context() -> PathBuf {
    target().join("container")
}
