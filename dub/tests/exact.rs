//! Whole dubs, read back: every frame is there once, in order and at its time, and the sound is where it
//! belongs. `VISEME_DUB_SECONDS` makes the clips of that length.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "dub_support/mod.rs"]
mod support;

use support::{Test, length, quick};
use viseme_dub::DubOptions;
use viseme_dub::ffmpeg::Ffmpeg;
use viseme_dub::plan::{Length, Plan, SegmentKind};
use viseme_dub::testing::{
    Clip, FrameRate, Utterance, VideoCodec, VoiceClip, VoiceFormat, compare_frames, read_frames,
    read_sound,
};

const NTSC: FrameRate = FrameRate::Constant(30_000, 1_001);
const FILM: FrameRate = FrameRate::Constant(24_000, 1_001);
const PAL: FrameRate = FrameRate::Constant(25, 1);
const WHOLE: FrameRate = FrameRate::Constant(30, 1);
const FAST: FrameRate = FrameRate::Constant(60, 1);

/// Returns the frames of a clip of this length.
fn clip(seconds: u32, rate: FrameRate, size: (u32, u32)) -> Clip {
    let base = rate.time_base();
    let ticks = i64::from(seconds) * i64::from(base.den) / i64::from(base.num);
    let frames = (0..).take_while(|number| rate.time(*number) < ticks).count();
    Clip { size, ..Clip::new(u32::try_from(frames).unwrap(), rate) }
}

/// Returns a voice with short and long pauses, that ends a moment before `millis`.
fn voice(millis: u32, format: VoiceFormat, rate: u32, channels: u16) -> VoiceClip {
    let lengths = [(3_000, 600), (2_500, 400), (4_000, 4_500), (6_000, 700)];
    let mut utterances = Vec::new();
    let mut start = 0;
    for (speech, pause) in lengths.into_iter().cycle() {
        if start + 1_000 > millis {
            break;
        }
        utterances.push(Utterance { start, end: (start + speech).min(millis - 40) });
        start += speech + pause;
    }
    VoiceClip { millis: millis - 20, utterances, rate, channels, format, delay: 0 }
}

/// Returns the length of the shorter clips.
fn seconds(otherwise: u32) -> u32 {
    std::env::var("VISEME_DUB_SECONDS").ok().map_or(otherwise, |text| text.parse().unwrap())
}

async fn is_exact(clip: Clip, extension: &str, voice: VoiceClip, options: DubOptions) -> Plan {
    let what = format!("{clip:?} {extension} {:?} {} Hz", voice.format, voice.rate);
    let test = Test::new(&clip, extension, &voice).await;
    let (plan, out) = test.dub("dubbed.mp4", options).await;
    let ffmpeg = Ffmpeg::find().await.unwrap();

    let timeline = &plan.timeline;
    let planned: Vec<(u32, i64)> = timeline
        .frames()
        .iter()
        .map(|frame| (u32::try_from(frame.source).unwrap(), frame.start))
        .collect();
    let (frames, time_base) = read_frames(&ffmpeg, &out).await.unwrap();
    assert_eq!(frames[0].time, 0, "{what}: sound and picture begin together");
    let report = compare_frames(&frames, time_base, &planned, timeline.time_base());
    assert!(report.is_exact(), "{what}: {report:?}");

    // Frames that are shown for long are repeated; apart from that it is the clip.
    if plan.timeline.end() == timeline.time_at(planned.len())
        && clip.frames as usize <= frames.len()
    {
        let mut once = frames.clone();
        once.dedup_by_key(|frame| frame.number);
        once.truncate(clip.expected().len());
        let report = compare_frames(&once, time_base, &clip.expected(), clip.rate.time_base());
        assert!(report.is_exact(), "{what}: {report:?}");
    }

    let frame = timeline.duration() / u32::try_from(frames.len()).unwrap();
    let off = length(&out).abs_diff(timeline.duration());
    assert!(off <= frame, "{what}: {off:?} too long or short");

    let source = read_sound(&ffmpeg, &test.audio).await.unwrap().offsets(&voice);
    let sound = read_sound(&ffmpeg, &out).await.unwrap().offsets(&voice);
    assert!(sound.len() >= 3);
    for (index, (was, is)) in source.into_iter().zip(sound).enumerate() {
        let start = voice.utterances[index].start;
        let is_heard = f64::from(start) / 1_000.0 + 0.2 < timeline.duration().as_secs_f64();
        if is_heard {
            let off = is.unwrap_or_else(|| panic!("{what}: no sound at {start} ms")) - was.unwrap();
            assert!(off.abs() < 10.0, "{what}: the sound at {start} ms is {off} ms late");
        }
    }
    let jobs = plan.segments.iter().filter(|segment| segment.kind == SegmentKind::Dub).count();
    assert_eq!(test.charged().1, jobs, "{what}");
    plan
}

#[tokio::test]
async fn three_minutes_are_exact() {
    let seconds = seconds(180);
    let clip = clip(seconds, NTSC, (180, 180));
    let voice = voice(seconds * 1_000, VoiceFormat::Mp3, 44_100, 2);
    let plan = is_exact(clip, "mp4", voice, quick()).await;
    assert!(plan.segments.len() > 20, "{:?}", plan.segments);
    assert!(plan.segments.iter().any(|segment| segment.kind == SegmentKind::Keep));
}

#[tokio::test]
async fn film_in_hevc_with_a_wav_voice_is_exact() {
    let clip = Clip { codec: VideoCodec::Hevc, ..clip(seconds(20), FILM, (320, 180)) };
    is_exact(clip, "mp4", voice(seconds(20) * 1_000, VoiceFormat::Wav, 48_000, 2), quick()).await;
}

#[tokio::test]
async fn portrait_at_25_in_mov_with_an_m4a_voice_is_exact() {
    let clip = clip(seconds(20), PAL, (180, 320));
    is_exact(clip, "mov", voice(seconds(20) * 1_000, VoiceFormat::M4a, 44_100, 1), quick()).await;
}

#[tokio::test]
async fn rotated_video_at_30_with_an_aac_voice_is_exact() {
    let clip = Clip { rotation: 90, ..clip(seconds(20), WHOLE, (180, 320)) };
    is_exact(clip, "mov", voice(seconds(20) * 1_000, VoiceFormat::Aac, 48_000, 1), quick()).await;
}

#[tokio::test]
async fn sixty_frames_per_second_are_exact() {
    let clip = Clip { rotation: 180, ..clip(seconds(20), FAST, (180, 180)) };
    is_exact(clip, "mp4", voice(seconds(20) * 1_000, VoiceFormat::Wav, 44_100, 1), quick()).await;
}

#[tokio::test]
async fn a_variable_frame_rate_with_gaps_is_exact() {
    let clip =
        Clip { codec: VideoCodec::Hevc, ..clip(seconds(24), FrameRate::Variable, (180, 180)) };
    is_exact(clip, "mov", voice(seconds(24) * 1_000, VoiceFormat::M4a, 48_000, 2), quick()).await;
}

#[tokio::test]
async fn voices_of_other_lengths_are_exact() {
    for (length, millis) in [
        (Length::Shorter, 9_000),
        (Length::Shorter, 15_000),
        (Length::Hold, 15_000),
        (Length::Loop, 26_000),
        (Length::Original, 8_000),
    ] {
        let options = DubOptions { length, ..quick() };
        let voice = voice(millis, VoiceFormat::Wav, 48_000, 1);
        is_exact(clip(12, PAL, (180, 180)), "mp4", voice, options).await;
    }
}
