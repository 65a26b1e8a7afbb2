//! The inputs of the fuzz targets, as ordinary tests.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use viseme::fuzzing::{TARGETS, Target};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder that can be read");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn broken(target: Target, files: &[PathBuf]) -> Vec<&PathBuf> {
    let breaks = |file: &&PathBuf| {
        let data = std::fs::read(file).expect("a file that can be read");
        catch_unwind(|| target(&data)).is_err()
    };
    files.iter().filter(breaks).collect()
}

#[test]
fn every_input_of_every_corpus_keeps_the_invariants() {
    for (name, target) in TARGETS {
        let files = files(&folder("corpus").join(name));
        assert!(files.len() >= 10, "{name}: a corpus of {} inputs proves little", files.len());
        let broken = broken(target, &files);
        assert!(broken.is_empty(), "{name}: see above, and run it alone: {broken:#?}");
    }
}

#[test]
fn every_target_has_its_program_and_its_corpus() {
    // The target of another crate, whose tests run its corpus.
    let others = ["dubbing"];
    let names = TARGETS.iter().map(|(name, _)| *name).chain(others);
    let targets: BTreeSet<String> = names.map(str::to_owned).collect();
    let stems = |name: &str| -> BTreeSet<String> {
        let stem = |file: &PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
        files(&folder(name)).iter().filter_map(stem).collect()
    };
    assert_eq!(stems("fuzz_targets"), targets);
    assert_eq!(stems("corpus"), targets);
}

#[test]
fn a_broken_invariant_is_noticed() {
    let files = files(&folder("corpus").join("headers"));
    assert_eq!(broken(|_| panic!("for the test"), &files).len(), files.len());
}

#[test]
fn empty_and_uniform_bytes_are_handled() {
    for (name, target) in TARGETS {
        for byte in [0, b'\n', b'[', b'{', 0xff] {
            for length in [0, 1, 2, 3, 64, 4096] {
                let data = vec![byte; length];
                assert!(catch_unwind(|| target(&data)).is_ok(), "{name}: {length} × {byte:#04x}");
            }
        }
    }
}
