//! The short way of most requests: the poll of a job that waits for nothing is answered at once, in one step
//! under the world's lock. What the requests of a connection repeat is looked up once: who asks, and under
//! which name of the server.
//!
//! Every other request takes the ordinary way, which calls the same functions, but can wait between them.
//! `tests/suite/immediate.rs` compares the two.

use std::sync::Arc;

use http::{Method, Request};
use hyper::body::Body;

use super::request::ReceivedRequest;
use super::route::Route;
use super::{finish, handler};
use crate::clock::ClockMode;
use crate::context::Peer;
use crate::response::HttpResponse;
use crate::scenario::RequestKind;
use crate::stored_file::ReceivedBody;
use crate::world::state::WorldState;

/// Answers a request at once, or returns it.
#[expect(clippy::result_large_err, reason = "a box would cost more than to move the request")]
pub(crate) fn respond<B: Body>(
    peer: &Peer,
    request: Request<B>,
) -> Result<HttpResponse, Request<B>> {
    if *request.method() != Method::GET || !request.body().is_end_stream() {
        return Err(request);
    }
    let known = peer.known_headers();
    let Some(known) = known.as_ref().filter(|known| known.covers(request.headers())) else {
        return Err(request);
    };
    let route = Route::of(request.method(), request.uri().path());
    let Route::Result { job_id } = &route else { return Err(request) };
    let world = &known.world;
    let mut state = world.state();
    if needs_time(&state, job_id) {
        return Err(request);
    }
    let request = ReceivedRequest::new(
        request.into_parts().0,
        Arc::clone(&known.base_url),
        ReceivedBody::empty(),
        Arc::clone(&known.recorded),
    );
    let (output, mut exchange) =
        handler::execute_in(&mut state, world, &route, &request, peer, None, None);
    let (response, plan) = finish(&mut state, &request.method, output, &mut exchange, None);
    drop(state);
    peer.outbox.push(plan, exchange);
    Ok(response)
}

/// Returns whether the answer to a poll may have to wait for something, or may not be the usual one.
fn needs_time(state: &WorldState, job_id: &str) -> bool {
    // Requests move these clocks.
    matches!(state.clock.mode(), ClockMode::Virtual | ClockMode::Auto)
        || state.faults.counts_kind(RequestKind::Poll)
        || state.job(job_id).is_some_and(|job| job.webhook.is_some() || job.base64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::Full;

    use super::super::recorded_headers;
    use super::*;
    use crate::scenario::{Fault, Scenario};
    use crate::world::World;

    /// Returns whether the second of two such requests is answered at once.
    fn is_immediate(world: &World, change: impl Fn(&mut Request<Full<Bytes>>)) -> bool {
        let peer = Peer::default();
        let request = |path: &str| {
            let request = Request::get(path).header("host", "localhost");
            request.header("authorization", "Bearer k").body(Full::default()).unwrap()
        };
        let first = request("/api/v3/predictions/one/result");
        let route = Route::of(first.method(), first.uri().path());
        recorded_headers(world, &route, &peer, &"http://localhost".into(), first.headers());
        let mut second = request("/api/v3/predictions/two/result");
        change(&mut second);
        respond(&peer, second).is_ok()
    }

    #[test]
    fn only_plain_polls_are_answered_at_once() {
        let (id, key) = ("w".to_owned(), "k".to_owned());
        let world = World::new(id, key, String::new(), Scenario::default(), 1, false);
        let value = http::HeaderValue::from_static;
        assert!(is_immediate(&world, |_| {}));
        assert!(
            is_immediate(&world, |it| *it.uri_mut() = "/api/v3/predictions/x?y".parse().unwrap())
        );
        for path in ["/api/v3/predictions", "/api/v3/balance", "/api/v3/predictions/x/y", "/"] {
            assert!(!is_immediate(&world, |it| *it.uri_mut() = path.parse().unwrap()), "{path}");
        }
        assert!(!is_immediate(&world, |it| *it.method_mut() = Method::HEAD));
        assert!(!is_immediate(&world, |it| *it.body_mut() = Full::from("{}")));
        for name in ["host", "authorization", "origin", "x-other"] {
            let add =
                |it: &mut Request<Full<Bytes>>| drop(it.headers_mut().insert(name, value("a")));
            assert!(!is_immediate(&world, add), "{name}");
        }
        for clock in [ClockMode::Auto, ClockMode::Virtual] {
            world.set_clock(clock);
            assert!(!is_immediate(&world, |_| {}), "{clock:?}");
        }
        world.set_clock(ClockMode::Manual);
        world.advance(Duration::from_secs(1));
        assert!(is_immediate(&world, |_| {}));
        world.add_fault(Fault::at(RequestKind::Submit));
        assert!(is_immediate(&world, |_| {}));
        world.add_fault(Fault::at(RequestKind::Any).nth(9));
        assert!(!is_immediate(&world, |_| {}));
        world.set_scenario(Scenario::default());
        assert!(is_immediate(&world, |_| {}));
        world.stop();
        assert!(!is_immediate(&world, |_| {}), "its key may belong to another world");
    }
}
