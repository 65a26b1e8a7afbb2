//! Decides which size a picture is scaled to.

use std::cmp::Reverse;

use crate::media::Framing;
use viseme_spec::{MediaLimits, Range};

/// A size to scale to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) width: u32,
    pub(super) height: u32,
    /// `None` if the picture keeps the ratio of its sides.
    pub(super) framing: Option<Framing>,
}

/// Returns the accepted size that is closest to this one; `None` if there is none, or if the size is
/// that one already.
///
/// The ratio of the sides is kept if any accepted size has it. A picture is enlarged only if no smaller
/// size is accepted.
pub(super) fn target(
    (width, height): (u32, u32),
    limits: &MediaLimits,
    framing: Framing,
) -> Option<Target> {
    let range = limits.side_px.as_ref()?;
    let (short, long) = (width.min(height), width.max(height));
    if short == 0 {
        return None;
    }
    let kept = if limits.short_side_px.is_empty() {
        let shortest = shortest_allowed(short, long, range);
        shortest.and_then(|side| with_short_side(side, short, long, range))
    } else {
        let mut sides = limits.short_side_px.to_vec();
        sides.sort_by_key(|side| preference(*side, short));
        sides.into_iter().find_map(|side| with_short_side(side, short, long, range))
    };
    let (short_side, long_side, framing) = match kept {
        Some((short, long)) => (short, long, None),
        // The ratio of the sides is larger than any that is accepted.
        None => {
            let listed = limits.short_side_px.iter().copied().min();
            let side = even_up(listed.unwrap_or(range.min));
            let long = range.max & !1;
            (long >= side).then_some((side, long, Some(framing)))?
        }
    };
    let (new_width, new_height) =
        if width >= height { (long_side, short_side) } else { (short_side, long_side) };
    let is_same = (new_width, new_height) == (width, height);
    (!is_same).then_some(Target { width: new_width, height: new_height, framing })
}

/// Smaller sizes come before larger ones, and of each the closest first. A size that is less than 1%
/// larger counts as smaller.
fn preference(side: u32, short: u32) -> (bool, Reverse<u32>, u32) {
    let is_larger = u64::from(side) * 99 > u64::from(short) * 100;
    if is_larger { (true, Reverse(0), side) } else { (false, Reverse(side), 0) }
}

/// Returns the shorter side that is closest to `short` if any may be; `None` if none fits.
fn shortest_allowed(short: u32, long: u32, range: &Range<u32>) -> Option<u32> {
    let most = u64::from(range.max).saturating_mul(short.into()) / u64::from(long);
    let most = u32::try_from(most).unwrap_or(range.max).min(range.max) & !1;
    let least = even_up(range.min);
    (least <= most).then(|| (short & !1).clamp(least, most))
}

/// Returns the size with this shorter side and the same ratio; `None` if its longer side is not
/// accepted.
fn with_short_side(side: u32, short: u32, long: u32, range: &Range<u32>) -> Option<(u32, u32)> {
    let side = even_up(side);
    let doubled = u64::from(long).saturating_mul(side.into()) / u64::from(short);
    let exact = u32::try_from(doubled.saturating_add(1)).ok()? & !1;
    // Less than 1% of stretch is not seen, and 1280 × 720 is more usual than 1282 × 720.
    let usual = even_up(side.saturating_mul(16) / 9);
    let is_near = exact.abs_diff(usual).saturating_mul(100) <= usual;
    let mut long_sides = [is_near.then_some(usual), Some(exact.max(side))].into_iter().flatten();
    let long_side = long_sides.find(|side| (range.min..=range.max).contains(side))?;
    Some((side, long_side))
}

fn even_up(side: u32) -> u32 {
    side.saturating_add(side & 1) & !1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use viseme_spec::describe;

    fn limits(model: &str) -> MediaLimits {
        *describe(model).unwrap().media_limits("video").unwrap()
    }

    const AUDIO: &str = "kwaivgi/kling-lipsync/audio-to-video";
    const TEXT: &str = "kwaivgi/kling-lipsync/text-to-video";

    #[test]
    fn sizes_that_keep_the_ratio_come_first() {
        for (from, to, framing) in [
            ((640, 360), (1280, 720), None),
            ((360, 640), (720, 1280), None),
            ((640, 480), (960, 720), None),
            ((3840, 2160), (1920, 1080), None),
            ((2160, 3840), (1080, 1920), None),
            ((1280, 718), (1280, 720), None),
            ((1078, 1920), (1080, 1920), None),
            ((1600, 900), (1280, 720), None),
            ((1366, 768), (1280, 720), None),
            ((1024, 1024), (720, 720), None),
            ((4096, 4096), (1080, 1080), None),
            ((2560, 1080), (1706, 720), None),
            ((16, 16), (720, 720), None),
            ((3000, 1000), (1920, 720), Some(Framing::Borders)),
            ((100, 1000), (720, 1920), Some(Framing::Borders)),
        ] {
            let found = target(from, &limits(AUDIO), Framing::Borders).unwrap();
            assert_eq!(((found.width, found.height), found.framing), (to, framing), "{from:?}");
        }
        let cropped = target((3000, 1000), &limits(AUDIO), Framing::Crop).unwrap();
        assert_eq!(cropped.framing, Some(Framing::Crop));
        assert_eq!(target((1280, 720), &limits(AUDIO), Framing::Borders), None);
        assert_eq!(target((0, 720), &limits(AUDIO), Framing::Borders), None);
    }

    #[test]
    fn without_a_list_of_sides_the_size_changes_as_little_as_possible() {
        for (from, to) in [
            ((640, 360), (1280, 720)),
            ((2000, 1000), (1920, 960)),
            ((3840, 2160), (1920, 1080)),
            ((1000, 500), (1440, 720)),
        ] {
            let found = target(from, &limits(TEXT), Framing::Borders).unwrap();
            assert_eq!(((found.width, found.height), found.framing), (to, None), "{from:?}");
        }
    }

    proptest! {
        #[test]
        fn every_target_is_accepted_and_even(
            width in 1..20_000_u32,
            height in 1..20_000_u32,
            is_listed: bool,
        ) {
            let limits = limits(if is_listed { AUDIO } else { TEXT });
            if let Some(found) = target((width, height), &limits, Framing::Borders) {
                let (short, long) = (found.width.min(found.height), found.width.max(found.height));
                prop_assert!(short >= 720 && long <= 1920, "{found:?}");
                prop_assert!(found.width % 2 == 0 && found.height % 2 == 0, "{found:?}");
                prop_assert!(!is_listed || [720, 1080].contains(&short), "{found:?}");
                prop_assert!(short == long || (found.width > found.height) == (width > height));
                let ratio = |a: u32, b: u32| f64::from(a.max(b)) / f64::from(a.min(b));
                if found.framing.is_none() {
                    let stretch = ratio(found.width, found.height) / ratio(width, height);
                    prop_assert!((0.98..1.02).contains(&stretch), "{found:?}");
                } else {
                    prop_assert!(ratio(width, height) > 2.6);
                }
            } else {
                prop_assert!((720..=1920).contains(&width) && (720..=1920).contains(&height));
            }
        }
    }
}
