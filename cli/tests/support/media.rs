//! Creates media files with ffmpeg and probes them with ffprobe.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

/// Runs ffmpeg in a folder with these arguments, split at spaces.
pub fn ffmpeg(folder: &Path, arguments: &str) {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"]);
    run(command.args(arguments.split_whitespace()).current_dir(folder), arguments);
}

/// Makes a file without other files, with these arguments of ffmpeg. One that other tests have made is copied.
pub fn make_file(folder: &Path, arguments: &str) {
    static MADE: Mutex<BTreeMap<String, Arc<OnceLock<Vec<u8>>>>> = Mutex::new(BTreeMap::new());
    let (how, name) = arguments.rsplit_once(' ').expect("the name is the last word");
    let path = folder.join(name);
    let ending = path.extension().expect("an ending").display();
    let file = MADE.lock().expect("no panic").entry(format!("{how} {ending}")).or_default().clone();
    let content = file.get_or_init(|| {
        ffmpeg(folder, arguments);
        std::fs::read(&path).expect("the file that was made")
    });
    std::fs::write(&path, content).expect("room for a file");
}

/// Arguments of ffmpeg for a moving test picture.
pub fn picture(seconds: u32, size: &str) -> String {
    format!(
        "-f lavfi -i testsrc=size={size}:rate=25:duration={seconds} -c:v libx264 \
         -preset ultrafast -pix_fmt yuv420p"
    )
}

/// The kind of a file's first stream and its seconds, from ffprobe.
pub fn ffprobe(path: &Path) -> (String, f64) {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_format", "-show_streams"]).arg(path);
    let output = run(&mut command, &path.display().to_string());
    let output: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let kind = output.pointer("/streams/0/codec_type").and_then(|it| it.as_str());
    let seconds = output.pointer("/format/duration").and_then(|it| it.as_str()?.parse().ok());
    (kind.expect("a stream").to_owned(), seconds.expect("a duration"))
}

/// Returns the codecs of the streams, in their order.
pub fn codecs(path: &Path) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name"]);
    let output = run(command.arg(path), &path.display().to_string());
    String::from_utf8_lossy(&output).lines().map(|it| it.trim_end_matches(',').to_owned()).collect()
}

fn run(command: &mut Command, what: &str) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{:?} did not start ({error}): these tests create their media with it. Install ffmpeg \
             (with ffprobe, libx264, libmp3lame and libvpx) and put it on PATH; `cargo xtask \
             setup` does so on Debian.",
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
