//! Runs `viseme dub`, kills it, and compares what was paid for with the mock server.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use viseme_dub::ffmpeg::Ffmpeg;
use viseme_dub::testing::{
    Clip, FrameRate, VoiceClip, VoiceFormat, compare_frames, read_frames, read_sound,
};
use viseme_mock::Scenario;

use super::batch::Process;
use super::{Finished, Harness, finish};

/// How many segments of the clip are dubbed.
pub const JOBS: usize = 2;

/// A clip of 11 s with numbered frames, and a voice that pauses from 3.5 to 5 s and from 8.5 to 10 s.
pub struct DubTest {
    pub harness: Harness,
    clip: Clip,
    voice: VoiceClip,
    out: &'static str,
    options: Vec<String>,
}

impl DubTest {
    pub async fn new(scenario: Scenario) -> Self {
        Self::with_voice(scenario, VoiceFormat::Wav).await
    }

    /// Creates a dub whose voice has this format.
    pub async fn with_voice(scenario: Scenario, format: VoiceFormat) -> Self {
        let clip = Clip::new(110, FrameRate::Constant(10, 1));
        let voice = VoiceClip { format, ..VoiceClip::new(11_000, 3_500, 1_500) };
        let harness = Harness::new(scenario).await;
        let test = Self { harness, clip, voice, out: "out.mp4", options: Vec::new() };
        let ffmpeg = Ffmpeg::find().await.expect("ffmpeg");
        test.clip.write(&ffmpeg, &test.path("clip.mp4")).await.unwrap();
        test.voice.write(&ffmpeg, &test.path(test.voice_name())).await.unwrap();
        test
    }

    fn voice_name(&self) -> &'static str {
        match self.voice.format {
            VoiceFormat::Wav => "voice.wav",
            VoiceFormat::Mp3 => "voice.mp3",
            VoiceFormat::M4a => "voice.m4a",
            VoiceFormat::Aac => "voice.aac",
        }
    }

    /// Adds options to the command line.
    pub fn with(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|it| (*it).to_owned()));
        self
    }

    /// Removes the options that a test has added to the command line.
    pub fn without_options(mut self) -> Self {
        self.options.clear();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.harness.path(name)
    }

    pub fn out(&self) -> PathBuf {
        self.path(self.out)
    }

    /// Returns a file of the work folder.
    pub fn work(&self, name: &str) -> PathBuf {
        self.path(&format!("{}.dub", self.out)).join(name)
    }

    /// The command line. Each run of a test has the same one.
    pub fn command(&self) -> Command {
        let line = ["dub", "--video", "clip.mp4", "--audio", self.voice_name(), "--out", self.out];
        let quick = ["--poll-every", "0.1", "--preset", "ultrafast"];
        let line = line.into_iter().chain(quick).chain(self.options.iter().map(String::as_str));
        self.harness.command(&line.collect::<Vec<_>>())
    }

    /// Starts the dub. Its output goes to `log.txt`.
    pub fn start(&self) -> Process {
        Process::new(self.command(), &self.path("log.txt"))
    }

    /// Runs the dub to its end.
    pub async fn run(&self) -> Finished {
        finish(self.command()).await
    }

    /// Waits until a file of the work folder exists.
    pub async fn until_file(&self, name: &str) {
        let file = self.work(name);
        for _ in 0..60_000 {
            if file.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{name} never came: {}", self.log());
    }

    /// Returns how many submits were charged so far.
    pub fn charges(&self) -> usize {
        self.harness.world.ledger().charges.len()
    }

    /// What the program printed before it was killed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log.txt")).unwrap_or_default()
    }

    /// Runs the dub again. It must complete, with each segment paid for once.
    pub async fn resume_and_expect_done(&self) {
        let result = self.run().await;
        assert_eq!(result.code, Some(0), "{result:?}\nbefore: {}", self.log());
        self.expect_paid_once().await;
        self.expect_exact().await;
        assert!(!self.work("").exists(), "the work folder remains");
    }

    /// Each segment was charged once, and each charge is one of a result that was delivered.
    pub async fn expect_paid_once(&self) {
        // The mock may still be writing the end of a response that the program has read.
        for _ in 0..200 {
            if self.harness.world.ledger().delivered >= JOBS {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let ledger = self.harness.world.ledger();
        let counts = (ledger.charges.len(), ledger.delivered, ledger.duplicates, ledger.orphaned);
        assert_eq!(counts, (JOBS, JOBS, 0, 0), "charges, delivered, duplicates, orphaned");
    }

    /// The output has every frame once at its time, and the voice at its time.
    pub async fn expect_exact(&self) {
        let ffmpeg = Ffmpeg::find().await.expect("ffmpeg");
        let (frames, time_base) = read_frames(&ffmpeg, &self.out()).await.unwrap();
        let (expected, expected_base) = (self.clip.expected(), self.clip.rate.time_base());
        let report = compare_frames(&frames, time_base, &expected, expected_base);
        assert!(report.is_exact(), "{report:?}");
        let sound = read_sound(&ffmpeg, &self.out()).await.unwrap();
        for offset in sound.offsets(&self.voice) {
            let offset = offset.expect("each utterance is there");
            assert!(offset.abs() < 10.0, "the voice is {offset} ms late");
        }
    }

    /// Writes the output under another name.
    pub fn named(mut self, out: &'static str) -> Self {
        self.out = out;
        self
    }
}
