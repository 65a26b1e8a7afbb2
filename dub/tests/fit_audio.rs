//! Audio that a fit copies is complete, and in sync with its source.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../../core/tests/media/media_files/mod.rs"]
#[allow(dead_code, reason = "the tests of the core use all of it")]
mod media_files;

use std::path::Path;
use std::process::Command;

use media_files::{Folder, H264};
use viseme::Input;
use viseme_dub::{FitSettings, fit};

const PICTURE: &str = "-f lavfi -i testsrc=size=320x240:rate=10:duration=3";
const NOISE: &str = "-f lavfi -i anoisesrc=d=3:r=44100:seed=1:a=0.4";
const RATE: usize = 44_100;
/// How much of the samples may differ: a decoder that starts in the file rounds in another way.
const TOLERANCE: i32 = 4;

/// Decodes the audio of a file to samples, from the time 0 of the file.
fn samples(path: &Path) -> Vec<i32> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-i"]).arg(path);
    command.args(["-vn", "-ac", "1", "-ar", "44100", "-af", "aresample=async=1:first_pts=0"]);
    let output = command.args(["-f", "s16le", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pairs = output.stdout.chunks_exact(2);
    pairs.map(|pair| i32::from(i16::from_le_bytes(pair.try_into().unwrap()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn extracted_audio_has_every_sample_of_the_voice_at_its_time() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{NOISE} -c:a libmp3lame -b:a 64k constant.mp3"));
    folder.ffmpeg(&format!("{NOISE} -c:a libmp3lame -q:a 4 variable.mp3"));
    folder.ffmpeg(&format!("{NOISE} -c:a aac voice.m4a"));
    let mut wrong = Vec::new();
    for (voice, name) in [
        ("constant.mp3", "mp3.mkv"),
        ("variable.mp3", "variable.mkv"),
        ("constant.mp3", "mp3.mp4"),
        ("constant.mp3", "mp3.mov"),
        ("constant.mp3", "mp3.avi"),
        ("constant.mp3", "mp3.ts"),
        ("constant.mp3", "mp3.flv"),
        ("constant.mp3", "mp3.wmv"),
        ("constant.mp3", "-use_editlist 0 without.mp4"),
        ("voice.m4a", "aac.mkv"),
        ("voice.m4a", "aac.mp4"),
        ("voice.m4a", "aac.mov"),
        ("voice.m4a", "aac.ts"),
        ("voice.m4a", "aac.flv"),
    ] {
        folder.ffmpeg(&format!("{PICTURE} -i {voice} {H264} -c:a copy {name}"));
        let name = name.rsplit(' ').next().unwrap();
        let source = folder.path(name);
        let input =
            Input::new("kwaivgi/kling-lipsync/audio-to-video").media("audio", source.as_path());
        let fitted = fit(input, FitSettings::default()).await.unwrap();
        let file = fitted.files.first().unwrap();
        assert!(file.plan.steps.iter().all(|step| !step.lossy), "{name}: {:?}", file.plan.steps);
        let made = samples(file.path.as_deref().unwrap());
        let source = samples(&source);
        let shortest = source.len().min(made.len());
        let is_equal = |start: usize| {
            let range = start..start + RATE / 10;
            let pairs = source[range.clone()].iter().zip(&made[range]);
            pairs.into_iter().all(|(a, b)| (a - b).abs() <= TOLERANCE)
        };
        let differs: Vec<_> = [RATE / 20, RATE, shortest - RATE / 5]
            .into_iter()
            .filter(|it| !is_equal(*it))
            .collect();
        if !differs.is_empty() || source.len() > made.len() + RATE / 100 {
            wrong.push(format!("{name}: {} of {}, at {differs:?}", made.len(), source.len()));
        }
        // A wrong duration in the file would cut it elsewhere.
        let stated = file.after.duration.unwrap().as_secs_f64();
        assert!((stated - made.len() as f64 / RATE as f64).abs() < 0.06, "{name}: {stated}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
