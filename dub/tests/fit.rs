//! Refused files are made acceptable with the real ffmpeg. The table of docs/fit.md is made here.
//!
//! To update it: `VISEME_UPDATE_DOCS=1 cargo test -p viseme-dub --test fit`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../../core/tests/media/media_files/mod.rs"]
#[allow(dead_code, reason = "the tests of the core use all of it")]
mod media_files;
#[path = "../../core/tests/media/real_world/mod.rs"]
#[allow(dead_code, reason = "the tests of the core compare all of it")]
mod real_world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media_files::Folder;
use viseme::Input;
use viseme::media::{Framing, MediaInfo};
use viseme_dub::{FitError, FitJob, FitSettings, Fitted, fit, plan_input};

const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// Files that are refused, and how they are made.
const FILES: &[(&str, &str, &str)] = &[
    ("video", "long.mp4", "V=1280x720,10,12 A=12 -c:v libx264 -c:a aac"),
    ("video", "long.mov", "V=1280x720,30000/1001,14 A=14 -c:v libx264 -c:a pcm_s16le"),
    (
        "video",
        "long-hevc.mp4",
        "V=1280x720,24000/1001,11 -c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1",
    ),
    ("video", "long-60.mp4", "V=1280x720,60,11 -c:v libx264"),
    ("video", "small.mp4", "V=640x360,25,3 A=3 -c:v libx264 -c:a aac"),
    ("video", "old-tv.mp4", "V=640x480,25,3 -c:v libx264"),
    ("video", "4k.mp4", "V=3840x2160,10,2 -c:v libx264"),
    ("video", "wide.mp4", "V=1800x600,25,2 -c:v libx264"),
    ("video", "tall.mp4", "V=480x1440,25,2 -c:v libx264"),
    ("video", "turned.mp4", "-display_rotation"),
    ("video", "talk.mkv", "V=1280x720,25,3 A=3 -c:v libx264 -c:a aac"),
    ("video", "talk-opus.mkv", "V=1280x720,25,3 A=3 -c:v libx264 -c:a libopus"),
    ("video", "talk.webm", "V=640x360,25,3 A=3 -c:v libvpx -c:a libopus"),
    ("video", "long.webm", "V=640x480,10,12 -c:v libvpx -deadline realtime"),
    ("video", "talk.avi", "V=1280x720,25,3 A=3 -c:v mpeg4 -c:a libmp3lame"),
    ("video", "talk.ts", "V=1280x720,25,3 A=3 -c:v libx264 -c:a aac"),
    ("video", "talk.mpg", "V=1280x720,25,3 A=3 -c:v mpeg2video -c:a mp2"),
    ("video", "talk.flv", "V=1280x720,25,3 A=3 -c:v libx264 -c:a aac"),
    ("video", "talk.wmv", "V=1280x720,25,3 A=3 -c:v wmv2 -c:a wmav2"),
    ("video", "huge.mp4", "-padded"),
    ("audio", "voice.ogg", "A=3 -c:a libvorbis"),
    ("audio", "voice.opus", "A=3 -c:a libopus"),
    ("audio", "voice.flac", "A=3 -c:a flac"),
    ("audio", "long.flac", "N=60 -c:a flac"),
    ("audio", "voice.aiff", "A=3 -c:a pcm_s16be"),
    ("audio", "voice.wma", "A=3 -c:a wmav2"),
    ("audio", "voice.mp2", "A=3 -c:a mp2"),
    ("audio", "apple.caf", "A=3 -c:a alac"),
    ("audio", "clip.mp4", "V=320x240,10,3 A=3 -c:v libx264 -c:a aac"),
    ("audio", "clip.mkv", "V=320x240,10,3 A=3 -c:v libx264 -c:a libmp3lame"),
    ("audio", "clip.webm", "V=320x240,10,3 A=3 -c:v libvpx -c:a libopus"),
    ("audio", "large.wav", "N=40 -ar 96000 -c:a pcm_s16le"),
    ("audio", "large.mp3", "N=150 -c:a libmp3lame -b:a 320k"),
    ("audio", "very-long.wav", "N=600 -ar 24000 -ac 1 -c:a pcm_s16le"),
    // These cannot be mended.
    ("video", "short.mp4", "V=1280x720,25,1 -c:v libx264"),
    ("video", "photo.png", "V=1280x720,25,1 -frames:v 1"),
    ("video", "song.mp3", "A=3"),
];

