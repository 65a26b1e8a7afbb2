//! Tests of recipes, by tables.

use super::super::streams::Stream;
use super::*;

fn streams(video: &str, audio: &str) -> Streams {
    let stream = |codec: &str| {
        (!codec.is_empty()).then(|| Stream { codec: codec.to_owned(), ..Stream::default() })
    };
    Streams { video: stream(video), audio: stream(audio) }
}

fn options(kind: MediaKind, source: Container, of: &Streams, fixes: &[Fix]) -> (String, Vec<bool>) {
    let recipe = Recipe::new(kind, source, of, fixes, false);
    let lossy = fixes.iter().map(|fix| recipe.is_lossy(fix)).collect();
    let input = recipe.input_options().split_off(2);
    ([input, recipe.output_options()].concat().join(" "), lossy)
}

#[test]
fn streams_are_copied_if_nothing_asks_for_more() {
    let cut =
        |start| Fix::Cut { start: Duration::from_secs(start), duration: Duration::from_secs(10) };
    let convert = |container| Fix::Convert { container };
    let scale = Fix::Scale { width: 1280, height: 720, framing: None };
    let rate = Fix::EncodeAudio { container: Container::M4a, bits_per_second: 64_000 };
    use Container::{Flac, M4a, Matroska, Mov, Mp3, Mp4, Wav};
    for (kind, source, of, fixes, has, lossy) in [
        (
            MediaKind::Video,
            Matroska,
            streams("h264", "aac"),
            vec![convert(Mp4)],
            &["-c:v copy", "-c:a copy", "-f mp4"][..],
            vec![false],
        ),
        (
            MediaKind::Video,
            Matroska,
            streams("h264", "opus"),
            vec![convert(Mp4)],
            &["-c:v copy", "-c:a aac"],
            vec![true],
        ),
        (
            MediaKind::Video,
            Matroska,
            streams("vp9", ""),
            vec![convert(Mp4)],
            &["-c:v libx264", "-an"],
            vec![true],
        ),
        (
            MediaKind::Video,
            Mov,
            streams("hevc", "pcm_s16le"),
            vec![cut(0)],
            &["-c:v copy", "-c:a copy", "-t 10000000us", "-f mov"],
            vec![false],
        ),
        (
            MediaKind::Video,
            Mp4,
            streams("h264", "aac"),
            vec![cut(8)],
            &["-ss 8000000us", "-c:v libx264", "-c:a aac"],
            vec![true],
        ),
        (
            MediaKind::Video,
            Mp4,
            streams("h264", "aac"),
            vec![scale],
            &["-c:v libx264", "-vf scale=1280:720:flags=lanczos,setsar=1", "-c:a copy"],
            vec![true],
        ),
        (
            MediaKind::Audio,
            Mp4,
            streams("h264", "aac"),
            vec![Fix::ExtractAudio { container: M4a }],
            &["-vn", "-c:a copy", "-f ipod"],
            vec![false],
        ),
        (
            MediaKind::Audio,
            Flac,
            streams("", "flac"),
            vec![convert(Wav)],
            &["-c:a pcm_s16le", "-f wav"],
            vec![false],
        ),
        (
            MediaKind::Audio,
            Wav,
            streams("", "pcm_s24le"),
            vec![cut(3)],
            &["-c:a pcm_s24le"],
            vec![false],
        ),
        (
            MediaKind::Audio,
            Mp3,
            streams("", "mp3"),
            vec![cut(0)],
            &["-c:a copy", "-f mp3"],
            vec![false],
        ),
        (
            MediaKind::Audio,
            Mp3,
            streams("", "mp3"),
            vec![cut(3)],
            &["-c:a libmp3lame -b:a 192000"],
            vec![true],
        ),
        (
            MediaKind::Audio,
            Wav,
            streams("", "pcm_s16le"),
            vec![rate],
            &["-c:a aac -b:a 64000 -ac 1", "-f ipod"],
            vec![true],
        ),
    ] {
        let (found, is_lossy) = options(kind, source, &of, &fixes);
        for words in has {
            assert!(found.contains(words), "{words} is not in {found}");
        }
        assert_eq!(is_lossy, lossy, "{found}");
    }
}

#[test]
fn borders_crop_and_held_frames_are_filters() {
    let video = |fix| options(MediaKind::Video, Container::Mp4, &streams("h264", "aac"), &[fix]).0;
    let scale = |framing| Fix::Scale { width: 1920, height: 720, framing: Some(framing) };
    assert!(video(scale(Framing::Borders)).contains("pad=1920:720:(ow-iw)/2:(oh-ih)/2,setsar=1"));
    assert!(
        video(scale(Framing::Crop))
            .contains("increase:force_divisible_by=2:flags=lanczos,crop=1920:720")
    );
    let held = video(Fix::HoldFrame { duration: Duration::from_secs(2) });
    assert!(held.contains("tpad=stop_mode=clone") && held.contains("-t 2000000us"), "{held}");
    assert!(held.contains("apad=whole_dur=2000000us"), "{held}");
}
