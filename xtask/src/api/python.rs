//! The public names of the Python packages, by griffe.

use anyhow::Result;

use super::Surface;
use crate::process::{output, program, root};
use crate::tools::python_programs;

const GRIFFE: [&str; 1] = ["griffe==2.4.1"];

pub(super) fn surfaces() -> Result<Vec<Surface>> {
    let python = python_programs("griffe", &GRIFFE)?.join("python").display().to_string();
    let packages =
        [("bindings-python/python", "viseme"), ("bindings-python/mock/python", "viseme_mock")];
    let surface = |(folder, package): (&str, &str)| {
        let folder = root().join(folder).display().to_string();
        let text = output(program(&python, &["xtask/src/api/surface.py", &folder, package]))?;
        Surface::new(format!("python/{package}.txt"), text)
    };
    packages.into_iter().map(surface).collect()
}
