//! The inputs of the fuzz target, as ordinary tests.

use std::path::Path;

use super::any_input::dub_any;

#[test]
fn every_input_of_the_corpus_keeps_the_promises() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/dubbing");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(files.len() >= 10, "a corpus of {} inputs proves little", files.len());
    for file in files {
        let data = std::fs::read(&file).unwrap();
        let result = std::panic::catch_unwind(|| dub_any(&data));
        assert!(result.is_ok(), "{} breaks a promise", file.display());
    }
}
