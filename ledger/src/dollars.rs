//! Amounts of US dollars in words.

/// Returns millionths of a US dollar as dollars, such as `12.50`: cents, and what is smaller only if there
/// is any.
#[must_use]
pub fn dollars(micros: u64) -> String {
    let decimals = format!("{:06}", micros % 1_000_000);
    let (cents, rest) = decimals.split_at(2);
    format!("{}.{cents}{}", micros / 1_000_000, rest.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_have_at_least_two_decimals() {
        for (micros, expected) in [
            (0, "0.00"),
            (70_000, "0.07"),
            (1_500_000, "1.50"),
            (46_200, "0.0462"),
            (1, "0.000001"),
        ] {
            assert_eq!(dollars(micros), expected);
        }
    }
}
