//! Files as tools, services and phones write them, with the correct result of each.

mod audio;
mod edit;
mod video;

use std::collections::BTreeSet;

use crate::media_files::{Folder, ffprobe};
use viseme::media::probe::{BytesSource, probe};
use viseme::media::{FitOptions, plan_fit, validate};
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
struct Case {
    name: &'static str,
    /// The kind of fault: the first word of the sections below.
    kind: &'static str,
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

    fn faults(&self, folder: &Folder) -> Vec<String> {
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

/// Returns every file that is refused: its parameter, its name and its content.
pub fn refused(folder: &Folder) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let cases = [video::cases(folder), audio::cases(folder)].concat();
    let is_refused = |case: &Case| matches!(case.verdict, Verdict::Refuse(_));
    let refused = cases.into_iter().filter(is_refused);
    refused.map(|case| (case.field, case.name, case.content)).collect()
}

#[test]
fn the_facts_after_the_fixes_of_a_refused_file_pass_the_validation() {
    let model = describe("kwaivgi/kling-lipsync/audio-to-video").expect("a known model");
    let mut fixed = 0;
    for (field, name, content) in refused(&Folder::new()) {
        let limits = model.media_limits(field).expect("a medium");
        let info = probe(&BytesSource::new(content)).expect("memory can be read");
        let plan = plan_fit(field, name, &info, limits, &FitOptions::default());
        let errors: Vec<_> = validate(field, name, &plan.apply(&info), limits)
            .into_iter()
            .filter(viseme::media::Violation::is_error)
            .collect();
        assert_eq!(errors.is_empty(), plan.remaining.is_empty(), "{name}: {errors:?}");
        fixed += usize::from(plan.remaining.is_empty());
    }
    assert!(fixed >= 8, "{fixed}");
}

#[test]
fn files_of_the_real_world_are_judged_as_players_do() {
    let folder = Folder::new();
    let cases = [video::cases(&folder), audio::cases(&folder)].concat();
    let kinds: BTreeSet<_> = cases.iter().map(|case| case.kind).collect();
    assert!(kinds.len() >= 16, "{kinds:?}");
    let faults: Vec<_> = cases.iter().flat_map(|case| case.faults(&folder)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
