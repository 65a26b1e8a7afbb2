//! Every kind of video with every kind of voice.

use std::panic::AssertUnwindSafe;

use serde_json::Value;

use super::media::{Decoded, Folder, assert_same_pictures, from_zero};

/// Names of videos or voices, and how ffmpeg makes them, of `matrix.json`.
type Files = Vec<(String, String)>;

/// Returns the videos and the voices. The voices are never silent and never repeat, so that a shift of
/// one sample is seen. The first video is a source of others.
fn files() -> (Files, Files) {
    let matrix: Value = serde_json::from_str(include_str!("../matrix.json")).unwrap();
    let list = |kind: &str| -> Files {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let files = matrix[kind].as_array().unwrap().iter();
        files
            .map(|file| {
                let words = matrix["words"].as_object().unwrap();
                let arguments =
                    words.iter().fold(text(&file["ffmpeg"]), |arguments, (word, it)| {
                        arguments.replace(&format!("{{{word}}}"), &text(it))
                    });
                let name = text(&file["name"]);
                (name.clone(), format!("{arguments} {name}"))
            })
            .collect()
    };
    (list("videos"), list("voices"))
}

struct Picture {
    packets: Vec<String>,
    shown: Vec<String>,
    seconds: f64,
}

struct Voice {
    name: String,
    sample_format: &'static str,
    samples: Vec<u8>,
    bytes_per_second: f64,
}

#[test]
fn every_video_takes_every_voice() {
    let folder = Folder::new();
    let (video_files, voice_files) = files();
    let pictures: Vec<Picture> = video_files
        .iter()
        .map(|(name, arguments)| {
            folder.ffmpeg(arguments);
            let mut shown = folder.decode_pictures(name);
            let mut seconds = 2.4;
            match name.as_str() {
                // Without an edit, ffmpeg begins with the decoding of the first picture.
                "fragments.mp4" | "fragments-and-samples.mp4" | "no-edits.mp4" => {
                    shown = from_zero(&shown, 2);
                }
                "starts-in-a-group.mp4" => seconds = 1.9,
                "starts-late.mp4" => seconds = 2.7,
                "variable-rate.mp4" => seconds = folder.seconds(name, "v:0"),
                _ => {}
            }
            Picture { packets: folder.packets(name), shown, seconds }
        })
        .collect();
    let voices: Vec<Voice> = voice_files
        .iter()
        .map(|(name, arguments)| {
            folder.ffmpeg(arguments);
            let (sample_format, width) =
                if name.starts_with("24") { ("s24le", 3.0) } else { ("s16le", 2.0) };
            let number = |entry: &str| -> f64 { folder.probe(name, "a:0", entry).parse().unwrap() };
            let rate = number("stream=sample_rate") * number("stream=channels");
            let samples = folder.decode_sound(name, sample_format);
            Voice { name: name.clone(), sample_format, samples, bytes_per_second: rate * width }
        })
        .collect();
    let failed: Vec<String> = pictures
        .iter()
        .enumerate()
        .flat_map(|(row, picture)| check_row(&folder, &video_files[row].0, picture, &voices))
        .collect();
    let cells = pictures.len() * voices.len();
    assert!(failed.is_empty(), "{} of {cells} fail: {failed:#?}", failed.len());
}

/// Checks a video with every voice. Returns the names of those that fail.
fn check_row(folder: &Folder, video: &str, picture: &Picture, voices: &[Voice]) -> Vec<String> {
    let mut durations = Vec::new();
    let results: Vec<_> = voices
        .iter()
        .map(|voice| {
            let name = &voice.name;
            let result = format!("{video}-{name}.mp4");
            let dubbed = folder.dub(video, name, &result).unwrap_or_else(|error| {
                panic!("{video} with {name}: {error}");
            });
            durations.push(dubbed.seconds());
            (result, voice.sample_format)
        })
        .collect();
    let decoded = folder.decode_all(&results);
    let mut failed = Vec::new();
    for (index, decoded) in decoded.iter().enumerate() {
        let voice = &voices[index];
        let what = format!("{video} with {}", voice.name);
        let check = || {
            check(picture, decoded, durations[index], &what);
            check_sound(voice, &decoded.sound, picture.seconds, &what);
        };
        if std::panic::catch_unwind(AssertUnwindSafe(check)).is_err() {
            failed.push(what);
        }
    }
    failed
}

fn check(picture: &Picture, decoded: &Decoded, seconds: f64, what: &str) {
    assert_same_pictures(&decoded.shown, &picture.shown, &format!("{what}: shown pictures"));
    assert_same_pictures(&decoded.packets, &picture.packets, &format!("{what}: coded pictures"));
    assert!(
        (seconds - picture.seconds).abs() < 0.002,
        "{what}: {seconds}, not {}",
        picture.seconds
    );
}

/// The sound is that of the voice up to the end of the video: exactly with WAV, and up to the end of a
/// frame with other formats.
fn check_sound(voice: &Voice, samples: &[u8], seconds: f64, what: &str) {
    let wanted = (seconds * voice.bytes_per_second).min(voice.samples.len() as f64);
    let difference = samples.len() as f64 - wanted;
    let frame = if voice.name.ends_with(".wav") { 0.0 } else { 4097.0 * 4.0 };
    let one = voice.bytes_per_second * 0.001;
    assert!((-one..=frame + one).contains(&difference), "{what}: {difference} more bytes of sound");
    let length = samples.len().min(voice.samples.len());
    if samples[..length] != voice.samples[..length] {
        let at = samples.iter().zip(&voice.samples).position(|(one, other)| one != other);
        panic!("{what}: the sound differs from byte {at:?} on");
    }
}
