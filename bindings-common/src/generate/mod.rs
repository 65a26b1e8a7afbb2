//! Generates the TypeScript and the Python types of everything in [`dto`](crate::dto), and checks
//! that the generated files in the repository are up to date.
//!
//! `cargo xtask generate` writes them: it runs the test below with `VISEME_GENERATE=1`.

mod python;
mod python_preamble;
mod schema;
mod typescript;

use std::path::Path;

use schema::{Border, Type};

#[test]
fn the_generated_files_are_up_to_date() {
    let border = Border::new();
    let files = [
        ("bindings-node/ts/generated/dto.ts", typescript::generate(&border)),
        ("bindings-node/ts/generated/models.ts", typescript::models()),
        ("bindings-python/python/viseme/_generated.py", python::models(&border)),
        ("bindings-python/python/viseme/_generated_account.py", python::account_models(&border)),
        ("bindings-python/python/viseme/_generated_reports.py", python::report_models(&border)),
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

/// Where Swift and Kotlin declare a type, and the fields that they leave out.
const MOBILE: [(&str, &str, &str, &[&str]); 11] = [
    ("PredictionData", "Prediction.swift", "Prediction.kt", &[]),
    ("SubmitRecordData", "Prediction.swift", "Prediction.kt", &[]),
    ("DownloadedFile", "Prediction.swift", "Prediction.kt", &[]),
    ("Report", "Report.swift", "Report.kt", &[]),
    ("Violation", "Report.swift", "Report.kt", &[]),
    ("Fix", "Report.swift", "Report.kt", &[]),
    ("MediaInfo", "Report.swift", "Report.kt", &[]),
    ("ErrorData", "VisemeError.swift", "VisemeException.kt", &[]),
    ("RunOptions", "Settings.swift", "Settings.kt", &["validate", "key", "retryFailed"]),
    ("ClientSettings", "Settings.swift", "Settings.kt", &["proxy", "caBundle", "ledger"]),
    ("Pacing", "Settings.swift", "Settings.kt", &[]),
];

/// Swift and Kotlin read and write JSON by declarations that are not generated.
#[test]
fn swift_and_kotlin_have_every_field() {
    let border = Border::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings-mobile");
    let read = |folder: &str, name: &str| {
        std::fs::read_to_string(root.join(folder).join(name)).expect(name)
    };
    for (name, swift_file, kotlin_file, left_out) in MOBILE {
        let swift = read("swift/Sources/Viseme", swift_file);
        let kotlin = read("kotlin/viseme/src/main/kotlin/dev/viseme", kotlin_file);
        let outgoing = border.outgoing.get(name);
        let definition = outgoing.or_else(|| border.incoming.get(name)).expect(name);
        let Type::Object { fields, .. } = &definition.ty else { panic!("{name} has no fields") };
        for field in fields.iter().filter(|field| !left_out.contains(&&*field.name)) {
            let (text, quoted) = (&field.name, format!("\"{}\"", field.name));
            let in_swift = match outgoing {
                Some(_) => ["let", "var"].map(|word| format!("{word} {}:", swift_name(text))),
                None => [quoted.clone(), quoted.clone()],
            };
            let declared = in_swift.iter().any(|declaration| swift.contains(declaration));
            assert!(declared, "{swift_file} has no {quoted} of {name}");
            assert!(kotlin.contains(&quoted), "{kotlin_file} has no {quoted} of {name}");
        }
    }
}

/// The name of a field in Swift, which `Messages.swift` derives in the same way.
fn swift_name(name: &str) -> String {
    if let Some(name) = name.strip_suffix("Id") {
        format!("{name}ID")
    } else if let Some(name) = name.strip_suffix("Url") {
        format!("{name}URL")
    } else {
        name.strip_suffix("Ms").unwrap_or(name).to_owned()
    }
}
