//! Says how to turn a file into one that the model accepts.

use super::CheckedFile;
use crate::media::info::Detail;
use viseme_spec::{Container, MediaKind};

/// A longer name is not repeated in a command.
const MAX_NAME: usize = 200;

/// Returns the step that makes a file of the wrong kind acceptable.
pub(super) fn for_wrong_kind(file: &CheckedFile<'_>) -> String {
    let info = file.info;
    let name = CommandName::of(file.name);
    match (info.container, info.detail) {
        (_, Some(Detail::Prefix(bytes))) => without_prefix(&name, bytes),
        (_, Some(Detail::Hexadecimal(kind))) => format!(
            "Its text is a file in hexadecimal digits. Decode it: xxd -r -p {} {}",
            name.input,
            name.output(first_extension(kind))
        ),
        (Container::Json, _) => {
            "Look at its content: if it is an error, download the file again; if it contains the \
             file as base64 or hexadecimal text, decode that text."
                .to_owned()
        }
        (Container::Html | Container::Xml | Container::Text, _) => {
            "Download the file again and look at its content.".to_owned()
        }
        (Container::DataUri, Some(Detail::Encodes(kind))) => format!(
            "Decode it: sed 's/^[^,]*,//' {} | base64 -d > {}",
            name.input,
            name.output(first_extension(kind))
        ),
        (Container::Base64, Some(Detail::Encodes(kind))) => {
            format!("Decode it: base64 -d {} > {}", name.input, name.output(first_extension(kind)))
        }
        (Container::Base64 | Container::DataUri, _) => {
            "Decode it, and pass the decoded file.".to_owned()
        }
        (Container::Gzip, _) => {
            let extension = file.limits.extensions.first().copied().unwrap_or("bin");
            format!("Unpack it: gzip -dc < {} > {}", name.input, name.output(extension))
        }
        (Container::Zip, _) => "Unpack it, and pass the file inside.".to_owned(),
        (Container::Unknown, _) if info.corruption.is_some() => {
            "Export or download it again.".to_owned()
        }
        // ffmpeg reads more kinds than are known here: AC-3, DTS, WavPack, MXF, raw H.264.
        (Container::Unknown, _)
            if matches!(file.limits.kind, MediaKind::Audio | MediaKind::Video) =>
        {
            format!("If a media player plays it, {}", in_sentence(&convert(file, &name)))
        }
        (kind, _) if file.limits.kind == MediaKind::Audio => audio(file, kind, &name),
        (_, Some(Detail::CoverOnly)) => {
            "It has audio and a single picture. Make a video of it: repeat the picture (ffmpeg \
             -loop 1), or choose another file."
                .to_owned()
        }
        (_, Some(Detail::EmptyVideo)) => {
            "Its video track has no pictures. Record or export it again.".to_owned()
        }
        (kind, _) if kind.kind() == Some(file.limits.kind) => convert(file, &name),
        // These are not always videos.
        (Container::Ogg | Container::Gif, _) if file.limits.kind == MediaKind::Video => {
            format!("If it has moving pictures, {}", in_sentence(&convert(file, &name)))
        }
        _ => "Choose another file.".to_owned(),
    }
}

fn audio(file: &CheckedFile<'_>, kind: Container, name: &CommandName) -> String {
    let wav = name.output("wav");
    let input = &name.input;
    match kind {
        Container::RawPcm => {
            let format =
                if file.info.detail == Some(Detail::FloatSamples) { "f32le" } else { "s16le" };
            format!(
                "Add a header, with the sample rate and channels of your source (24000 and 1 for \
                 most text-to-speech services): ffmpeg -f {format} -ar 24000 -ac 1 -i {input} {wav}"
            )
        }
        // ffmpeg reads neither of these two.
        Container::Rifx => format!("Convert it with SoX: sox {input} {wav}"),
        Container::Silk => format!(
            "Convert it with silk-v3-decoder, as ffmpeg cannot read it: sh converter.sh {input} mp3"
        ),
        _ if is_silent_video(file) => "It has no audio track. Choose a file with audio.".to_owned(),
        _ if matches!(kind.kind(), Some(MediaKind::Audio | MediaKind::Video)) => {
            convert(file, name)
        }
        _ => "Choose another file.".to_owned(),
    }
}

