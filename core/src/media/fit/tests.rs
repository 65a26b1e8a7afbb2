//! Tests of `plan_fit`, by tables and by properties.

use proptest::prelude::*;

use super::*;
use crate::media::info::Detail;
use crate::media::{Container, Framing, validate};
use viseme_spec::{MediaKind, describe, descriptions};

const MB: u64 = 1024 * 1024;

fn limits(field: &str) -> MediaLimits {
    *describe("kwaivgi/kling-lipsync/audio-to-video").unwrap().media_limits(field).unwrap()
}

fn second(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

fn video(seconds: f64, width: u32, height: u32) -> MediaInfo {
    MediaInfo {
        duration: second(seconds),
        width: Some(width),
        height: Some(height),
        video_codec: Some("h264".to_owned()),
        audio_codec: Some("aac".to_owned()),
        ..MediaInfo::new(Container::Mp4, Some(MB))
    }
}

fn audio(seconds: f64, bytes: u64) -> MediaInfo {
    MediaInfo {
        duration: second(seconds),
        audio_codec: Some("pcm".to_owned()),
        ..MediaInfo::new(Container::Wav, Some(bytes))
    }
}

fn words(field: &str, info: &MediaInfo, options: &FitOptions) -> Vec<String> {
    let plan = plan_fit(field, "file", info, &limits(field), options);
    let remaining = plan.remaining.iter().map(|it| format!("! {}", it.rule));
    plan.fixes.iter().map(ToString::to_string).chain(remaining).collect()
}

#[test]
fn each_file_gets_the_steps_that_it_needs() {
    let plain = |container| MediaInfo::new(container, Some(1_000_000));
    let detailed = |container, detail| MediaInfo { detail: Some(detail), ..plain(container) };
    let with_codec = |info: MediaInfo, codec: &str| MediaInfo {
        audio_codec: Some(codec.to_owned()),
        duration: second(5.0),
        ..info
    };
    let encrypted =
        MediaInfo { corruption: Some("is encrypted (DRM)".into()), ..video(5.0, 1280, 720) };
    let large = |seconds, info: MediaInfo| MediaInfo {
        bytes: Some(150 * MB),
        duration: second(seconds),
        ..info
    };
    for (field, info, expected) in [
        ("video", video(5.0, 1280, 720), &[][..]),
        ("video", video(10.05, 1280, 720), &[]),
        ("video", video(5.0, 1600, 900), &[]),
        ("video", video(10.2, 1280, 720), &["cut to 10 s"]),
        ("video", video(1.0, 1280, 720), &["! duration"]),
        ("video", video(60.0, 3840, 2160), &["cut to 10 s", "scale to 1920 × 1080"]),
        ("video", video(5.0, 3000, 1000), &["scale to 1920 × 720 with borders"]),
        ("video", video(5.0, 0, 0), &["! dimensions"]),
        ("video", plain(Container::Matroska), &["convert to MP4"]),
        (
            "video",
            MediaInfo { container: Container::WebM, ..video(30.0, 640, 480) },
            &["convert to MP4", "cut to 10 s", "scale to 960 × 720"],
        ),
        (
            "video",
            large(10.0, video(10.0, 1920, 1080)),
            &["re-encode as H.264 at 76.8 Mbit/s at most"],
        ),
        // Of the part that is kept, the size fits.
        ("video", large(60.0, video(60.0, 1920, 1080)), &["cut to 10 s"]),
        ("video", plain(Container::Mp3), &["! container"]),
        ("video", plain(Container::Png), &["! container"]),
        ("video", encrypted, &["! corrupt"]),
        (
            "video",
            MediaInfo {
                audio_codec: Some("aac".into()),
                ..detailed(Container::M4a, Detail::CoverOnly)
            },
            &["! container"],
        ),
        ("audio", audio(5.0, MB), &[]),
        ("audio", audio(1.0, MB), &[]),
        ("audio", audio(61.0, MB), &[]),
        ("audio", audio(40.0, 8 * MB), &["re-encode at 256 kbit/s"]),
        ("audio", audio(300.0, 60 * MB), &["re-encode at 96 kbit/s"]),
        ("audio", audio(7200.0, 600 * MB), &["! size"]),
        ("audio", MediaInfo { duration: None, ..audio(5.0, 8 * MB) }, &["! size"]),
        ("audio", plain(Container::Flac), &["convert to WAV"]),
        ("audio", plain(Container::Ogg), &["convert to M4A"]),
        ("audio", with_codec(plain(Container::Matroska), "opus"), &["extract the audio as M4A"]),
        ("audio", with_codec(plain(Container::Matroska), "mp3"), &["extract the audio as MP3"]),
        ("audio", with_codec(plain(Container::Caf), "aac"), &["convert to M4A"]),
        ("audio", with_codec(plain(Container::Caf), "pcm_s16be"), &["convert to WAV"]),
        (
            "audio",
            MediaInfo { duration: second(200.0), ..plain(Container::Flac) },
            &["convert to M4A", "re-encode at 160 kbit/s"],
        ),
        ("audio", video(5.0, 320, 240), &["extract the audio as M4A"]),
        ("audio", MediaInfo { audio_codec: None, ..video(5.0, 320, 240) }, &["! container"]),
        ("audio", plain(Container::RawPcm), &["! container"]),
        ("audio", plain(Container::Silk), &["! container"]),
        ("audio", plain(Container::Html), &["! container"]),
        (
            "audio",
            detailed(Container::Base64, Detail::Encodes(Container::Mp3)),
            &["decode the base64 text to MP3"],
        ),
        (
            "audio",
            detailed(Container::DataUri, Detail::Encodes(Container::Ogg)),
            &["decode the base64 text to Ogg", "convert to M4A"],
        ),
        (
            "audio",
            MediaInfo {
                corruption: Some("has 45 bytes of other data".into()),
                audio_codec: Some("aac".into()),
                ..detailed(Container::M4a, Detail::Prefix(45))
            },
            &["remove the first 45 bytes"],
        ),
        ("audio", MediaInfo::new(Container::Unknown, Some(0)), &["! empty"]),
    ] {
        assert_eq!(words(field, &info, &FitOptions::default()), expected, "{field} {info:?}");
    }
}

#[test]
fn options_choose_the_part_the_framing_and_what_is_mended() {
    let chosen = |from: Option<f64>, to: Option<f64>| FitOptions {
        from: from.map(Duration::from_secs_f64),
        to: to.map(Duration::from_secs_f64),
        ..FitOptions::default()
    };
    let strict = FitOptions { strict: true, ..FitOptions::default() };
    let crop = FitOptions { framing: Framing::Crop, ..FitOptions::default() };
    let extend = FitOptions { extend: true, ..FitOptions::default() };
    let hd = |seconds| video(seconds, 1280, 720);
    for (options, field, info, expected) in [
        (chosen(Some(8.3), None), "video", hd(60.0), &["cut to 10 s at 0:08.3"][..]),
        (chosen(Some(8.3), Some(12.3)), "video", hd(60.0), &["cut to 4 s at 0:08.3"]),
        (chosen(Some(55.0), None), "video", hd(60.0), &["cut to 5 s at 0:55"]),
        (chosen(None, Some(4.0)), "video", hd(60.0), &["cut to 4 s"]),
        (chosen(None, Some(4.0)), "video", hd(4.0), &[]),
        (chosen(Some(0.0), None), "video", hd(10.05), &[]),
        (chosen(Some(2.0), None), "video", hd(5.0), &["cut to 3 s at 0:02"]),
        (chosen(Some(8.0), Some(20.0)), "video", hd(60.0), &["cut to 12 s at 0:08", "! duration"]),
        (chosen(Some(8.0), Some(9.0)), "video", hd(60.0), &["cut to 1 s at 0:08", "! duration"]),
        (chosen(Some(60.0), None), "video", hd(60.0), &["! duration"]),
        (chosen(Some(5.0), Some(5.0)), "video", hd(60.0), &["! duration"]),
        (
            chosen(Some(5.0), Some(9.0)),
            "audio",
            MediaInfo::new(Container::Ogg, Some(MB)),
            &["convert to M4A", "cut to 4 s at 0:05"],
        ),
        (strict.clone(), "video", hd(10.05), &["cut to 10 s"]),
        (strict.clone(), "video", video(5.0, 1600, 900), &["scale to 1280 × 720"]),
        (
            strict.clone(),
            "video",
            MediaInfo { video_codec: Some("av1".into()), ..hd(5.0) },
            &["re-encode as H.264"],
        ),
        (strict.clone(), "audio", audio(70.0, MB), &["cut to 60 s"]),
        (strict, "video", MediaInfo { total_duration: second(20.0), ..hd(5.0) }, &["cut to 5 s"]),
        (crop, "video", video(5.0, 3000, 1000), &["scale to 1920 × 720 and crop"]),
        (extend.clone(), "video", hd(1.0), &["hold the last frame until 2 s"]),
        (
            FitOptions { strict: true, ..extend },
            "audio",
            audio(1.0, MB),
            &["add silence until 2 s"],
        ),
    ] {
        assert_eq!(words(field, &info, &options), expected, "{options:?} {info:?}");
    }
}

#[test]
fn messages_of_a_chosen_part_name_it() {
    let message = |from: f64, to: f64| {
        let options = FitOptions { from: second(from), to: second(to), ..FitOptions::default() };
        let info = video(60.0, 1280, 720);
        plan_fit("video", "clip.mp4", &info, &limits("video"), &options).remaining[0]
            .message
            .clone()
    };
    assert_eq!(
        message(8.0, 20.0),
        "`video`: the chosen part of clip.mp4 lasts 12 s. The model accepts 2 to 10 s. Choose an end \
         of 0:18 or earlier."
    );
    assert_eq!(
        message(70.0, 80.0),
        "`video`: clip.mp4 lasts 60 s, and the part to keep starts at 1:10. Choose a start before 1:00."
    );
    assert_eq!(
        message(8.0, 3.5),
        "`video`: the part to keep ends at 0:03.5, not after its start at 0:08."
    );
}

#[test]
fn a_warning_names_its_fix_too() {
    let info = MediaInfo { video_codec: Some("av1".to_owned()), ..video(10.05, 1600, 900) };
    let found = validate("video", "clip.m4v", &info, &limits("video"));
    let fixes: Vec<_> = found
        .iter()
        .map(|it| (it.rule.code(), it.fix.as_ref().map(ToString::to_string).unwrap_or_default()))
        .collect();
    assert_eq!(
        fixes,
        [
            ("duration", "cut to 10 s".to_owned()),
            ("resolution", "scale to 1280 × 720".to_owned()),
            ("codec", "re-encode as H.264".to_owned()),
            ("extension", "rename to .mp4".to_owned()),
        ]
    );
}

fn optional<T: std::fmt::Debug + Clone + 'static>(
    values: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    prop_oneof![1 => Just(None), 9 => values.prop_map(Some)].boxed()
}

