//! Dubs of made clips against the mock server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use viseme::{Client, Config, Pacing};
use viseme_dub::ffmpeg::Ffmpeg;
use viseme_dub::plan::Plan;
use viseme_dub::testing::{Clip, VoiceClip};
use viseme_dub::{Dub, DubOptions, Preset};
use viseme_mock::{JobRule, MockServer, Scenario, Timeline, World};

/// A server, and a folder with a clip and a voice.
pub struct Test {
    _server: MockServer,
    pub world: World,
    pub folder: tempfile::TempDir,
    pub video: PathBuf,
    pub audio: PathBuf,
}

impl Test {
    pub async fn new(clip: &Clip, extension: &str, voice: &VoiceClip) -> Self {
        let server = MockServer::start().await.unwrap();
        let jobs = JobRule::new(Timeline::after_polls(1));
        let world = server.world_with(Scenario::new().job(jobs));
        let folder = tempfile::tempdir().unwrap();
        let video = folder.path().join(format!("clip.{extension}"));
        let audio = folder.path().join(format!("voice.{}", voice.format.extension()));
        let ffmpeg = Ffmpeg::find().await.unwrap();
        clip.write(&ffmpeg, &video).await.unwrap();
        voice.write(&ffmpeg, &audio).await.unwrap();
        Self { _server: server, world, folder, video, audio }
    }

    pub fn client(&self) -> Client {
        let config = Config::builder()
            .ignore_env()
            .base_url(self.world.base_url())
            .api_key(self.world.key())
            .check_remote_media(false)
            .pacing(Pacing::every(Duration::from_millis(20)));
        Client::new(config.build().unwrap()).unwrap()
    }

    /// Dubs the clip, and returns the plan and the output.
    pub async fn dub(&self, name: &str, options: DubOptions) -> (Plan, PathBuf) {
        let client = self.client();
        let out = self.folder.path().join(name);
        let dub = Dub::open(&client, &self.video, &self.audio, &out, options, None).await.unwrap();
        dub.run(&client, std::future::pending()).await.unwrap();
        (dub.plan().clone(), out)
    }

    /// Returns what was charged in millionths of a US dollar, and for how many jobs.
    pub fn charged(&self) -> (u64, usize) {
        let ledger = self.world.ledger();
        assert_eq!(ledger.duplicate_usd, 0.0);
        let micros = (ledger.total_usd * 1_000_000.0).round() as u64;
        (micros, ledger.charges.len())
    }
}

/// Returns options with the fastest encoder.
pub fn quick() -> DubOptions {
    DubOptions { preset: Preset::Ultrafast, ..DubOptions::default() }
}

/// Returns the length of a file by its own header.
#[allow(dead_code)]
pub fn length(path: &Path) -> Duration {
    let source = viseme::media::probe::FileSource::open(path).unwrap();
    viseme::media::probe::probe(&source).unwrap().duration.unwrap()
}
