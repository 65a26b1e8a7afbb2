//! Files as tools, services and phones write them, with the correct result of each.

mod audio;
mod edit;
mod video;

use std::sync::LazyLock;

use crate::media_files::{Folder, ffprobe};
use viseme::media::probe::{BytesSource, probe};
use viseme::media::validate;
use viseme::model::describe;

/// The expected result of a check.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    /// No error; warnings are allowed.
    Accept,
    /// A warning and no error.
    Warn,
    /// An error whose message contains these words.
    Refuse(&'static str),
}

/// One file and the facts that must be read from it.
#[derive(Clone)]
pub struct Case {
    name: &'static str,
    /// The kind of fault: the first word of the sections below.
    pub kind: &'static str,
    field: &'static str,
    content: Vec<u8>,
    verdict: Verdict,
    seconds: Option<f64>,
    size: Option<(u32, u32)>,
    /// ffprobe finds the same facts.
    ffprobe_agrees: bool,
}

impl Case {
    fn new(kind: &'static str, name: &'static str, content: Vec<u8>) -> Self {
        Self {
            name,
            kind,
            field: "video",
            content,
            verdict: Verdict::Accept,
            seconds: None,
            size: None,
            ffprobe_agrees: true,
        }
    }

    fn audio(kind: &'static str, name: &'static str, content: Vec<u8>) -> Self {
        Self { field: "audio", ..Self::new(kind, name, content) }
    }

    fn lasting(self, seconds: f64) -> Self {
        Self { seconds: Some(seconds), ..self }
    }

    fn sized(self, width: u32, height: u32) -> Self {
        Self { size: Some((width, height)), ..self }
    }

    fn refused(self, words: &'static str) -> Self {
        Self { verdict: Verdict::Refuse(words), ..self }
    }

    fn warned(self) -> Self {
        Self { verdict: Verdict::Warn, ..self }
    }

    /// ffprobe finds other facts, or none; docs/media-limits.md explains why ours are right.
    fn unlike_ffprobe(self) -> Self {
        Self { ffprobe_agrees: false, ..self }
    }

    /// Returns what is wrong with our facts and our verdict.
    pub fn faults(&self, folder: &Folder) -> Vec<String> {
        let info = probe(&BytesSource::new(self.content.clone())).expect("memory can be read");
        let model = describe("kwaivgi/kling-lipsync/audio-to-video").expect("a known model");
        let limits = model.media_limits(self.field).expect("a medium");
        let found = validate(self.field, self.name, &info, limits);
        let messages: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
        let has_error = found.iter().any(viseme::media::Violation::is_error);
        let mut faults = Vec::new();
        let is_right = match self.verdict {
            Verdict::Accept => !has_error,
            Verdict::Warn => !has_error && !found.is_empty(),
            Verdict::Refuse(words) => has_error && messages.iter().any(|it| it.contains(words)),
        };
        if !is_right {
            faults.push(format!("{:?} was expected, not {messages:?}", self.verdict));
        }
        if matches!(self.verdict, Verdict::Refuse(_)) {
            return self.named(&faults);
        }
        let seconds = info.duration.map(|duration| duration.as_secs_f64());
        let is_near = |ours: Option<f64>, expected: f64| {
            ours.is_some_and(|ours| (ours - expected).abs() <= 0.1)
        };
        if self.seconds.is_some_and(|expected| !is_near(seconds, expected)) {
            faults.push(format!("{seconds:?} s, not {:?}", self.seconds));
        }
        let size = info.width.zip(info.height);
        if self.size.is_some() && size != self.size {
            faults.push(format!("{size:?}, not {:?}", self.size));
        }
        if self.ffprobe_agrees {
            folder.write(self.name, &self.content);
            let truth = ffprobe(&folder.path(self.name));
            if self.seconds.is_some_and(|expected| !is_near(truth.seconds, expected)) {
                faults.push(format!("ffprobe disagrees: {:?}", truth.seconds));
            }
            let near = |a: u32, b: u32| a.abs_diff(b) <= 8;
            let is_same = |ours: (u32, u32), theirs: (u32, u32)| {
                near(ours.0, theirs.0) && near(ours.1, theirs.1)
            };
            if let (Some(ours), Some(theirs)) = (self.size, truth.size)
                && !is_same(ours, theirs)
            {
                faults.push(format!("ffprobe disagrees: {theirs:?}"));
            }
        }
        self.named(&faults)
    }

    fn named(&self, faults: &[String]) -> Vec<String> {
        faults.iter().map(|fault| format!("{} ({}): {fault}", self.name, self.kind)).collect()
    }
}

/// Returns all files. Making them takes half a minute, so that it happens once in a program.
pub fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let folder = Folder::new();
        [video::cases(&folder), audio::cases(&folder)].concat()
    });
    &CASES
}

/// Returns every file that is refused: its parameter, its name and its content.
pub fn refused() -> impl Iterator<Item = (&'static str, &'static str, &'static [u8])> {
    let refused = cases().iter().filter(|case| matches!(case.verdict, Verdict::Refuse(_)));
    refused.map(|case| (case.field, case.name, case.content.as_slice()))
}