fn any_info() -> impl Strategy<Value = MediaInfo> {
    const CODECS: [&str; 10] =
        ["h264", "hevc", "av1", "vp9", "aac", "mp3", "pcm", "opus", "flac", "alac"];
    let codec = || optional(prop::sample::select(CODECS.as_slice()));
    let millis = prop_oneof![1..15_000_u64, 1..4_000_000_u64];
    let side = || prop_oneof![700..1940_u32, 1..9_000_u32];
    let details = [
        Detail::CoverOnly,
        Detail::EmptyVideo,
        Detail::Prefix(45),
        Detail::Encodes(Container::Mp4),
        Detail::Encodes(Container::Ogg),
        Detail::Encodes(Container::Png),
        Detail::FloatSamples,
    ];
    let detail =
        prop_oneof![9 => Just(None), 1 => prop::sample::select(details.to_vec()).prop_map(Some)];
    let corruption = prop_oneof![9 => Just(None), 1 => Just(Some("is truncated".to_owned()))];
    (
        prop::sample::select(Container::ALL),
        optional(prop_oneof![0..8 * MB, 0..400 * MB]),
        optional(millis),
        optional((side(), side())),
        (codec(), codec()),
        (detail, corruption),
        optional(1..100_000_u64),
    )
        .prop_map(|(container, bytes, millis, size, codecs, faults, total)| {
            // Other data before the media are a fault of these files only.
            let has_prefix = matches!(faults.0, Some(Detail::Prefix(_)));
            let container = match faults.0 {
                Some(Detail::Prefix(_)) => Container::M4a,
                Some(Detail::Encodes(_)) => Container::DataUri,
                _ => container,
            };
            let fault = has_prefix.then(|| "has 45 bytes of other data".to_owned());
            MediaInfo {
                duration: millis.map(Duration::from_millis),
                width: size.map(|it| it.0),
                height: size.map(|it| it.1),
                video_codec: codecs.0.map(str::to_owned),
                audio_codec: codecs.1.map(str::to_owned),
                detail: faults.0,
                corruption: fault.or(faults.1),
                total_duration: total.map(Duration::from_millis),
                ..MediaInfo::new(container, bytes)
            }
        })
}

