//! Makes the files in `samples`.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::process::{program, root, run};

const FRAMES_PER_SECOND: u32 = 25;
const FRAMES: u32 = 100;
const VOICE: &str = "en-us+f3";
const WORDS_PER_MINUTE: &str = "165";
const PITCH: &str = "45";
const SENTENCE: &str = "Hello! Give me a voice, and my lips will follow.";

pub(crate) fn make(portrait: &Path) -> Result<()> {
    ensure!(portrait.is_file(), "{} is no file", portrait.display());
    let portrait = portrait.canonicalize()?;
    let portrait = portrait.to_str().context("the portrait's path is not UTF-8")?;
    let samples = root().join("samples");
    std::fs::create_dir_all(&samples)?;
    let face = samples.join("face.mp4").display().to_string();
    let voice = samples.join("voice.mp3").display().to_string();
    let picture = samples.join("face.jpg").display().to_string();
    make_face(portrait, &face)?;
    make_picture(&face, &picture)?;
    make_voice(&voice)
}

/// One thread and `bitexact`, so that the same ffmpeg makes the same bytes again.
fn make_face(portrait: &str, face: &str) -> Result<()> {
    let rate = FRAMES_PER_SECOND.to_string();
    let frames = FRAMES.to_string();
    let filter = camera();
    #[rustfmt::skip]
    let arguments = [
        "-v", "error", "-y",
        "-loop", "1", "-framerate", &rate, "-i", portrait, "-frames:v", &frames, "-vf", &filter,
        "-c:v", "libx264", "-preset", "slow", "-crf", "24", "-threads", "1",
        "-level", "3.1", "-movflags", "+faststart", "-map_metadata", "-1",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", face,
    ];
    run(program("ffmpeg", &arguments))
}

/// The first picture of the video.
fn make_picture(face: &str, picture: &str) -> Result<()> {
    #[rustfmt::skip]
    let arguments = [
        "-v", "error", "-y", "-i", face, "-frames:v", "1", "-vf", "scale=640:360:flags=lanczos",
        "-pix_fmt", "yuvj420p", "-q:v", "4", "-map_metadata", "-1",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", picture,
    ];
    run(program("ffmpeg", &arguments))
}

/// A camera that sways, tilts and comes nearer and back once in the clip, so that it loops.
/// `perspective` reads between pixels and so moves without the jerks of `zoompan`.
fn camera() -> String {
    let turn = format!("2*PI*on/{FRAMES}");
    let zoom = format!("(0.375+0.035*cos({turn}))");
    let sine = format!("sin(0.03*sin({turn}))");
    let cosine = format!("cos(0.03*sin({turn}))");
    let (width, height) = (format!("W*{zoom}"), format!("H*{zoom}"));
    let centre = (format!("W*(0.44+0.02*sin({turn}))"), format!("H*({zoom}+0.03)"));
    let corners = [("-", "-"), ("+", "-"), ("-", "+"), ("+", "+")];
    let quad: Vec<String> = corners
        .iter()
        .enumerate()
        .map(|(corner, (across, down))| {
            let back = if *down == "-" { "+" } else { "-" };
            format!(
                "x{corner}={}{across}{width}*{cosine}{back}{height}*{sine}:\
                 y{corner}={}{across}{width}*{sine}{down}{height}*{cosine}",
                centre.0, centre.1
            )
        })
        .collect();
    format!(
        "scale=1920:1920:flags=lanczos,crop=1920:1080:0:0,\
         perspective=eval=frame:interpolation=cubic:sense=source:{},\
         scale=1280:720:flags=lanczos,format=yuv420p",
        quad.join(":")
    )
}

fn make_voice(voice: &str) -> Result<()> {
    let wave = root().join("target").join("voice.wav").display().to_string();
    let speak = ["-v", VOICE, "-s", WORDS_PER_MINUTE, "-p", PITCH, "-w", &wave, SENTENCE];
    run(program("espeak-ng", &speak))?;
    #[rustfmt::skip]
    let encode = [
        "-v", "error", "-y", "-i", &wave,
        "-c:a", "libmp3lame", "-b:a", "64k", "-map_metadata", "-1",
        "-fflags", "+bitexact", "-flags:a", "+bitexact", voice,
    ];
    run(program("ffmpeg", &encode))?;
    std::fs::remove_file(&wave)?;
    Ok(())
}
