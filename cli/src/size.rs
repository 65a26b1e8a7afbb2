//! Sizes and times for people.

use std::time::Duration;

/// Bytes in a unit that fits. A MB is 1024 × 1024 bytes, as in the model's limits.
pub(crate) fn bytes(bytes: u64) -> String {
    const STEP: f64 = 1024.0;
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB"] {
        if value < STEP {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= STEP;
    }
    format!("{value:.1} GB")
}

/// Seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KB"),
            (270_205, "263.9 KB"),
            (100 * 1024 * 1024, "100.0 MB"),
            (3 << 30, "3.0 GB"),
        ] {
            assert_eq!(super::bytes(bytes), text);
        }
    }
}
