//! Every kind of video with every kind of voice.

use std::panic::AssertUnwindSafe;

use super::media::{Decoded, Folder, assert_same_pictures, from_zero};

const PICTURE: &str = "-f lavfi -i testsrc=size=320x180:rate=25:duration=2.4";
const SOUND: &str = "-f lavfi -i sine=frequency=300:sample_rate=48000:duration=2.4";
const X264: &str = "-c:v libx264 -preset veryfast -bf 3 -g 20 -pix_fmt yuv420p";
const X265: &str =
    "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=3 -pix_fmt yuv420p";

/// Names of videos, and how ffmpeg makes them. `h264.mp4` is made first.
const PICTURES: [(&str, &str); 13] = [
    ("h264.mp4", "{PICTURE} {SOUND} {X264} -c:a aac"),
    ("index-first.mp4", "-i h264.mp4 -c copy -movflags +faststart"),
    ("fragments.mp4", "-i h264.mp4 -c copy -movflags +frag_keyframe+empty_moov+default_base_moof"),
    ("fragments-and-samples.mp4", "-i h264.mp4 -c copy -movflags +frag_keyframe"),
    ("negative-shifts.mp4", "-i h264.mp4 -c copy -movflags +negative_cts_offsets"),
    ("no-edits.mp4", "-i h264.mp4 -an -c copy -use_editlist 0"),
    ("starts-in-a-group.mp4", "-ss 0.5 -i h264.mp4 -c copy"),
    ("starts-late.mp4", "-itsoffset 0.3 -i h264.mp4 -i h264.mp4 -map 0:v -map 1:a -c copy"),
    ("turned.mp4", "-i h264.mp4 -c copy -metadata:s:v rotate=90"),
    (
        "h264.mov",
        "{PICTURE} {SOUND} {X264} -color_primaries bt709 -color_trc bt709 -colorspace bt709 -c:a pcm_s16le",
    ),
    ("hevc.mp4", "{PICTURE} {X265} -tag:v hvc1"),
    ("hevc.mov", "{PICTURE} {SOUND} {X265} -tag:v hev1 -c:a aac"),
    ("variable-rate.mp4", "{PICTURE} -vf select='not(eq(mod(n\\,5)\\,2))' -fps_mode vfr {X264}"),
];

/// Names of voices, and how ffmpeg makes them.
const VOICES: [(&str, &str); 16] = [
    ("stereo.mp3", "{VOICE44}:d=2 -ac 2 -c:a libmp3lame -b:a 128k"),
    ("vbr.mp3", "{VOICE48}:d=2 -c:a libmp3lame -q:a 4"),
    ("mpeg-2.mp3", "{VOICE22}:d=2 -c:a libmp3lame"),
    ("mpeg-2.5.mp3", "{VOICE8}:d=2 -c:a libmp3lame"),
    ("no-xing.mp3", "{VOICE44}:d=2 -c:a libmp3lame -write_xing 0 -metadata title=x"),
    ("long.mp3", "{VOICE44}:d=5 -ac 2 -c:a libmp3lame"),
    ("stereo.aac", "{VOICE44}:d=2 -ac 2 -c:a aac"),
    ("mono.aac", "{VOICE16}:d=4 -c:a aac"),
    ("aac.m4a", "{VOICE44}:d=2 -c:a aac"),
    ("alac.m4a", "{VOICE44}:d=5 -ac 2 -c:a alac"),
    ("mono.wav", "{VOICE44}:d=2 -c:a pcm_s16le"),
    ("stereo.wav", "{VOICE48}:d=5 -ac 2 -c:a pcm_s16le"),
    ("noise.wav", "-f lavfi -i anoisesrc=sample_rate=16000:duration=2:amplitude=1 -c:a pcm_s16le"),
    (
        "surround.wav",
        "{VOICE48}:d=1 -af pan=5.1|c0=c0|c1=-1*c0|c2=0.5*c0|c3=c0|c4=c0|c5=c0 -c:a pcm_s16le",
    ),
    ("eight-bits.wav", "{VOICE8}:d=2 -c:a pcm_u8"),
    ("24-bits.wav", "{VOICE44}:d=2 -ac 2 -c:a pcm_s24le"),
];

