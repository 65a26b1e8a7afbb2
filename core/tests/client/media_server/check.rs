//! Checks one medium behind a URL.

use viseme::media::probe::{BytesSource, probe};
use viseme::media::{MediaInfo, Rule, Violation};
use viseme::{Client, Config, ConfigBuilder, Input, Report};

pub const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";
pub const MAX_REQUESTS: usize = 6;

/// About 3 MB: noise does not compress.
pub const VIDEO: &str = "-f lavfi -i testsrc2=size=1280x720:rate=10:duration=2.5 \
                     -f lavfi -i sine=frequency=440:sample_rate=44100:duration=2.5 \
                     -vf noise=alls=12:allf=t -crf 28 -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
pub const TONE: &str = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=50";

pub fn config() -> ConfigBuilder {
    Config::builder().ignore_env().anonymous().base_url("http://127.0.0.1:9")
}

/// A client that may connect to this machine.
pub fn client() -> Client {
    Client::new(config().allow_private_addresses(true).build().unwrap()).unwrap()
}

/// Returns the report of a check without the violations of other parameters.
pub async fn check_with(client: &Client, field: &str, url: &str) -> Report {
    let mut report = client.check(Input::new(MODEL).media(field, url)).await.expect("a report");
    report.violations.retain(|violation| violation.rule != Rule::Required);
    report
}

pub async fn check(field: &str, url: &str) -> Report {
    check_with(&client(), field, url).await
}

pub fn only(report: &Report) -> &Violation {
    match &report.violations[..] {
        [only] => only,
        other => panic!("{other:#?}"),
    }
}

pub fn local(file: &[u8]) -> MediaInfo {
    probe(&BytesSource::new(file.to_vec())).unwrap()
}
