//! Writes the Swift and Kotlin code that speaks to the built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