/// Returns true for a video whose tracks are known and do not include audio.
pub(super) fn is_silent_video(file: &CheckedFile<'_>) -> bool {
    let info = file.info;
    matches!(info.container, Container::Mp4 | Container::Mov)
        && info.video_codec.is_some()
        && info.audio_codec.is_none()
}

fn convert(file: &CheckedFile<'_>, name: &CommandName) -> String {
    let target = file.limits.containers.first().copied().unwrap_or(Container::Unknown);
    let output = name.output(first_extension(target));
    let options = match file.limits.kind {
        MediaKind::Audio => "-vn ",
        MediaKind::Video => "-c:v libx264 -pix_fmt yuv420p -c:a aac ",
        _ => "",
    };
    let verb = match (file.limits.kind, file.info.container.kind()) {
        (MediaKind::Audio, Some(MediaKind::Video)) => "Extract its audio as",
        _ => "Convert it to",
    };
    let label = target.label();
    format!("{verb} {label}: ffmpeg -i {} {options}{output}", name.input)
}

/// Returns the step that mends a corrupt file.
pub(super) fn for_corruption(file: &CheckedFile<'_>) -> String {
    let info = file.info;
    let is_encrypted = info.corruption.as_ref().is_some_and(|clause| clause.contains("DRM"));
    match info.detail {
        _ if is_encrypted => {
            "The service cannot play it: get a copy without copy protection.".to_owned()
        }
        Some(Detail::Prefix(bytes)) => without_prefix(&CommandName::of(file.name), bytes),
        _ => "Export or download it again.".to_owned(),
    }
}

/// Returns a step as the second half of a sentence.
fn in_sentence(step: &str) -> String {
    step.replacen("Convert", "convert", 1)
}

fn without_prefix(name: &CommandName, bytes: u64) -> String {
    let extension = name.extension.as_deref().unwrap_or("mp4");
    let (from, output) = (bytes.saturating_add(1), name.output(extension));
    format!("Remove them: tail -c +{from} {} > {output}", name.input)
}

fn first_extension(kind: Container) -> &'static str {
    kind.extensions().first().copied().unwrap_or("bin")
}

/// The name of a file as an argument of a command.
struct CommandName {
    input: String,
    stem: String,
    extension: Option<String>,
}

impl CommandName {
    fn of(name: &str) -> Self {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let is_usable = !name.contains("://")
            && !name.starts_with("data:")
            && name.len() <= MAX_NAME
            && !name.chars().any(char::is_control);
        if !is_usable || file.is_empty() {
            return Self { input: "INPUT".into(), stem: "output".into(), extension: None };
        }
        let (stem, extension) = match file.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, Some(extension.to_owned())),
            _ => (file, None),
        };
        Self { input: quoted(name), stem: stem.to_owned(), extension }
    }

    /// Returns the name of a new file, in the current folder.
    fn output(&self, extension: &str) -> String {
        let is_taken =
            self.extension.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(extension));
        let suffix = if is_taken { "-fixed" } else { "" };
        quoted(&format!("{}{suffix}.{extension}", self.stem))
    }
}

/// Quotes a name for a shell if it needs that.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if name.starts_with('-') {
        return quoted(&format!("./{name}"));
    }
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_commands() {
        for (name, input, output) in [
            ("a/voice.caf", "a/voice.caf", "voice.mp3"),
            ("voice.mp3", "voice.mp3", "voice-fixed.mp3"),
            ("my voice.ogg", "'my voice.ogg'", "'my voice.mp3'"),
            ("it's.ogg", r"'it'\''s.ogg'", r"'it'\''s.mp3'"),
            ("-i.ogg", "./-i.ogg", "./-i.mp3"),
            ("https://example.com/voice.ogg", "INPUT", "output.mp3"),
            ("a\nb.ogg", "INPUT", "output.mp3"),
            ("", "INPUT", "output.mp3"),
        ] {
            let found = CommandName::of(name);
            assert_eq!((found.input.as_str(), found.output("mp3").as_str()), (input, output));
        }
    }
}
