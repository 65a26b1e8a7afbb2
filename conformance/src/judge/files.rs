//! Judges the files that a case left in its folder.

use crate::case::Case;
use crate::drive::Evidence;

pub(super) fn differences(case: &Case, evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if case.then.files.is_empty() {
        return found;
    }
    for (name, check) in &case.then.files {
        let size = evidence.files.get(name);
        match (size, check.absent) {
            (None, true) => continue,
            (None, false) => {
                found.push(format!("there is no file {name}"));
                continue;
            }
            (Some(_), true) => {
                found.push(format!("the file {name} was not to be there"));
                continue;
            }
            (Some(_), false) => {}
        }
        if check.bytes.is_some() && check.bytes.as_ref() != size {
            found.push(format!("{name}: expected {:?} bytes, found {size:?}", check.bytes));
        }
        if let Some(other) = &check.same_as
            && !same(evidence, name, other)
        {
            found.push(format!("{name} differs from {other}"));
        }
    }
    for name in evidence.files.keys() {
        if !case.then.files.contains_key(name) {
            found.push(format!("a file was left behind: {name}"));
        }
    }
    found
}

fn same(evidence: &Evidence, name: &str, other: &str) -> bool {
    let reference = format!("{{fixtures}}/{other}");
    let path = crate::case::resolve(&reference.into(), &evidence.facts);
    let Some(path) = path.ok().and_then(|path| path.as_str().map(str::to_owned)) else {
        return false;
    };
    // A file that cannot be read is not the same.
    let one = std::fs::read(evidence.folder.join(name));
    let other = std::fs::read(path);
    matches!((one, other), (Ok(one), Ok(other)) if one == other)
}