fn any_options() -> impl Strategy<Value = FitOptions> {
    let moment = || prop_oneof![3 => Just(None), 1 => (0..20_000_u64).prop_map(Some)];
    (any::<bool>(), moment(), moment(), any::<bool>(), any::<bool>()).prop_map(
        |(is_crop, from, to, extend, strict)| FitOptions {
            framing: if is_crop { Framing::Crop } else { Framing::Borders },
            from: from.map(Duration::from_millis),
            to: to.map(Duration::from_millis),
            extend,
            strict,
        },
    )
}

fn all_limits() -> Vec<(&'static str, MediaLimits)> {
    let models = descriptions().iter();
    let of = models.flat_map(|model| {
        ["audio", "video", "image"]
            .into_iter()
            .filter_map(|field| Some((field, *model.media_limits(field)?)))
    });
    of.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_facts_after_all_steps_pass_the_validation(info in any_info(), options in any_options()) {
        for (field, limits) in all_limits() {
            let plan = plan_fit(field, "file", &info, &limits, &options);
            let after = plan.apply(&info);
            let errors: Vec<_> = validate(field, "file", &after, &limits)
                .into_iter()
                .filter(Violation::is_error)
                .collect();
            prop_assert!(
                errors.is_empty() || !plan.remaining.is_empty(),
                "{field} {:?}: {errors:?}", plan.fixes
            );
        }
    }

    #[test]
    fn nothing_is_changed_that_need_not_be(info in any_info(), options in any_options()) {
        for (field, limits) in all_limits() {
            let whole = FitOptions { from: None, to: None, strict: false, ..options.clone() };
            let errors = validate(field, "file", &info, &limits);
            let has_errors = errors.iter().any(Violation::is_error);
            let plan = plan_fit(field, "file", &info, &limits, &whole);
            prop_assert_eq!(plan.is_unchanged(), !has_errors, "{:?}", plan);
            // Without any one of its steps the file still breaks a rule.
            if plan.remaining.is_empty() {
                for left_out in 0..plan.fixes.len() {
                    let mut fixes = plan.fixes.clone();
                    let fix = fixes.remove(left_out);
                    // Steps that combine two, and one without which no other is possible.
                    if matches!(
                        fix,
                        Fix::EncodeVideo { .. } | Fix::EncodeAudio { .. } | Fix::Decode { .. }
                    ) {
                        continue;
                    }
                    let after = fixes.iter().fold(info.clone(), |info, fix| fix.apply(&info));
                    let broken = validate(field, "file", &after, &limits);
                    let is_audio_target = limits.kind == MediaKind::Audio
                        && fixes.iter().any(|it| matches!(it, Fix::EncodeAudio { .. }));
                    prop_assert!(
                        broken.iter().any(Violation::is_error) || is_audio_target,
                        "{field}: {fix} is not needed: {:?}", plan.fixes
                    );
                }
            }
        }
    }

    #[test]
    fn a_plan_of_the_facts_after_it_is_empty(info in any_info(), options in any_options()) {
        for (field, limits) in all_limits() {
            let options = FitOptions { from: None, to: None, strict: false, ..options.clone() };
            let plan = plan_fit(field, "file", &info, &limits, &options);
            if plan.remaining.is_empty() {
                let again = plan_fit(field, "file", &plan.apply(&info), &limits, &options);
                prop_assert!(again.is_unchanged(), "{again:?} after {plan:?}");
            }
        }
    }
}
