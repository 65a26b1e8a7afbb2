//! The tiers of accounts, and what they allow.

/// A tier of accounts. The service publishes two versions of its limits, on different pages, and does
/// not say which one applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountTier {
    /// The name in lower case.
    pub name: &'static str,
    /// The limits on the page of the account levels.
    pub limits: TierLimits,
    /// The other published limits.
    pub other_limits: TierLimits,
}

/// What an account may submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLimits {
    /// Maximum number of videos submitted per minute.
    pub per_minute: u32,
    /// Maximum number of jobs that run at once.
    pub concurrent: usize,
}

const fn tier(
    name: &'static str,
    (per_minute, concurrent): (u32, usize),
    (other_per_minute, other_concurrent): (u32, usize),
) -> AccountTier {
    AccountTier {
        name,
        limits: TierLimits { per_minute, concurrent },
        other_limits: TierLimits { per_minute: other_per_minute, concurrent: other_concurrent },
    }
}

/// The tier of a new account.
pub const BRONZE: AccountTier = tier("bronze", (5, 3), (2, 2));
/// From $100.
pub const SILVER: AccountTier = tier("silver", (60, 100), (500, 300));
/// From $1,000.
pub const GOLD: AccountTier = tier("gold", (600, 2000), (3000, 3000));
/// From $10,000.
pub const ULTRA: AccountTier = tier("ultra", (5000, 5000), (5000, 10_000));

/// All tiers, from the smallest.
pub const TIERS: [AccountTier; 4] = [BRONZE, SILVER, GOLD, ULTRA];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_the_limits_of_every_tier() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/network.md");
        let page = std::fs::read_to_string(page).expect("the page");
        for AccountTier { name, limits, other_limits } in TIERS {
            let cells =
                |limits: TierLimits| format!("{} / {}", limits.per_minute, limits.concurrent);
            let row = format!("| `{name}` | {} | {} |", cells(limits), cells(other_limits));
            assert!(page.contains(&row), "no row {row}");
        }
    }
}
