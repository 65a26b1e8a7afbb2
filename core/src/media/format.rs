//! Formats numbers and lists for messages.

use std::time::Duration;

/// Formats a number with at most two decimals and no trailing zeros: `2`, `10.5`, `10.52`.
pub(super) fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Formats a duration: `10.52 s`.
pub(super) fn seconds(value: f64) -> String {
    format!("{} s", decimal(value))
}

/// Formats a position: `0:08.3`, `1:02:03`.
pub(super) fn position(at: Duration) -> String {
    let millis = at.as_millis();
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let text = format!("{:02}.{:03}", rest / 1000, rest % 1000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // The zeros of a whole number of seconds are not trimmed.
    let text = if rest % 1000 == 0 { format!("{:02}", rest / 1000) } else { text.to_owned() };
    match minutes / 60 {
        0 => format!("{minutes}:{text}"),
        hours => format!("{hours}:{:02}:{text}", minutes % 60),
    }
}

/// Formats a bit rate: `128 kbit/s`, `79.5 Mbit/s`.
pub(super) fn bit_rate(bits_per_second: u64) -> String {
    const MBIT: u64 = 1_000_000;
    if bits_per_second < MBIT {
        format!("{} kbit/s", bits_per_second / 1000)
    } else {
        // An f64 is exact far above any bit rate.
        format!("{} Mbit/s", decimal(bits_per_second as f64 / MBIT as f64))
    }
}

/// Formats a size: `104.9 MB`, with 1 MB as 1024 × 1024 bytes. Small sizes are in bytes.
pub(super) fn size(bytes: u64) -> String {
    const MB: f64 = 1024.0 * 1024.0;
    // An f64 is exact far above the size of any file.
    let value = bytes as f64;
    if value < MB / 10.0 { format!("{bytes} bytes") } else { format!("{} MB", decimal(value / MB)) }
}

/// Formats a list: `MP3, WAV, M4A or AAC`.
pub(super) fn one_of(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Formats a list: `duration, width and height`.
pub(super) fn all_of(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(seconds(10.0), "10 s");
        assert_eq!(seconds(10.52), "10.52 s");
        assert_eq!(seconds(10.501), "10.5 s");
        assert_eq!(seconds(100.0), "100 s");
        assert_eq!(seconds(0.0), "0 s");
        assert_eq!(size(5 * 1024 * 1024), "5 MB");
        assert_eq!(size(110_000_000), "104.9 MB");
        assert_eq!(size(1200), "1200 bytes");
    }

    #[test]
    fn positions_and_bit_rates() {
        for (millis, text) in [
            (0, "0:00"),
            (8_300, "0:08.3"),
            (10_000, "0:10"),
            (20_050, "0:20.05"),
            (75_250, "1:15.25"),
            (3_600_000, "1:00:00"),
            (3_723_001, "1:02:03.001"),
        ] {
            assert_eq!(position(Duration::from_millis(millis)), text);
        }
        assert_eq!(bit_rate(128_000), "128 kbit/s");
        assert_eq!(bit_rate(79_500_000), "79.5 Mbit/s");
        assert_eq!(bit_rate(2_000_000), "2 Mbit/s");
    }

    #[test]
    fn lists() {
        let items = |count: usize| vec!["a".to_owned(); count];
        assert_eq!(one_of(&items(0)), "nothing");
        assert_eq!(one_of(&items(1)), "a");
        assert_eq!(one_of(&items(2)), "a or a");
        assert_eq!(one_of(&items(3)), "a, a or a");
        assert_eq!(all_of(&["a"]), "a");
        assert_eq!(all_of(&["a", "b", "c"]), "a, b and c");
    }
}