fn make(folder: &Folder, name: &str, how: &str) {
    match how {
        "-display_rotation" => {
            folder.ffmpeg(&arguments("V=640x360,25,3 -c:v libx264 upright.mp4"));
            let mut file = folder.read("upright.mp4");
            media_files::turn(&mut file, 1);
            folder.write(name, &file);
        }
        "-padded" => {
            folder.ffmpeg(&arguments("V=1280x720,25,3 -c:v libx264 plain.mp4"));
            std::fs::rename(folder.path("plain.mp4"), folder.path(name)).unwrap();
            let file = std::fs::OpenOptions::new().write(true).open(folder.path(name)).unwrap();
            file.set_len(101 * 1024 * 1024).unwrap();
        }
        _ => folder.ffmpeg(&format!("{} {name}", arguments(how))),
    }
}

/// Writes the inputs of a file out: a picture, a tone, or noise, which does not compress.
fn arguments(how: &str) -> String {
    let words = how.split(' ').map(|word| match word.split_once('=') {
        Some(("V", of)) => {
            let of: Vec<_> = of.split(',').collect();
            let (size, rate, seconds) = (of[0], of[1], of[2]);
            format!("-f lavfi -i testsrc=size={size}:rate={rate}:duration={seconds}")
        }
        Some(("A", of)) => {
            format!("-f lavfi -i sine=frequency=440:sample_rate=44100:duration={of}")
        }
        Some(("N", of)) => format!("-f lavfi -i anoisesrc=d={of}:r=48000:seed=1 -ac 2"),
        _ if word == "libx264" => "libx264 -preset ultrafast -pix_fmt yuv420p".to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn input(field: &str, path: &Path) -> Input {
    Input::new(MODEL).media(field, path)
}

fn into_folder(folder: &Path) -> FitSettings {
    FitSettings { folder: Some(folder.to_owned()), ..FitSettings::default() }
}

fn facts(info: &MediaInfo) -> String {
    let mut facts = vec![info.container.label().to_owned()];
    facts.extend(info.duration.map(|it| format!("{:.1} s", it.as_secs_f64())));
    facts.extend(info.width.zip(info.height).map(|(width, height)| format!("{width} × {height}")));
    facts.join(", ")
}

fn steps(job: &FitJob) -> String {
    let steps = job.files()[0].steps.iter();
    let steps =
        steps.map(|step| format!("{}{}", step.fix, if step.lossy { " (lossy)" } else { "" }));
    steps.collect::<Vec<_>>().join(", ")
}

/// Fits one file, checks what came of it, and returns its row of the table.
async fn row(field: &str, source: &Path, out: &Path) -> (bool, String) {
    let before = std::fs::read(source).unwrap();
    let name = source.file_name().unwrap().to_string_lossy().into_owned();
    let job = plan_input(input(field, source), into_folder(out)).await.unwrap();
    let (planned, remaining) = (steps(&job), job.files()[0].remaining.clone());
    let result = job.run().await;
    assert!(std::fs::read(source).unwrap() == before, "{name}: the source was changed");
    let left: Vec<_> = std::fs::read_dir(out)
        .map(|it| it.flatten().map(|it| it.file_name()).collect())
        .unwrap_or_default();
    assert!(left.iter().all(|it| !it.to_string_lossy().starts_with('.')), "{name}: {left:?}");
    let fitted = match result {
        Ok(fitted) => fitted,
        Err(FitError::Unmendable(found)) => {
            assert_eq!(found, remaining);
            // Without the numbers of bytes, which depend on the version of ffmpeg.
            let why = found[0].actual.split(':').next().unwrap();
            let why = format!("not possible: {why}");
            return (false, format!("| `{name}` | {field} | {why} | |\n"));
        }
        Err(error) => panic!("{name} ({planned}): {error}"),
    };
    let path = fitted.files[0].path.clone().unwrap();
    let report = viseme::check(input(field, &path)).await.unwrap();
    let errors: Vec<_> =
        report.errors().filter(|it| it.field == field && it.rule.code() != "required").collect();
    assert!(errors.is_empty(), "{name} ({planned}): {errors:?}");
    let again = plan_input(input(field, &path), into_folder(out)).await.unwrap();
    assert!(again.is_unchanged(), "{name}: {:?}", again.files());
    (true, format!("| `{name}` | {field} | {planned} | {} |\n", facts(&fitted.files[0].after)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refused_file_that_can_be_mended_is_accepted_afterwards() {
    let folder = Folder::new();
    let out = tempfile::tempdir().unwrap();
    let mut table = String::from("| file | parameter | steps | result |\n|---|---|---|---|\n");
    let mut files: Vec<(&str, PathBuf)> = Vec::new();
    for (field, name, how) in FILES {
        make(&folder, name, how);
        files.push((*field, folder.path(name)));
    }
    for (field, name, content) in real_world::refused() {
        let path = folder.path(&format!("case-{name}"));
        std::fs::write(&path, content).unwrap();
        files.push((field, path));
    }
    let mut count = 0;
    let mut refused = String::new();
    for (index, (field, path)) in files.iter().enumerate() {
        let (is_mended, line) = row(field, path, &out.path().join(index.to_string())).await;
        count += usize::from(is_mended);
        if is_mended { &mut table } else { &mut refused }.push_str(&line.replace("`case-", "`"));
    }
    table.push_str(&refused);
    println!("{table}");
    assert!(count >= 40, "{count} of {}", files.len());
    check_documentation(&table);
}

/// Compares the table of the guide with this one, or writes it.
fn check_documentation(table: &str) {
    const START: &str = "<!-- table: start -->\n";
    const END: &str = "<!-- table: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fit.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(START).unwrap();
    let (found, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("VISEME_UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{head}{START}{table}{END}{tail}")).unwrap();
        return;
    }
    assert!(
        found == table,
        "docs/fit.md is out of date: run VISEME_UPDATE_DOCS=1 cargo test -p viseme-dub --test fit"
    );
}

async fn fitted(video: &Path, audio: Option<&Path>, settings: FitSettings) -> Fitted {
    let mut both = input("video", video);
    if let Some(audio) = audio {
        both = both.media("audio", audio);
    }
    fit(both, settings).await.unwrap()
}

fn seconds(info: &MediaInfo) -> f64 {
    info.duration.unwrap().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn video_and_audio_that_belong_together_are_cut_to_the_same_part() {
    let folder = Folder::new();
    folder.ffmpeg(&arguments("V=1280x720,25,14 -c:v libx264 talk.mp4"));
    folder.ffmpeg(&arguments("A=14 whole.wav"));
    folder.ffmpeg(&arguments("A=5 short.wav"));
    let mut settings = FitSettings::default();
    settings.options.from = Some(Duration::from_millis(3_300));
    let video = folder.path("talk.mp4");
    let found = fitted(&video, Some(&folder.path("whole.wav")), settings.clone()).await;
    assert!((seconds(&found.files[0].after) - 10.0).abs() < 0.02, "{found:?}");
    assert!((seconds(&found.files[1].after) - 10.0).abs() < 0.001, "{found:?}");
    let step = found.files[1].plan.steps[0].clone();
    assert_eq!((step.fix.to_string().as_str(), step.lossy), ("cut to 10 s at 0:03.3", false));
    let found = fitted(&video, Some(&folder.path("short.wav")), settings).await;
    assert_eq!(found.files[1].path, None, "audio for the part stays as it is");
    let paths: Vec<_> = found.files.iter().filter_map(|file| file.path.clone()).collect();
    assert!(paths.iter().all(|path| path.exists()));
    drop(found);
    assert!(paths.iter().all(|path| !path.exists()), "temporary files are removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_crop_and_extend() {
    let folder = Folder::new();
    folder.ffmpeg(&arguments("V=1800x600,25,2 -c:v libx264 wide.mp4"));
    folder.ffmpeg(&arguments("V=1280x720,25,1 A=1 -c:v libx264 -c:a aac short.mp4"));
    let mut settings = FitSettings::default();
    settings.options.framing = Framing::Crop;
    settings.options.extend = true;
    let wide = fitted(&folder.path("wide.mp4"), None, settings.clone()).await;
    assert_eq!(wide.files[0].plan.steps[0].fix.to_string(), "scale to 1920 × 720 and crop");
    assert_eq!(facts(&wide.files[0].after), "MP4, 2.0 s, 1920 × 720");
    let short = fitted(&folder.path("short.mp4"), None, settings).await;
    assert_eq!(facts(&short.files[0].after), "MP4, 2.0 s, 1280 × 720");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_for_files_that_are_acceptable() {
    let folder = Folder::new();
    folder.ffmpeg(&arguments("V=1280x720,25,3 -c:v libx264 good.mp4"));
    let out = folder.path("out");
    let found = fitted(&folder.path("good.mp4"), None, into_folder(&out)).await;
    assert_eq!((found.files[0].path.clone(), out.exists()), (None, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_and_files_do_no_harm() {
    let folder = Folder::new();
    folder.ffmpeg(&arguments("V=640x360,25,2 -c:v libx264 small.mp4"));
    let content = folder.read("small.mp4");
    let names = [
        "-i.mp4",
        "concat:a|b",
        "http:a.example.mp4",
        "it's \"a\" b.mp4",
        "two\nlines.mp4",
        "%03d.mp4",
        "~",
        "$(touch x).mp4",
    ];
    let mut paths: Vec<PathBuf> = names.iter().map(|name| folder.path(name)).collect();
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.mp4");
        paths.push(folder.path("small.mp4").with_file_name(name));
    }
    let out = folder.path("out");
    for path in &paths {
        std::fs::write(path, &content).unwrap();
        let found = fitted(path, None, into_folder(&out)).await;
        let new = found.files[0].path.clone().unwrap();
        assert_eq!(new.parent(), Some(out.as_path()), "{new:?}");
        assert_eq!(std::fs::read(path).unwrap(), content, "{path:?}");
    }
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), paths.len());
    // A playlist, and lists that refer to other files, are text: ffmpeg never sees them.
    for text in [
        "#EXTM3U\n#EXTINF:5,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile 'small.mp4'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ] {
        let path = folder.path("list.mp4");
        std::fs::write(&path, text).unwrap();
        let error = fit(input("video", &path), into_folder(&out)).await.unwrap_err();
        assert!(matches!(error, FitError::Unmendable(_)), "{error}");
    }
    // One that hides behind the first bytes of a video is read as a video, and refused as one.
    let matroska = [b"\x1a\x45\xdf\xa3".as_slice(), b"\n#EXTM3U\nfile:///etc/hostname\n"].concat();
    std::fs::write(folder.path("list.mkv"), matroska).unwrap();
    let error = fit(input("video", &folder.path("list.mkv")), into_folder(&out)).await;
    assert!(matches!(error, Err(FitError::Ffmpeg { .. } | FitError::Unmendable(_))), "{error:?}");
    // 9000 × 9000 pixels are not decoded.
    folder.ffmpeg("-f lavfi -i color=size=9000x9000:rate=1:duration=2 -c:v mjpeg huge.mov");
    let error = fit(input("video", &folder.path("huge.mov")), into_folder(&out)).await;
    assert!(matches!(error, Err(FitError::Ffmpeg { .. })), "{error:?}");
    let left = std::fs::read_dir(&out).unwrap().flatten();
    assert_eq!(left.filter(|it| it.file_name().to_string_lossy().starts_with('.')).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fit_that_is_dropped_leaves_no_file() {
    let folder = Folder::new();
    folder.ffmpeg(&arguments("V=3840x2160,25,3 -c:v libx264 large.mp4"));
    let out = folder.path("out");
    let job = fit(input("video", &folder.path("large.mp4")), into_folder(&out));
    let has_bytes = |file: std::fs::DirEntry| file.metadata().is_ok_and(|it| it.len() > 0);
    let ffmpeg_writes = async {
        while !std::fs::read_dir(&out).is_ok_and(|files| files.flatten().any(has_bytes)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = job => panic!("it ended before it was dropped"),
        () = ffmpeg_writes => {}
    }
    let left: Vec<_> =
        std::fs::read_dir(&out).unwrap().flatten().map(|it| it.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_of_a_step() {
    let folder = Folder::new();
    folder.ffmpeg(&arguments("V=640x360,25,2 -c:v libx264 small.mp4"));
    let job = plan_input(input("video", &folder.path("small.mp4")), FitSettings::default()).await;
    let mut line = String::new();
    write!(line, "{}", serde_json::to_value(&job.unwrap().files()[0].steps).unwrap()).unwrap();
    assert_eq!(
        line,
        r#"[{"description":"scale to 1280 × 720","height":720,"kind":"scale","lossy":true,"width":1280}]"#
    );
}
