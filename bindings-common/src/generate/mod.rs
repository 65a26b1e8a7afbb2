//! Generates the TypeScript and the Python types of everything in [`dto`](crate::dto), and checks
//! that the generated files in the repository are up to date.
//!
//! `cargo xtask generate` writes them: it runs the test below with `VISEME_GENERATE=1`.

mod python;
mod python_preamble;
mod schema;
mod typescript;

use std::path::Path;

use schema::Border;

#[test]
fn the_generated_files_are_up_to_date() {
    let border = Border::new();
    let files = [
        ("bindings-node/ts/generated/dto.ts", typescript::generate(&border)),
        ("bindings-node/ts/generated/models.ts", typescript::models()),
        ("bindings-python/python/viseme/_generated.py", python::models(&border)),
        ("bindings-python/python/viseme/_generated_types.py", python::types(&border)),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, content) in files {
        let path = root.join(name);
        if std::env::var_os("VISEME_GENERATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect(name);
            std::fs::write(&path, content).expect(name);
        } else {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == content, "{name} is out of date: run `cargo xtask generate`");
        }
    }
}
