//! Creates media files with ffmpeg, and reads their facts with ffprobe.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A video with sound, three seconds by default; small, so that encoding is quick.
pub const PICTURE: &str = "-f lavfi -i testsrc=size=320x240:rate=25:duration=3";
pub const TONE: &str = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=3";
pub const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// A temporary folder.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs ffmpeg in the folder with these arguments, split at spaces.
    pub fn ffmpeg(&self, arguments: &str) {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"]);
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        run(&mut command, arguments);
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the file that was made")
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("room for a file");
    }

    /// A video with sound and its index at the end.
    pub fn plain_video(&self, name: &str) -> Vec<u8> {
        self.ffmpeg(&format!("{PICTURE} {TONE} {H264} -c:a aac {name}"));
        self.read(name)
    }
}

fn run(command: &mut Command, what: &str) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{:?} did not start ({error}): these tests make their files with it; install ffmpeg \
             (with ffprobe, libx264, libx265, libmp3lame and libvpx) and put it on PATH",
            command.get_program()
        )
    });
    assert!(
        output.status.success(),
        "{:?} {what}: {}",
        command.get_program(),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The facts of a file from ffprobe.
#[derive(Debug)]
pub struct Truth {
    pub seconds: Option<f64>,
    /// With pixel aspect and rotation applied.
    pub size: Option<(u32, u32)>,
    pub video: Option<String>,
    pub audio: Option<String>,
}

pub fn ffprobe(path: &Path) -> Truth {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_format", "-show_streams"]).arg(path);
    let output = run(&mut command, &path.display().to_string());
    let output: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let streams = output["streams"].as_array().expect("streams");
    // Cover art is no video.
    let is_art = |stream: &serde_json::Value| stream["disposition"]["attached_pic"] == 1;
    let of_kind = |kind: &str| streams.iter().find(|it| it["codec_type"] == kind && !is_art(it));
    let codec =
        |kind: &str| of_kind(kind).and_then(|it| it["codec_name"].as_str().map(str::to_owned));
    Truth {
        seconds: output["format"]["duration"].as_str().and_then(|text| text.parse().ok()),
        size: of_kind("video").map(displayed),
        video: codec("video"),
        audio: codec("audio"),
    }
}

fn displayed(stream: &serde_json::Value) -> (u32, u32) {
    let number = |key: &str| stream[key].as_f64().expect("a number");
    let aspect = stream["sample_aspect_ratio"].as_str().and_then(|text| {
        let (across, down) = text.split_once(':')?;
        let (across, down): (f64, f64) = (across.parse().ok()?, down.parse().ok()?);
        (across > 0.0 && down > 0.0).then(|| across / down)
    });
    let width = number("width") * aspect.unwrap_or(1.0);
    let height = number("height");
    let turn = stream["side_data_list"]
        .as_array()
        .and_then(|list| list.iter().find_map(|data| data["rotation"].as_f64()))
        .unwrap_or(0.0);
    let is_upright = (turn.abs() / 90.0).round() as i64 % 2 == 1;
    let size = (width.round() as u32, height.round() as u32);
    if is_upright { (size.1, size.0) } else { size }
}

/// Replaces the matrix of the first track by a rotation of this number of quarter turns.
pub fn turn(file: &mut [u8], quarters: u32) {
    let header = find(file, b"tkhd").expect("a track header");
    // After the type: version and flags, two times, id, two fields, length, and 16 bytes more.
    let matrix = header + 4 + 4 + 8 + 4 + 4 + 4 + 16;
    let (a, b, c, d): (i32, i32, i32, i32) = match quarters {
        1 => (0, 1, -1, 0),
        2 => (-1, 0, 0, -1),
        3 => (0, -1, 1, 0),
        _ => (1, 0, 0, 1),
    };
    for (value, at) in [(a, 0), (b, 4), (c, 12), (d, 16)] {
        let place = matrix + at;
        file[place..place + 4].copy_from_slice(&(value << 16).to_be_bytes());
    }
}

/// Returns the first position of these bytes.
pub fn find(file: &[u8], what: &[u8]) -> Option<usize> {
    file.windows(what.len()).position(|window| window == what)
}

/// Returns every position of these bytes.
pub fn find_all(file: &[u8], what: &[u8]) -> Vec<usize> {
    let windows = file.windows(what.len()).enumerate();
    windows.filter(|(_, window)| *window == what).map(|(at, _)| at).collect()
}
