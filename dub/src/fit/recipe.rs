//! Turns the steps of a plan into one run of ffmpeg: what is copied, what is encoded, and how.

use std::time::Duration;

use viseme::media::{Container, Fix, Framing, MediaKind};

use super::streams::Streams;

/// Quality of encoded pictures: visually the same as the source.
const CRF: &str = "16";
/// Bit rate of encoded audio if no limit of size asks for a lower one.
const AUDIO_RATE: u64 = 192_000;
/// With a lower bit rate, one channel sounds better than two.
const MONO_BELOW: u64 = 64_001;
/// Larger pictures are not decoded: they need gigabytes of memory.
const MAX_PIXELS: &str = "67108864";

/// What happens to one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Treatment {
    None,
    Copy,
    /// Encoded again. `is_lossy` is false for samples without compression.
    Encode {
        is_lossy: bool,
    },
}

/// One run of ffmpeg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    kind: MediaKind,
    container: Container,
    video: Treatment,
    audio: Treatment,
    audio_codec: &'static str,
    audio_rate: Option<u64>,
    max_video_rate: Option<u64>,
    scale: Option<(u32, u32, Option<Framing>)>,
    start: Duration,
    /// How long the part is that is kept.
    duration: Option<Duration>,
    /// Until when the last frame is held, or silence is added.
    extend_to: Option<Duration>,
}

impl Recipe {
    /// Returns the run that makes these steps. With `exact`, a part is cut by encoding, and not at the
    /// nearest place that can be copied.
    pub(super) fn new(
        kind: MediaKind,
        source: Container,
        streams: &Streams,
        fixes: &[Fix],
        exact: bool,
    ) -> Self {
        let mut recipe = Self {
            kind,
            container: source,
            video: Treatment::None,
            audio: Treatment::None,
            audio_codec: "aac",
            audio_rate: None,
            max_video_rate: None,
            scale: None,
            start: Duration::ZERO,
            duration: None,
            extend_to: None,
        };
        let mut encodes_video = false;
        for fix in fixes {
            match fix {
                Fix::Convert { container } | Fix::ExtractAudio { container } => {
                    recipe.container = *container;
                }
                Fix::Cut { start, duration } => {
                    recipe.start = *start;
                    recipe.duration = Some(*duration);
                }
                Fix::HoldFrame { duration } | Fix::AddSilence { duration } => {
                    recipe.extend_to = Some(*duration);
                    encodes_video = true;
                }
                Fix::Scale { width, height, framing } => {
                    recipe.scale = Some((*width, *height, *framing));
                    encodes_video = true;
                }
                Fix::EncodeVideo { bits_per_second, .. } => {
                    recipe.max_video_rate = *bits_per_second;
                    encodes_video = true;
                }
                Fix::EncodeAudio { container, bits_per_second } => {
                    recipe.container = *container;
                    recipe.audio_rate = Some(*bits_per_second);
                }
                _ => {}
            }
        }
        let codec = |stream: &Option<super::streams::Stream>| {
            stream.as_ref().map(|stream| stream.codec.clone())
        };
        let starts_inside = !recipe.start.is_zero();
        let needs_cut = starts_inside || (exact && recipe.duration.is_some());
        if kind == MediaKind::Video {
            recipe.video = match codec(&streams.video) {
                None => Treatment::None,
                Some(codec) if !encodes_video && !needs_cut && is_copied(&codec) => Treatment::Copy,
                Some(_) => Treatment::Encode { is_lossy: true },
            };
        }
        if let Some(codec) = codec(&streams.audio) {
            recipe.treat_audio(&codec, needs_cut);
        }
        recipe
    }

    fn treat_audio(&mut self, codec: &str, needs_cut: bool) {
        let encodes = needs_cut || self.extend_to.is_some() || self.audio_rate.is_some();
        let fits = match self.container {
            Container::Wav => codec.starts_with("pcm_") && !codec.ends_with("be"),
            Container::Mp3 => codec == "mp3",
            Container::M4a | Container::Adts => codec == "aac",
            Container::Mov => {
                ["aac", "mp3", "alac", "ac3"].contains(&codec) || codec.starts_with("pcm_")
            }
            _ => ["aac", "mp3", "alac", "ac3"].contains(&codec),
        };
        if fits && !encodes {
            self.audio = Treatment::Copy;
            return;
        }
        self.audio_codec = match self.container {
            // The samples of these are kept as they are.
            Container::Wav | Container::Mov if fits && codec.starts_with("pcm_") => {
                lossless_codec(codec).unwrap_or("pcm_s16le")
            }
            Container::Wav => "pcm_s16le",
            Container::Mp3 => "libmp3lame",
            _ => "aac",
        };
        let is_lossy = !self.audio_codec.starts_with("pcm_")
            || !(is_lossless(codec) || codec == self.audio_codec);
        self.audio = Treatment::Encode { is_lossy };
    }

    /// Returns whether this step loses quality in this run.
    pub(super) fn is_lossy(&self, fix: &Fix) -> bool {
        let encodes = |treatment: &Treatment| *treatment == Treatment::Encode { is_lossy: true };
        match fix {
            Fix::Scale { .. } | Fix::EncodeVideo { .. } | Fix::HoldFrame { .. } => true,
            Fix::Cut { .. } | Fix::Convert { .. } | Fix::ExtractAudio { .. } => {
                encodes(&self.video) || encodes(&self.audio)
            }
            Fix::EncodeAudio { .. } | Fix::AddSilence { .. } => encodes(&self.audio),
            _ => false,
        }
    }

