//! Generates the Swift and Kotlin code that calls the built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
