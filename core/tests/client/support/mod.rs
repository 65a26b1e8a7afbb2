//! Shared code of the tests against the mock server.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use viseme::{AudioToVideo, Client, Clock, Config, ConfigBuilder, Media};
use viseme_mock::{JobRule, MockServer, Scenario, Timeline, World};

pub const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// A clock whose sleeps end at once, and which records their durations.
#[derive(Default)]
pub struct FastClock {
    state: Mutex<(Duration, Vec<Duration>)>,
}

impl FastClock {
    /// Every sleep so far.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state.lock().unwrap().1.clone()
    }
}

impl Clock for FastClock {
    fn now(&self) -> Duration {
        self.state.lock().unwrap().0
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state.lock().unwrap();
        state.0 += time;
        state.1.push(time);
        tokio::task::yield_now().boxed()
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// A mock server, a world in it, and a client of that world whose sleeps take no time.
pub struct TestClient {
    pub server: MockServer,
    pub world: World,
    pub clock: Arc<FastClock>,
    pub client: Client,
}

impl TestClient {
    /// Jobs complete at the second poll.
    pub async fn new() -> Self {
        Self::with(Scenario::new().job(JobRule::new(Timeline::after_polls(2)))).await
    }

    pub async fn with(scenario: Scenario) -> Self {
        Self::configured(scenario, |config| config).await
    }

    pub async fn configured(
        scenario: Scenario,
        configure: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
    ) -> Self {
        let server = MockServer::start().await.expect("a mock server");
        let world = server.world_with(scenario);
        let clock = Arc::new(FastClock::default());
        let builder = Config::builder()
            .ignore_env()
            .base_url(world.base_url())
            .api_key(world.key())
            // The hosts of `remote_input` do not exist.
            .check_remote_media(false);
        let config = configure(builder).build().expect("a configuration");
        let client = Client::with_clock(config, Arc::clone(&clock) as _).expect("a client");
        Self { server, world, clock, client }
    }

    /// Returns the number of requests with this method whose path has this end.
    pub fn count(&self, method: &str, path_end: &str) -> usize {
        let journal = self.world.journal();
        journal.iter().filter(|x| x.method == method && x.path.ends_with(path_end)).count()
    }
}

/// Media that need no upload.
pub fn remote_input() -> AudioToVideo {
    AudioToVideo::new()
        .audio("https://media.example/voice.mp3")
        .video("https://media.example/face.mp4")
}

/// The samples of the repository, from memory.
pub fn local_input() -> AudioToVideo {
    AudioToVideo::new()
        .audio(Media::bytes("voice.mp3", &include_bytes!("../../../../samples/voice.mp3")[..]))
        .video(Media::bytes("face.mp4", FACE))
}

pub const FACE: &[u8] = include_bytes!("../../../../samples/face.mp4");
