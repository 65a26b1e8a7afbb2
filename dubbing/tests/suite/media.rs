//! Makes media with ffmpeg, dubs them, and decodes the results.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use viseme_dubbing::{DubError, Dubbed, Length, ReadAt, Sources, dub};

/// Tests read the result in pieces of this size, which is no multiple of anything.
const PIECE: usize = 7919;

/// A folder that is deleted with the test.
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
        run(Command::new("ffmpeg").args(COMMON).args(split(arguments)).current_dir(self.0.path()));
    }

    /// Dubs two files of the folder into a third.
    pub fn dub(&self, picture: &str, voice: &str, name: &str) -> Result<Dubbed, DubError> {
        self.dub_to(picture, voice, name, Length::OfPicture)
    }

    /// Dubs two files of the folder into a third, of another length.
    pub fn dub_to(
        &self,
        picture: &str,
        voice: &str,
        name: &str,
        length: Length,
    ) -> Result<Dubbed, DubError> {
        let (picture, voice) = (OpenFile::of(&self.path(picture)), OpenFile::of(&self.path(voice)));
        let mut encoded = Vec::new();
        let dubbed = dub(&picture, &voice, &mut encoded, length)?;
        let sources = Sources { picture: &picture, voice: &voice, encoded: &encoded };
        std::fs::write(self.path(name), read_all(&dubbed, sources)).expect("room for a file");
        Ok(dubbed)
    }

    /// Decodes a result. ffmpeg must not report any error.
    pub fn decode(&self, name: &str, sample_format: &str) -> Decoded {
        let mut decoded = self.decode_all(&[(name.to_owned(), sample_format)]);
        decoded.remove(0)
    }

    /// Decodes results with one process. ffmpeg must not report any error.
    pub fn decode_all(&self, results: &[(String, &str)]) -> Vec<Decoded> {
        let mut command = Command::new("ffmpeg");
        command.args(COMMON).arg("-xerror");
        for (name, _) in results {
            command.arg("-i").arg(self.path(name));
            command.args(["-ignore_editlist", "1", "-i"]).arg(self.path(name));
        }
        let path = |name: &str, extension: &str| self.path(&format!("{name}.{extension}"));
        for (index, (name, sample_format)) in results.iter().enumerate() {
            let (plain, without_edits) = (index * 2, index * 2 + 1);
            let mut output = |arguments: String, extension: &str| {
                command.args(split(&arguments)).arg(path(name, extension));
            };
            output(format!("-map {plain}:v:0 -fps_mode passthrough -f framemd5"), "md5");
            output(format!("-map {plain}:a:0 -f {sample_format}"), "raw");
            output(format!("-map {without_edits}:v:0 -c copy -f framemd5"), "packets");
        }
        let errors = run(&mut command);
        assert!(errors.is_empty(), "{results:?}: {errors}");
        let decoded = results.iter().map(|(name, _)| Decoded {
            shown: frames(&path(name, "md5")),
            packets: from_zero(&frames(&path(name, "packets")), 1),
            sound: std::fs::read(path(name, "raw")).expect("the sound"),
        });
        decoded.collect()
    }

    /// Returns the pictures of a video as they are shown.
    pub fn decode_pictures(&self, name: &str) -> Vec<String> {
        let pictures = self.path(&format!("{name}.md5"));
        let mut command = Command::new("ffmpeg");
        command.args(COMMON).arg("-i").arg(self.path(name));
        command.args(split("-map 0:v:0 -fps_mode passthrough -f framemd5")).arg(&pictures);
        run(&mut command);
        frames(&pictures)
    }

    /// Returns the sound of a file as raw samples.
    pub fn decode_sound(&self, name: &str, sample_format: &str) -> Vec<u8> {
        let sound = self.path(&format!("{name}.raw"));
        let mut command = Command::new("ffmpeg");
        command.args(COMMON).arg("-i").arg(self.path(name));
        command.args(split(&format!("-map 0:a:0 -f {sample_format}"))).arg(&sound);
        run(&mut command);
        std::fs::read(sound).expect("the sound")
    }

    /// Returns the coded pictures in decoding order: times from the first on, and hashes;
    /// edit lists do not count.
    pub fn packets(&self, name: &str) -> Vec<String> {
        let packets = self.path(&format!("{name}.packets"));
        let mut command = Command::new("ffmpeg");
        command.args(COMMON).args(["-ignore_editlist", "1", "-i"]).arg(self.path(name));
        command.args(split("-map 0:v:0 -c copy -f framemd5")).arg(&packets);
        run(&mut command);
        from_zero(&frames(&packets), 1)
    }

    /// Returns a value of ffprobe, such as `format=duration`.
    pub fn probe(&self, name: &str, stream: &str, entry: &str) -> String {
        let mut command = Command::new("ffprobe");
        command.args(["-v", "error", "-of", "csv=p=0", "-select_streams", stream]);
        command.args(["-show_entries", entry]).arg(self.path(name));
        let output = command.output().expect("ffprobe starts");
        String::from_utf8_lossy(&output.stdout).trim().trim_end_matches(',').to_owned()
    }

    pub fn seconds(&self, name: &str, stream: &str) -> f64 {
        let text = self.probe(name, stream, "stream=duration");
        text.lines().next().and_then(|text| text.parse().ok()).expect("a duration")
    }
}

