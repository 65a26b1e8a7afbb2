//! Tests of the instruments that the tests of dubs use: what they make is read back exactly, and every
//! kind of fault is found.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::{Path, PathBuf};

use viseme_dub::ffmpeg::Ffmpeg;
use viseme_dub::testing::{
    Clip, FrameRate, FrameReport, VideoCodec, VoiceClip, VoiceFormat, compare_frames, read_frames,
    read_sound,
};

const RATES: [FrameRate; 6] = [
    FrameRate::Constant(24_000, 1_001),
    FrameRate::Constant(25, 1),
    FrameRate::Constant(30_000, 1_001),
    FrameRate::Constant(30, 1),
    FrameRate::Constant(60, 1),
    FrameRate::Variable,
];

async fn ffmpeg() -> Ffmpeg {
    Ffmpeg::find().await.unwrap()
}

/// Writes a clip, and compares what is read with what belongs in `whole`.
async fn report_of(clip: &Clip, whole: &Clip, path: &Path) -> FrameReport {
    let ffmpeg = ffmpeg().await;
    clip.write(&ffmpeg, path).await.unwrap();
    report_of_file(whole, path).await
}

async fn report_of_file(whole: &Clip, path: &Path) -> FrameReport {
    let (frames, time_base) = read_frames(&ffmpeg().await, path).await.unwrap();
    compare_frames(&frames, time_base, &whole.expected(), whole.rate.time_base())
}

/// Runs ffmpeg over a clip.
async fn changed(from: &Path, name: &str, options: &[&str]) -> PathBuf {
    let to = from.with_file_name(name);
    let command = ffmpeg().await.command().input::<&str>(from, &[]).unwrap();
    command.output(&to, options).unwrap().run().await.unwrap();
    to
}

#[tokio::test]
async fn clips_of_every_rate_size_codec_and_container_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [(320, 180), (180, 320), (240, 240)];
    for (index, rate) in RATES.into_iter().enumerate() {
        for codec in [VideoCodec::H264, VideoCodec::Hevc] {
            let rotation = [0, 90, 180, 270][index % 4];
            let clip = Clip { size: sizes[index % 3], codec, rotation, ..Clip::new(110, rate) };
            let name = if index % 2 == 0 { "a.mp4" } else { "a.mov" };
            let report = report_of(&clip, &clip, &folder.path().join(name)).await;
            assert!(report.is_exact(), "{clip:?}: {report:?}");
        }
    }
}

#[tokio::test]
async fn numbers_survive_scaling_borders_and_lossy_coding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    for (size, filter) in [
        ((180, 320), "scale=-2:720,pad=1280:720:(ow-iw)/2:0"),
        ((320, 180), "scale=1080:-2,pad=1080:1920:0:(oh-ih)/2"),
        ((320, 180), "scale=1280:720"),
    ] {
        let clip = Clip { size, ..Clip::new(60, RATES[1]) };
        assert!(report_of(&clip, &clip, &path).await.is_exact());
        let small = ["-vf", filter, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "40"];
        let changed = changed(&path, "b.mp4", &small).await;
        let report = report_of_file(&clip, &changed).await;
        assert!(report.is_exact(), "{filter}: {report:?}");
    }
}

#[tokio::test]
async fn a_dropped_and_a_doubled_frame_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let whole = Clip::new(100, RATES[0]);
    let dropped = Clip { dropped: vec![41], ..whole.clone() };
    let report = report_of(&dropped, &whole, &path).await;
    assert_eq!(report.lost, [41]);
    // Every later frame is a frame too early.
    assert_eq!((report.shifted.len(), report.shifted[0].number), (58, 42));
    assert!((report.shifted[0].micros + 41_708).abs() < 1_000, "{report:?}");
    let repeated = Clip { repeated: vec![70], ..whole.clone() };
    let report = report_of(&repeated, &whole, &path).await;
    assert_eq!(report, FrameReport { lost: vec![71], doubled: vec![70], ..Default::default() });
}

#[tokio::test]
async fn swapped_and_shifted_frames_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let clip = Clip::new(50, RATES[1]);
    assert!(report_of(&clip, &clip, &path).await.is_exact());
    let shuffled = changed(&path, "b.mp4", &["-vf", "shuffleframes=0 2 1 3 4"]).await;
    let report = report_of_file(&clip, &shuffled).await;
    // Of each five, the third comes before the second.
    assert_eq!(report.swapped, (0..10).map(|five| 5 * five + 1).collect::<Vec<u32>>());
    assert!(report.lost.is_empty() && report.doubled.is_empty(), "{report:?}");
    let late = "setpts=PTS+if(gte(N\\,20)\\,0.005/TB\\,0)";
    let options = ["-vf", late, "-fps_mode", "passthrough", "-enc_time_base", "1/1000"];
    let options: Vec<&str> =
        options.into_iter().chain(["-video_track_timescale", "1000"]).collect();
    let shifted = changed(&path, "c.mp4", &options).await;
    let report = report_of_file(&clip, &shifted).await;
    assert_eq!(report.shifted.len(), 30, "{report:?}");
    assert_eq!((report.shifted[0].number, report.shifted[0].micros), (20, 5_000));
    assert!(report.lost.is_empty() && report.doubled.is_empty());
}

#[tokio::test]
async fn sound_of_every_format_is_measured_where_it_belongs() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [VoiceFormat::Wav, VoiceFormat::Mp3, VoiceFormat::M4a, VoiceFormat::Aac];
    for (index, format) in formats.into_iter().enumerate() {
        for rate in [44_100, 48_000] {
            let channels = 1 + u16::try_from(index % 2).unwrap();
            let voice = VoiceClip { format, rate, channels, ..VoiceClip::new(20_000, 1_700, 800) };
            let path = folder.path().join(format!("a.{}", format.extension()));
            voice.write(&ffmpeg().await, &path).await.unwrap();
            let sound = read_sound(&ffmpeg().await, &path).await.unwrap();
            // ADTS has no field for the delay of its encoder, so every player plays it late.
            let late = if format == VoiceFormat::Aac { 1_024_000.0 / f64::from(rate) } else { 0.0 };
            let offsets = sound.offsets(&voice);
            assert_eq!(offsets.len(), 8);
            for offset in offsets {
                let offset = offset.unwrap_or_else(|| panic!("{voice:?} has no sound there"));
                assert!((offset - late).abs() < 1.0, "{format:?} at {rate}: {offset} ms");
            }
            assert!((sound.seconds() - 20.0).abs() < 0.1, "{format:?}: {} s", sound.seconds());
        }
    }
}

#[tokio::test]
async fn shifted_and_missing_sound_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let voice = VoiceClip::new(10_000, 1_700, 800);
    let late = VoiceClip { delay: 15, ..voice.clone() };
    late.write(&ffmpeg().await, &path).await.unwrap();
    let offsets = read_sound(&ffmpeg().await, &path).await.unwrap().offsets(&voice);
    assert!(offsets.iter().all(|offset| (offset.unwrap() - 15.0).abs() < 0.2), "{offsets:?}");
    let mut partial = voice.clone();
    partial.utterances.remove(1);
    partial.write(&ffmpeg().await, &path).await.unwrap();
    let offsets = read_sound(&ffmpeg().await, &path).await.unwrap().offsets(&voice);
    assert_eq!((offsets[0].is_some(), offsets[1]), (true, None));
}