fn arguments(text: &str, name: &str) -> String {
    // A voice that is never silent and never repeats, so that a shift of one sample is seen.
    let voice =
        |rate: u32| format!("-f lavfi -i aevalsrc=0.4*sin(300*t*(1+t))+0.2*random(0)-0.1:s={rate}");
    let text = text.replace("{PICTURE}", PICTURE).replace("{SOUND}", SOUND);
    let text = text.replace("{X264}", X264).replace("{X265}", X265);
    let rates = [("44", 44_100), ("48", 48_000), ("22", 22_050), ("16", 16_000), ("8", 8000)];
    let text = rates.iter().fold(text, |text, (short, rate)| {
        text.replace(&format!("{{VOICE{short}}}"), &voice(*rate))
    });
    format!("{text} {name}")
}

struct Picture {
    packets: Vec<String>,
    shown: Vec<String>,
    seconds: f64,
}

struct Voice {
    sample_format: &'static str,
    samples: Vec<u8>,
    bytes_per_second: f64,
}

#[test]
fn every_video_takes_every_voice() {
    let folder = Folder::new();
    let pictures: Vec<Picture> = PICTURES
        .iter()
        .map(|(name, text)| {
            folder.ffmpeg(&arguments(text, name));
            let mut shown = folder.decode_pictures(name);
            let mut seconds = 2.4;
            match *name {
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
    let voices: Vec<Voice> = VOICES
        .iter()
        .map(|(name, text)| {
            folder.ffmpeg(&arguments(text, name));
            let (sample_format, width) =
                if name.starts_with("24") { ("s24le", 3.0) } else { ("s16le", 2.0) };
            let number = |entry: &str| -> f64 { folder.probe(name, "a:0", entry).parse().unwrap() };
            let rate = number("stream=sample_rate") * number("stream=channels");
            let samples = folder.decode_sound(name, sample_format);
            Voice { sample_format, samples, bytes_per_second: rate * width }
        })
        .collect();
    let failed: Vec<String> = pictures
        .iter()
        .enumerate()
        .flat_map(|(row, picture)| check_row(&folder, PICTURES[row].0, picture, &voices))
        .collect();
    let cells = PICTURES.len() * VOICES.len();
    assert!(failed.is_empty(), "{} of {cells} fail: {failed:#?}", failed.len());
}

/// Checks a video with every voice. Returns the names of those that fail.
fn check_row(folder: &Folder, video: &str, picture: &Picture, voices: &[Voice]) -> Vec<String> {
    let mut durations = Vec::new();
    let results: Vec<_> = VOICES
        .iter()
        .zip(voices)
        .map(|((name, _), voice)| {
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
        let what = format!("{video} with {}", VOICES[index].0);
        let check = || {
            check(picture, decoded, durations[index], &what);
            check_sound(VOICES[index].0, &voices[index], &decoded.sound, picture.seconds, &what);
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
fn check_sound(name: &str, voice: &Voice, samples: &[u8], seconds: f64, what: &str) {
    let wanted = (seconds * voice.bytes_per_second).min(voice.samples.len() as f64);
    let difference = samples.len() as f64 - wanted;
    let frame = if name.ends_with(".wav") { 0.0 } else { 4097.0 * 4.0 };
    let one = voice.bytes_per_second * 0.001;
    assert!((-one..=frame + one).contains(&difference), "{what}: {difference} more bytes of sound");
    let length = samples.len().min(voice.samples.len());
    if samples[..length] != voice.samples[..length] {
        let at = samples.iter().zip(&voice.samples).position(|(one, other)| one != other);
        panic!("{what}: the sound differs from byte {at:?} on");
    }
}
