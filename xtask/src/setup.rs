//! What has to be installed before the tests of each language can run.

use anyhow::{Result, bail};

use crate::mobile::{kotlin, swift_tools};
use crate::tools::{ensure_all, ensure_node};
use crate::{browser, deny, examples, integrations, node, python, site};

/// What belongs together: a language and all that its tests need. The last three combine others. The order is that of
/// the time from the first step to the end of all that waits for the language, with the longest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    Rust,
    Python,
    Node,
    Swift,
    Kotlin,
    Browser,
    /// The sample program in Kotlin with its backends in Python and Node.js.
    KotlinApp,
    /// The sample program in Swift with the same backends.
    SwiftApp,
    /// The documentation site, which shows results of all of them.
    Site,
}

impl Language {
    pub(crate) const ALL: &[Self] = &[
        Self::Rust,
        Self::Python,
        Self::Node,
        Self::Swift,
        Self::Kotlin,
        Self::Browser,
        Self::KotlinApp,
        Self::SwiftApp,
        Self::Site,
    ];

    /// Those whose tests install or build what this one uses, and so run before it.
    pub(crate) fn uses(self) -> &'static [Self] {
        match self {
            Self::Rust | Self::Node | Self::Browser | Self::Python | Self::Kotlin | Self::Swift => {
                &[]
            }
            Self::KotlinApp => &[Self::Node, Self::Python, Self::Kotlin],
            // Both build the backends.
            Self::SwiftApp => &[Self::KotlinApp, Self::Node, Self::Python, Self::Swift],
            Self::Site => Self::ALL.split_last().map_or(&[], |(_, others)| others),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Node => "node",
            Self::Browser => "browser",
            Self::Python => "python",
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
            Self::KotlinApp => "kotlin-app",
            Self::SwiftApp => "swift-app",
            Self::Site => "site",
        }
    }

    /// Installs what is missing; returns a note for the summary.
    pub(crate) fn set_up(self) -> Result<String> {
        match self {
            Self::Rust => {
                ensure_all(&["rustfmt", "clippy", "ffmpeg", "postgres"])?;
                Ok(String::new())
            }
            Self::Node => {
                let version = ensure_node()?;
                node::install()?;
                integrations::servers()?;
                Ok(format!("Node {version}"))
            }
            Self::Browser => browser::set_up().map(|version| format!("Node {version}")),
            Self::Python => {
                // The notebooks and the bindings' examples make media too.
                ensure_all(&["python3", "ffmpeg"])?;
                python::tools()?;
                integrations::servers()?;
                Ok(String::new())
            }
            Self::Kotlin => {
                ensure_all(&["javac", "maven"])?;
                kotlin::fetch()?;
                Ok(String::new())
            }
            Self::Swift => swift_tools::install(),
            Self::KotlinApp => {
                examples::set_up()?;
                Self::Kotlin.set_up()
            }
            Self::SwiftApp => {
                examples::set_up()?;
                Self::Swift.set_up()
            }
            Self::Site => {
                browser::set_up()?;
                site::set_up()?;
                Ok(String::new())
            }
        }
    }
}

/// `cargo xtask setup`: installs what the named languages need, or all of them.
pub(crate) fn install_missing(names: &[String]) -> Result<()> {
    let known = Language::ALL.iter().map(|language| language.name()).collect::<Vec<_>>();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no language `{unknown}`; there are {}", known.join(", "));
    }
    let wanted =
        |language: &Language| names.is_empty() || names.iter().any(|name| name == language.name());
    for language in Language::ALL.iter().copied().filter(wanted) {
        let note = language.set_up()?;
        println!("setup: {} is ready {note}", language.name());
    }
    if wanted(&Language::Rust) {
        deny::install()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_language_is_an_error_that_lists_the_known_ones() {
        let error = install_missing(&["cobol".to_owned()]).expect_err("unknown");
        assert!(error.to_string().contains("swift"), "{error}");
    }
}
