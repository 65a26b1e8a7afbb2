//! The streams of a file, from the list of packets that ffmpeg's `framecrc` writes without decoding.

use std::collections::BTreeMap;
use std::time::Duration;

use viseme::media::{Container, MediaInfo};

/// The first video stream and the first audio stream of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Streams {
    pub(super) video: Option<Stream>,
    pub(super) audio: Option<Stream>,
}

/// One stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stream {
    /// The codec in ffmpeg's words: `h264`, `pcm_s16le`.
    pub(super) codec: String,
    /// How long it plays, if all packets were listed.
    pub(super) duration: Option<Duration>,
    /// Width and height with square pixels.
    pub(super) size: Option<(u32, u32)>,
}

impl Streams {
    /// Adds what the core does not read from files of this kind.
    pub(super) fn complete(&self, info: &MediaInfo) -> MediaInfo {
        let mut info = info.clone();
        let fill = |value: &mut Option<String>, stream: &Option<Stream>| {
            if value.is_none() {
                *value = stream.as_ref().map(|stream| stream.codec.clone());
            }
        };
        fill(&mut info.video_codec, &self.video);
        fill(&mut info.audio_codec, &self.audio);
        let longest = self.video.as_ref().or(self.audio.as_ref()).and_then(|it| it.duration);
        info.duration = info.duration.or(longest);
        let size = self.video.as_ref().and_then(|it| it.size);
        info.width = info.width.or(size.map(|it| it.0));
        info.height = info.height.or(size.map(|it| it.1));
        info
    }
}

/// The time base and the extent of a stream while its packets are read.
#[derive(Debug, Default)]
struct Reading {
    is_audio: bool,
    stream: Stream,
    aspect: Option<(u64, u64)>,
    time_base: (u128, u128),
    first: Option<i64>,
    end: Option<i64>,
}

/// Reads the lines of `framecrc`.
#[derive(Debug, Default)]
pub(super) struct StreamsReader(BTreeMap<u32, Reading>);

impl StreamsReader {
    /// Reads one line. Lines of another form are ignored.
    pub(super) fn line(&mut self, line: &str) {
        match line.strip_prefix('#') {
            Some(header) => drop(self.header(header)),
            None => drop(self.packet(line)),
        }
    }

    fn header(&mut self, text: &str) -> Option<()> {
        let (key, value) = text.split_once(": ")?;
        let (key, index) = key.rsplit_once(' ')?;
        let reading = self.0.entry(index.parse().ok()?).or_default();
        match key {
            "tb" => {
                let (num, den) = value.split_once('/')?;
                reading.time_base = (num.parse().ok()?, den.parse().ok()?);
            }
            "media_type" => reading.is_audio = value == "audio",
            "codec_id" => value.clone_into(&mut reading.stream.codec),
            "dimensions" => {
                let (width, height) = value.split_once('x')?;
                reading.stream.size = Some((width.parse().ok()?, height.parse().ok()?));
            }
            "sar" => {
                let (num, den) = value.split_once('/')?;
                reading.aspect = Some((num.parse().ok()?, den.parse().ok()?));
            }
            _ => {}
        }
        Some(())
    }

    fn packet(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split(',').map(str::trim);
        let reading = self.0.get_mut(&fields.next()?.parse().ok()?)?;
        let presented: i64 = fields.nth(1)?.parse().ok()?;
        let duration: i64 = fields.next()?.parse().ok()?;
        let end = presented.checked_add(duration.max(0))?;
        reading.first = Some(reading.first.map_or(presented, |it| it.min(presented)));
        reading.end = Some(reading.end.map_or(end, |it| it.max(end)));
        Some(())
    }

    /// Returns the streams. `is_whole` says that all packets were listed.
    pub(super) fn finish(self, is_whole: bool) -> Streams {
        let mut streams = Streams::default();
        for reading in self.0.into_values() {
            let mut stream = reading.stream;
            stream.duration =
                if is_whole { extent(reading.first, reading.end, reading.time_base) } else { None };
            stream.size = stream.size.map(|size| square(size, reading.aspect));
            let place = if reading.is_audio { &mut streams.audio } else { &mut streams.video };
            place.get_or_insert(stream);
        }
        streams
    }
}