/// What ffmpeg makes of a result.
pub struct Decoded {
    /// The pictures as they are shown.
    pub shown: Vec<String>,
    /// The coded pictures, as of [`Folder::packets`].
    pub packets: Vec<String>,
    /// The sound as raw samples.
    pub sound: Vec<u8>,
}

const COMMON: [&str; 5] = ["-hide_banner", "-nostdin", "-loglevel", "error", "-y"];

fn split(arguments: &str) -> impl Iterator<Item = &str> {
    arguments.split_whitespace()
}

/// Runs ffmpeg. Returns what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("ffmpeg does not start ({error}); install it with libx264, libx265 and libmp3lame")
    });
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {errors}");
    errors
}

/// Returns the lines of a framemd5 file: decoding and presentation time, duration, size, hash.
fn frames(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("hashes");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Compares pictures; the message shows only the first that differ.
pub fn assert_same_pictures(found: &[String], expected: &[String], what: &str) {
    if let Some(at) = found.iter().zip(expected).position(|(one, other)| one != other) {
        panic!("{what}: picture {at} is {:?}, not {:?}", found[at], expected[at]);
    }
    assert_eq!(found.len(), expected.len(), "{what}: the number of pictures");
}

/// Moves the pictures so that the time in this field of the first is 0.
pub fn from_zero(pictures: &[String], field: usize) -> Vec<String> {
    let times = |line: &String| -> Vec<i64> {
        line.split(',').take(3).map(|field| field.trim().parse().unwrap()).collect()
    };
    let first = times(&pictures[0])[field];
    let moved = pictures.iter().map(|line| {
        let rest = line.splitn(4, ',').last().unwrap();
        let [stream, decoded, shown] = times(line)[..] else { panic!("{line}") };
        format!("{stream}, {:>10}, {:>10},{rest}", decoded - first, shown - first)
    });
    moved.collect()
}

/// Reads a whole result in pieces.
pub fn read_all(dubbed: &Dubbed, sources: Sources<'_>) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(dubbed.size()).expect("a size")];
    let mut at = 0;
    for piece in bytes.chunks_mut(PIECE) {
        dubbed.read_exact_at(sources, at, piece).expect("bytes");
        at += piece.len() as u64;
    }
    bytes
}

/// A file on disk.
pub struct OpenFile(File, u64);

impl OpenFile {
    pub fn of(path: &Path) -> Self {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let size = file.metadata().expect("a size").len();
        Self(file, size)
    }
}

impl ReadAt for OpenFile {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, offset)
    }
}
