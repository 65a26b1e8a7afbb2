use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, COOKIE, LOCATION};

use super::*;
use crate::media::Rule;

/// Redirects from one URL to another; any other URL is an audio file.
#[derive(Default)]
struct Web {
    redirects: HashMap<&'static str, &'static str>,
    requested: Mutex<Vec<String>>,
}

const WAV: &[u8] =
    b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\
                     data\x08\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80";

impl Transport for Web {
    fn exchange(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        assert!(request.headers.get(AUTHORIZATION).is_none());
        assert!(request.headers.get(COOKIE).is_none());
        let url = request.url.to_string();
        let mut headers = HeaderMap::new();
        let target = self.redirects.get(url.as_str());
        self.requested.lock().unwrap().push(url);
        let (status, body) = match target {
            Some(target) => {
                headers.insert(LOCATION, HeaderValue::from_static(target));
                (307, Bytes::new())
            }
            None => (200, Bytes::from_static(WAV)),
        };
        let body = futures_util::stream::iter([Ok(body)]).boxed();
        async move { Ok(Response { status, headers, body }) }.boxed()
    }
}

/// What is found behind the URL, and the requested URLs.
async fn read(url: &str, redirects: &[(&'static str, &'static str)]) -> (ProbeResult, Vec<String>) {
    let web = Arc::new(Web { redirects: redirects.iter().copied().collect(), ..Web::default() });
    let remote = RemoteMedia {
        transport: Arc::clone(&web) as _,
        guard: SsrfGuard::strict(),
        limits: RangeProbeLimits::default(),
        timeout: Duration::from_secs(60),
    };
    let found = remote.read(&Url::parse(url).unwrap()).await;
    let requested = web.requested.lock().unwrap().clone();
    (found, requested)
}

#[tokio::test]
async fn every_redirect_is_checked_before_it_is_followed() {
    const START: &str = "https://media.example/a.wav";
    for (target, rule, word) in [
        ("https://127.0.0.1/a.wav", Rule::Undetermined, "private address"),
        ("https://169.254.169.254/latest/meta-data/", Rule::Undetermined, "private address"),
        ("https://[::ffff:10.0.0.1]/a.wav", Rule::Undetermined, "private address"),
        ("http://media.example/a.wav", Rule::Readable, "unsafe"),
        ("file:///etc/passwd", Rule::Readable, "unsafe"),
        ("https://media.example/a.wav", Rule::Readable, "too many times"),
    ] {
        let (found, requested) = read(START, &[(START, target)]).await;
        let stopped = found.stopped.unwrap();
        assert_eq!(stopped.rule, rule, "{target}: {stopped:?}");
        assert!(stopped.clause.contains(word), "{target}: {stopped:?}");
        assert!(found.info.is_none(), "{target}");
        assert!(requested.iter().all(|url| url == START), "{target}: {requested:?}");
        assert!(requested.len() <= 6, "{target}: {requested:?}");
    }
}

#[tokio::test]
async fn users_and_passwords_are_taken_out_of_every_url() {
    let redirects = [("https://media.example/a", "https://user:pass@cdn.example/b")];
    let (found, requested) = read("https://me:secret@media.example/a", &redirects).await;
    assert!(found.info.is_some(), "{found:?}");
    let bare = ["https://media.example/a", "https://cdn.example/b"];
    assert_eq!(requested[..2], bare, "{requested:?}");
    assert!(requested.iter().all(|url| bare.contains(&url.as_str())), "{requested:?}");
}