/// The time from the start of the presentation, at 0 or later, to the end of the last packet.
fn extent(first: Option<i64>, end: Option<i64>, base: (u128, u128)) -> Option<Duration> {
    let ticks = u128::try_from(end?.checked_sub(first?.max(0))?).ok()?;
    let nanos = ticks.checked_mul(base.0)?.checked_mul(1_000_000_000)?.checked_div(base.1)?;
    let duration = Duration::from_nanos(u64::try_from(nanos).ok()?);
    (!duration.is_zero()).then_some(duration)
}

/// The displayed size of pixels with this aspect, which is 0/1 if it is not known.
fn square((width, height): (u32, u32), aspect: Option<(u64, u64)>) -> (u32, u32) {
    let Some((num, den)) = aspect.filter(|(num, den)| *num > 0 && *den > 0) else {
        return (width, height);
    };
    let wide = (u64::from(width).saturating_mul(num) + den / 2) / den;
    (u32::try_from(wide).unwrap_or(u32::MAX), height)
}

/// Returns the name of ffmpeg's demuxer for a kind of file; `None` if ffmpeg does not read it.
///
/// It is always named, so that no content makes ffmpeg read a playlist and what that refers to.
pub(crate) fn demuxer(container: Container) -> Option<&'static str> {
    Some(match container {
        Container::Mp4 | Container::Mov | Container::M4a => "mov",
        Container::Mp3 | Container::Mp2 => "mp3",
        Container::Wav => "wav",
        Container::Adts => "aac",
        Container::WebM | Container::Matroska => "matroska",
        Container::Avi => "avi",
        Container::MpegTs => "mpegts",
        Container::MpegPs => "mpeg",
        Container::Flv => "flv",
        Container::Asf => "asf",
        Container::Ogg => "ogg",
        Container::Flac => "flac",
        Container::Aiff => "aiff",
        Container::Amr => "amr",
        Container::Caf => "caf",
        Container::Au => "au",
        Container::Wave64 => "w64",
        Container::Loas => "loas",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Streams {
        let mut reader = StreamsReader::default();
        text.lines().for_each(|line| reader.line(line));
        reader.finish(true)
    }

    #[test]
    fn streams_are_read_from_the_list_of_packets() {
        let streams = read(
            "#software: Lavf59.27.100\n#tb 0: 1/1000\n#media_type 0: video\n#codec_id 0: h264\n\
             #dimensions 0: 320x240\n#sar 0: 4/3\n#tb 1: 1/44100\n#media_type 1: audio\n\
             #codec_id 1: pcm_s16le\n0,        -60,         23,       41,     3643, 0x8277b16d\n\
             0,        -19,        190,       41,      671, 0xffa844cd, F=0x0\n\
             1,          0,          0,       44100,      258, 0x2c5b786a\n",
        );
        let video = streams.video.unwrap();
        assert_eq!((video.codec.as_str(), video.size), ("h264", Some((427, 240))));
        assert_eq!(video.duration, Some(Duration::from_millis(208)));
        let audio = streams.audio.unwrap();
        assert_eq!((audio.codec.as_str(), audio.size), ("pcm_s16le", None));
        assert_eq!(audio.duration, Some(Duration::from_secs(1)));
    }

    #[test]
    fn lines_of_another_form_are_ignored() {
        for text in [
            "",
            "#",
            "#tb 0: 1\n#tb x: 1/1\n#dimensions 0: axb",
            "0,1\n0,a,b,c,d\n9,9,9,9,9",
            "#tb 0: 1/0\n0, 0, 0, 5, 5, 0x0",
            "#tb 0: 1/1\n0, 0, 9223372036854775807, 5, 5, 0x0",
        ] {
            let streams = read(text);
            let durations = [streams.video, streams.audio].into_iter().flatten();
            assert!(durations.into_iter().all(|it| it.duration.is_none()), "{text}");
        }
    }

    #[test]
    fn what_the_core_read_is_kept() {
        let streams = Streams {
            video: Some(Stream {
                codec: "vp9".to_owned(),
                duration: Some(Duration::from_secs(3)),
                size: Some((640, 360)),
            }),
            audio: None,
        };
        let mut info = MediaInfo::new(Container::WebM, Some(5));
        info.width = Some(1);
        let found = streams.complete(&info);
        assert_eq!((found.width, found.height), (Some(1), Some(360)));
        assert_eq!(found.duration, Some(Duration::from_secs(3)));
        assert_eq!((found.video_codec.as_deref(), found.audio_codec), (Some("vp9"), None));
    }
}
