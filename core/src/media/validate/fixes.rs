//! Decides which step mends a broken rule.

use std::time::Duration;

use super::{CheckedFile, picture_size};
use crate::media::info::Detail;
use crate::media::{Container, FitOptions, Fix, MediaInfo, MediaKind, Rule};
use viseme_spec::Range;

/// Bit rates that encoders are usually set to, the highest first.
const AUDIO_RATES: [u64; 9] =
    [256_000, 192_000, 160_000, 128_000, 96_000, 64_000, 48_000, 32_000, 24_000];
/// A lower bit rate leaves nothing of a picture of 720 lines.
const MIN_VIDEO_RATE: u64 = 500_000;
/// The share of a size limit that is used: encoders do not hit a bit rate exactly, and the container
/// takes space too.
const BUDGET_PERCENT: u64 = 92;
/// What is reserved in a video for its audio.
const AUDIO_IN_VIDEO: u64 = 320_000;
/// Kinds that ffmpeg does not read, or that lack what is needed to read them.
const UNREADABLE: [Container; 4] =
    [Container::Rifx, Container::Silk, Container::Adif, Container::RawPcm];

/// Returns the step that mends this rule of the file; `None` if there is none.
pub(super) fn fix(file: &CheckedFile<'_>, rule: Rule, options: &FitOptions) -> Option<Fix> {
    if file.limits.kind == MediaKind::Image {
        return None;
    }
    match rule {
        Rule::Container => container(file),
        Rule::Corrupt => prefix(file),
        Rule::Size => size(file),
        Rule::Duration => duration(file, options),
        Rule::Dimensions | Rule::Resolution => {
            let picture = (file.info.width?, file.info.height?);
            let target = picture_size::target(picture, file.limits, options.framing)?;
            Some(Fix::Scale { width: target.width, height: target.height, framing: target.framing })
        }
        Rule::Codec => Some(Fix::EncodeVideo { codec: "h264", bits_per_second: None }),
        Rule::Extension => {
            let documented = file.limits.extensions;
            let mut fitting = file.info.container.extensions().iter().copied();
            Some(Fix::Rename { extension: fitting.find(|it| documented.contains(it))? })
        }
        _ => None,
    }
}

fn prefix(file: &CheckedFile<'_>) -> Option<Fix> {
    match file.info.detail {
        Some(Detail::Prefix(bytes)) => Some(Fix::RemovePrefix { bytes }),
        _ => None,
    }
}

fn container(file: &CheckedFile<'_>) -> Option<Fix> {
    let info = file.info;
    let found = info.container;
    match info.detail {
        Some(Detail::Prefix(_)) => return prefix(file),
        Some(Detail::Encodes(container)) => {
            return container.kind().is_some().then_some(Fix::Decode { container });
        }
        Some(Detail::CoverOnly | Detail::EmptyVideo) if file.limits.kind == MediaKind::Video => {
            return None;
        }
        _ => {}
    }
    if info.corruption.is_some() {
        return None;
    }
    if UNREADABLE.contains(&found) {
        return None;
    }
    match (file.limits.kind, found.kind()) {
        (MediaKind::Video, Some(MediaKind::Video)) => {
            let target = accepted(file, &[Container::Mp4, Container::Mov])?;
            Some(Fix::Convert { container: target })
        }
        (MediaKind::Audio, Some(MediaKind::Audio)) => {
            Some(Fix::Convert { container: audio_target(file)? })
        }
        (MediaKind::Audio, Some(MediaKind::Video)) if !super::advice::is_silent_video(file) => {
            Some(Fix::ExtractAudio { container: audio_target(file)? })
        }
        _ => None,
    }
}

/// Returns the container that takes the audio with the least change.
fn audio_target(file: &CheckedFile<'_>) -> Option<Container> {
    let is_lossless = |codec: &str| ["pcm", "flac", "alac"].contains(&codec);
    let preferred = match file.info.audio_codec.as_deref() {
        Some("aac") => Container::M4a,
        Some("mp3") => Container::Mp3,
        Some(codec) if is_lossless(codec) || codec.starts_with("pcm_") => Container::Wav,
        Some(_) => Container::M4a,
        None => match file.info.container {
            Container::Flac
            | Container::Aiff
            | Container::Au
            | Container::Caf
            | Container::Wave64 => Container::Wav,
            _ => Container::M4a,
        },
    };
    accepted(file, &[preferred, Container::M4a, Container::Mp3, Container::Wav])
}

/// Returns whether the codec decides about the new container of the audio, and is not known.
pub(super) fn target_is_unknown(info: &MediaInfo) -> bool {
    use Container::{Asf, Avi, Caf, Flv, Matroska, MpegPs, MpegTs, Ogg};
    let holds_many_codecs =
        matches!(info.container, Asf | Avi | Caf | Flv | Matroska | MpegPs | MpegTs | Ogg);
    info.audio_codec.is_none() && holds_many_codecs
}

/// Returns the first of these containers that the model accepts.
fn accepted(file: &CheckedFile<'_>, preferred: &[Container]) -> Option<Container> {
    preferred.iter().copied().find(|container| file.limits.containers.contains(container))
}

/// Encodes a file that is too large at the bit rate that fits.
fn size(file: &CheckedFile<'_>) -> Option<Fix> {
    let millis = u64::try_from(file.info.duration?.as_millis()).ok()?.max(1);
    let bits = file.limits.max_bytes.checked_mul(8 * 1000 * BUDGET_PERCENT / 100)?;
    let budget = bits / millis;
    if file.limits.kind == MediaKind::Audio {
        let container = accepted(file, &[Container::M4a, Container::Mp3])?;
        // The index of an M4A takes some space for each of its frames.
        let rate = AUDIO_RATES.into_iter().find(|rate| rate + 2_000 <= budget)?;
        return Some(Fix::EncodeAudio { container, bits_per_second: rate });
    }
    let rate = budget.checked_sub(AUDIO_IN_VIDEO)? / 100_000 * 100_000;
    (rate >= MIN_VIDEO_RATE)
        .then_some(Fix::EncodeVideo { codec: "h264", bits_per_second: Some(rate) })
}

fn duration(file: &CheckedFile<'_>, options: &FitOptions) -> Option<Fix> {
    let found = file.info.duration?;
    let outside = |range: &&Range<f64>| file.duration_outside(found.as_secs_f64(), range).is_some();
    let Some(range) = file.limits.seconds.iter().find(outside) else {
        // Only the audio of the video is too long.
        return Some(Fix::Cut { start: Duration::ZERO, duration: found });
    };
    let longest = Duration::try_from_secs_f64(range.max).ok()?;
    if found > longest {
        return Some(Fix::Cut { start: Duration::ZERO, duration: longest });
    }
    let duration = Duration::try_from_secs_f64(range.min).ok()?;
    match file.limits.kind {
        _ if !options.extend => None,
        MediaKind::Audio => Some(Fix::AddSilence { duration }),
        _ => Some(Fix::HoldFrame { duration }),
    }
}
