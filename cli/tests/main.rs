//! The tests of the program, as one program: linking one for each file takes minutes. A file is a module, and what
//! several of them use is in `support/`.

mod bad_media;
mod batch_disk;
mod batch_limits;
mod batch_recovery;
mod batch_results;
mod batch_soak;
mod batch_submit_crashes;
mod doctor;
mod documentation;
mod documented_commands;
mod drift;
mod drift_live;
mod dub_containers;
mod dub_crashes;
mod dub_usage;
mod exit_codes;
mod fit;
mod interrupts;
mod ledger;
mod machines;
mod mcp;
mod mcp_limits;
mod models;
mod network;
mod offline;
mod outputs;
mod pacing;
mod playground;
mod record;
mod recover;
mod secrets;
mod shells;
mod support;
mod webhook;

/// Without its line above, a file would not be compiled, and nobody would see that its tests do not run.
#[test]
fn every_file_is_a_module_of_this_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for entry in folder.read_dir().expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let line = format!("\nmod {name};\n");
        assert!(name == "main" || include_str!("main.rs").contains(&line), "{name} is no module");
    }
}