    /// Returns whether a part is copied, so that it may end some frames before or after its end.
    pub(super) fn is_inexact(&self) -> bool {
        let is_copied = self.video == Treatment::Copy || self.audio == Treatment::Copy;
        self.duration.is_some() && is_copied
    }

    /// Returns whether MP3 audio is copied to an MP3 file.
    pub(super) fn copies_mp3(&self) -> bool {
        self.container == Container::Mp3 && self.audio == Treatment::Copy
    }

    /// Shortens the part that is kept.
    pub(super) fn shorten(&mut self, by: Duration) {
        self.duration = self.duration.map(|it| it.saturating_sub(by));
    }

    /// Returns the options before the input.
    pub(super) fn input_options(&self) -> Vec<String> {
        let mut options: Vec<String> = vec!["-max_pixels".into(), MAX_PIXELS.into()];
        if !self.start.is_zero() {
            options.extend(["-ss".into(), micros(self.start)]);
        }
        options
    }

    /// Returns the options before the output.
    pub(super) fn output_options(&self) -> Vec<String> {
        let mut options: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| options.extend(words.iter().map(|it| (*it).to_owned()));
        add(&["-map_chapters", "-1", "-sn", "-dn"]);
        match &self.video {
            Treatment::None => add(&["-vn"]),
            Treatment::Copy => add(&["-map", "0:V:0", "-c:v", "copy"]),
            Treatment::Encode { .. } => {
                add(&["-map", "0:V:0", "-c:v", "libx264", "-preset", "fast", "-crf", CRF]);
                add(&["-pix_fmt", "yuv420p", "-fps_mode", "vfr", "-enc_time_base", "1/90000"]);
                if let Some(rate) = self.max_video_rate {
                    add(&["-maxrate", &rate.to_string(), "-bufsize", &rate.to_string()]);
                }
                let filters = self.video_filters();
                if !filters.is_empty() {
                    add(&["-vf", &filters.join(",")]);
                }
            }
        }
        match &self.audio {
            Treatment::None => add(&["-an"]),
            Treatment::Copy => add(&["-map", "0:a:0", "-c:a", "copy"]),
            Treatment::Encode { .. } => {
                add(&["-map", "0:a:0", "-c:a", self.audio_codec]);
                if !self.audio_codec.starts_with("pcm_") {
                    let rate = self.audio_rate.unwrap_or(AUDIO_RATE);
                    // No more than two channels: a voice needs none, and the bit rate is for two.
                    let channels = if rate < MONO_BELOW { "1" } else { "2" };
                    add(&["-b:a", &rate.to_string(), "-ac", channels]);
                }
                if let Some(end) = self.extend_to {
                    add(&["-af", &format!("apad=whole_dur={}us", end.as_micros())]);
                }
            }
        }
        if let Some(duration) = self.extend_to.or(self.duration) {
            add(&["-t", &micros(duration)]);
        }
        match self.container {
            Container::Wav => add(&["-f", "wav"]),
            Container::Mp3 => add(&["-f", "mp3"]),
            Container::Adts => add(&["-f", "adts"]),
            Container::M4a => add(&["-f", "ipod", "-movflags", "+faststart"]),
            Container::Mov => add(&["-f", "mov", "-movflags", "+faststart"]),
            _ => add(&["-f", "mp4", "-movflags", "+faststart"]),
        }
        options
    }

    fn video_filters(&self) -> Vec<String> {
        let mut filters = Vec::new();
        if let Some((width, height, framing)) = self.scale {
            if framing.is_some() {
                filters.push("scale=trunc(iw*sar/2)*2:ih".to_owned());
            }
            let size = format!("{width}:{height}");
            let ratio = |word: &str| {
                format!(
                    "scale={size}:force_original_aspect_ratio={word}:force_divisible_by=2:flags=lanczos"
                )
            };
            match framing {
                None => filters.push(format!("scale={size}:flags=lanczos")),
                Some(Framing::Crop) => {
                    filters.push(ratio("increase"));
                    filters.push(format!("crop={size}"));
                }
                Some(_) => {
                    filters.push(ratio("decrease"));
                    filters.push(format!("pad={size}:(ow-iw)/2:(oh-ih)/2"));
                }
            }
            filters.push("setsar=1".to_owned());
        } else {
            // H.264 in this format has even sides.
            filters.push("scale=trunc(iw/2)*2:trunc(ih/2)*2".to_owned());
        }
        if let Some(end) = self.extend_to {
            filters.push(format!("tpad=stop_mode=clone:stop_duration={}us", end.as_micros()));
        }
        filters
    }
}

fn is_copied(codec: &str) -> bool {
    ["h264", "hevc"].contains(&codec)
}

/// Returns true for codecs of 16 bits or less that WAV keeps as they are, and for compressed ones
/// without loss.
fn is_lossless(codec: &str) -> bool {
    ["pcm_s16le", "pcm_s16be", "pcm_u8", "pcm_s8", "flac", "alac"].contains(&codec)
}

/// Returns the encoder of samples that are already without compression.
fn lossless_codec(codec: &str) -> Option<&'static str> {
    [
        "pcm_s16le",
        "pcm_s24le",
        "pcm_s32le",
        "pcm_f32le",
        "pcm_f64le",
        "pcm_u8",
        "pcm_s16be",
        "pcm_s24be",
    ]
    .into_iter()
    .find(|it| *it == codec)
}

/// A time as ffmpeg reads it exactly.
fn micros(time: Duration) -> String {
    format!("{}us", time.as_micros())
}

#[cfg(test)]
mod tests;
