//! The container of the output: MP4, or MOV with the same streams.

use std::path::{Path, PathBuf};

use super::folder::WorkFolder;
use crate::analysis::{input_options, read_header};
use crate::error::DubError;
use crate::ffmpeg::Ffmpeg;
use crate::plan::TimeBase;

/// A container, by the extension of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputContainer {
    Mp4,
    Mov,
}

impl OutputContainer {
    /// Returns the container of an output, or `None` if its extension is that of no container.
    pub(super) fn of(out: &Path) -> Option<Self> {
        let extension = out.extension()?;
        if extension.eq_ignore_ascii_case("mp4") {
            Some(Self::Mp4)
        } else if extension.eq_ignore_ascii_case("mov") {
            Some(Self::Mov)
        } else {
            None
        }
    }
}

/// Writes the streams of an MP4 file as MOV. Both are copied; only FLAC, which MOV files do not hold, becomes
/// PCM with the same samples.
pub(super) async fn to_mov(
    ffmpeg: &Ffmpeg,
    mp4: &Path,
    audio: &Path,
    time_base: TimeBase,
    folder: &WorkFolder,
) -> Result<PathBuf, DubError> {
    let to = folder.temporary("output.mov");
    let codec = if codec(ffmpeg, mp4).await?.as_deref() == Some("flac") {
        pcm_codec(codec(ffmpeg, audio).await?.as_deref())
    } else {
        "copy"
    };
    let timescale = time_base.den.to_string();
    let options = [
        ["-map", "0:v:0"],
        ["-map", "0:a:0"],
        ["-c:v", "copy"],
        ["-c:a", codec],
        ["-video_track_timescale", &timescale],
        ["-movflags", "+faststart"],
        ["-f", "mov"],
    ]
    .concat();
    let command = ffmpeg.command().input(mp4, &input_options(mp4).await?);
    let command = command.and_then(|command| command.output(&to, &options));
    command.map_err(|error| DubError::io(mp4, &error))?.run().await?;
    Ok(to)
}

/// Returns the codec of the first sound of a file, by ffmpeg's name.
async fn codec(ffmpeg: &Ffmpeg, file: &Path) -> Result<Option<String>, DubError> {
    let options = ["-map", "0:a:0", "-c", "copy", "-t", "0.1", "-f", "framecrc"];
    let header = read_header(ffmpeg, file, &options).await?;
    let codec = header.iter().find_map(|line| line.strip_prefix("#codec_id 0: "));
    Ok(codec.map(|codec| codec.trim().to_owned()))
}

/// Returns the codec that has the samples of FLAC made of a voice: 24 bits, unless it has fewer.
fn pcm_codec(voice: Option<&str>) -> &'static str {
    match voice {
        Some("pcm_s16le" | "pcm_u8") => "pcm_s16le",
        _ => "pcm_s24le",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_names_the_container() {
        let of = |name: &str| OutputContainer::of(Path::new(name));
        assert_eq!(
            (of("a.mp4"), of("a.b.MP4")),
            (Some(OutputContainer::Mp4), Some(OutputContainer::Mp4))
        );
        assert_eq!(
            (of("a.mov"), of("a.MOV")),
            (Some(OutputContainer::Mov), Some(OutputContainer::Mov))
        );
        assert_eq!((of("a.mkv"), of("mp4"), of("a")), (None, None, None));
    }

    #[test]
    fn no_bit_of_a_sample_is_lost() {
        for voice in ["pcm_s24le", "pcm_s32le", "pcm_f32le", "opus", "flac"] {
            assert_eq!(pcm_codec(Some(voice)), "pcm_s24le", "{voice}");
        }
        assert_eq!(pcm_codec(Some("pcm_s16le")), "pcm_s16le");
        assert_eq!(pcm_codec(None), "pcm_s24le");
    }
}
