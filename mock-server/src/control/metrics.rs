//! Counts in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use axum::extract::State;
use http::header::CONTENT_TYPE;

use super::Shared;

pub(super) async fn metrics(
    State(server): Shared,
) -> ([(http::HeaderName, &'static str); 1], String) {
    let worlds = server.worlds.all();
    let (mut requests, mut jobs, mut faults) = (0, BTreeMap::<String, u64>::new(), 0);
    for world in &worlds {
        let state = world.state();
        let now = state.clock.elapsed();
        requests += state.journal.count();
        faults += state.faults.counts().iter().map(|count| count.triggered).sum::<u64>();
        for job in state.jobs() {
            *jobs.entry(job.status(now).to_owned()).or_default() += 1;
        }
    }
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "# HELP viseme_mock_{name} {help}\n# TYPE viseme_mock_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "viseme_mock_{name}{labels} {value}");
        }
    };
    let one = |value| [(String::new(), value)];
    metric("worlds", "gauge", "Worlds there are.", &one(worlds.len() as u64));
    metric(
        "connections_total",
        "counter",
        "Connections so far.",
        &one(server.connections.load(Ordering::Relaxed)),
    );
    metric("requests_total", "counter", "Requests in the worlds there are.", &one(requests));
    metric("faults_total", "counter", "Faults that struck.", &one(faults));
    let jobs: Vec<_> =
        jobs.into_iter().map(|(status, count)| (format!("{{status={status:?}}}"), count)).collect();
    metric("jobs", "gauge", "Jobs by their state now.", &jobs);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
