//! The way to the service: name, connection, response, clock and account.

use std::time::{Duration, Instant, SystemTime};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use viseme::{Client, ErrorKind};

use super::finding::Finding;
use super::settings::has_key;
use crate::client;
use crate::failure::reason;
use crate::options::Options;
use crate::output::in_cli_words;

/// How long a step may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Webhooks are refused if the clock is wrong by this much.
const CLOCK_FAILED: Duration = Duration::from_secs(5 * 60);
/// The search for a lost submit compares times.
const CLOCK_WARNING: Duration = Duration::from_secs(30);

const STEPS: [&str; 4] = ["name", "connection", "service", "account"];

/// Checks each step on the way, until one fails.
pub(super) async fn check(options: &Options, is_offline: bool) -> Vec<Finding> {
    let skip = |steps: &[&'static str], why: &str| -> Vec<Finding> {
        steps.iter().map(|step| Finding::skipped(step, why)).collect()
    };
    if is_offline {
        return skip(&STEPS, "not checked (--offline)");
    }
    let options = Options { max_retries: Some(0), ..options.clone() };
    let (Ok(client), Ok(url)) = (client::anonymous(&options), client::base_url(&options)) else {
        return skip(&STEPS, "not checked: correct the settings above first");
    };
    let mut findings = connect(&url).await;
    match respond(&client).await {
        Ok(found) => findings.extend(found),
        Err(error) => {
            findings.push(Finding::failed("service", in_cli_words(error.message(), &options)));
            findings.extend(skip(&["account"], "not checked: the service does not respond"));
            return findings;
        }
    }
    findings.push(account(&options).await);
    findings
}

/// Looks up the name and opens a connection, unless a proxy does that.
async fn connect(url: &str) -> Vec<Finding> {
    let Some((host, port)) = address(url) else { return Vec::new() };
    let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if !is_local && has_proxy() {
        let why = "not checked: a proxy may do this";
        return vec![Finding::skipped("name", why), Finding::skipped("connection", why)];
    }
    let start = Instant::now();
    let found = match timeout(TIMEOUT, lookup_host((host.as_str(), port))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            let message = format!("The name server did not answer for {host}.");
            return vec![Finding::failed("name", message).with_advice("Check the network (DNS).")];
        }
    };
    if found.is_empty() {
        let failed = Finding::failed("name", format!("{host} is not known (DNS)."));
        return vec![failed.with_advice("Check the network, and the base URL.")];
    }
    let addresses: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
    let message = format!("{host} is {} ({})", addresses.join(", "), since(start));
    let mut findings = vec![Finding::ok("name", message)];
    let start = Instant::now();
    findings.push(match timeout(TIMEOUT, TcpStream::connect(found.as_slice())).await {
        Ok(Ok(_)) => Finding::ok("connection", format!("port {port} is open ({})", since(start))),
        Ok(Err(error)) => Finding::failed(
            "connection",
            format!("Cannot connect to {host}:{port}: {}.", reason(&error)),
        )
        .with_advice("Check the base URL, a firewall, and whether a proxy is required."),
        Err(_) => Finding::failed("connection", format!("{host}:{port} does not answer."))
            .with_advice("Check a firewall, and whether a proxy is required."),
    });
    findings
}

/// Sends a request without the key, and compares the clocks.
async fn respond(client: &Client) -> viseme::Result<Vec<Finding>> {
    let (start, before) = (Instant::now(), SystemTime::now());
    let time = client.service_time().await?;
    let took = start.elapsed();
    let mut findings = vec![Finding::ok("service", format!("it responds ({})", since(start)))];
    findings.push(match time {
        Some(time) => clock(before, took, time),
        None => Finding::skipped("clock", "the service does not state its time"),
    });
    Ok(findings)
}

/// Compares the clock of this machine, which showed `before` at the start of a request, with the service's.
fn clock(before: SystemTime, took: Duration, service: SystemTime) -> Finding {
    // The service's time has whole seconds, and was read during the request.
    let tolerance = took + Duration::from_secs(1);
    let (difference, direction) = match service.duration_since(before) {
        Ok(later) => (later.saturating_sub(tolerance), "behind"),
        Err(earlier) => (earlier.duration().saturating_sub(Duration::from_secs(1)), "ahead"),
    };
    let message = format!(
        "This machine's clock is {} {direction}.",
        humantime::format_duration(Duration::from_secs(difference.as_secs()))
    );
    let advice =
        "Set the clock (NTP): webhooks are refused and lost submits are not found if it is wrong.";
    if difference >= CLOCK_FAILED {
        Finding::failed("clock", message).with_advice(advice)
    } else if difference >= CLOCK_WARNING {
        Finding::warning("clock", message, advice)
    } else {
        Finding::ok("clock", "the same as the service's")
    }
}

/// Asks whether the service accepts the key.
async fn account(options: &Options) -> Finding {
    let client = match client::online(options) {
        Ok(client) => client,
        Err(_) if !has_key() => return Finding::skipped("account", "not checked: there is no key"),
        Err(_) => return Finding::skipped("account", "not checked: the key cannot be used"),
    };
    match client.balance().await {
        Ok(balance) if balance <= 0.0 => Finding::warning(
            "account",
            "The service accepts the key, but there are no credits.",
            "Add credits at https://wavespeed.ai/billing.",
        ),
        Ok(_) => Finding::ok("account", "the service accepts the key, and there are credits"),
        Err(error) if error.kind() == ErrorKind::Authentication => {
            Finding::failed("account", "The service does not accept the key.").with_advice(
                "Check it at https://wavespeed.ai/accesskey, and that it belongs to this base URL.",
            )
        }
        Err(error) => Finding::failed("account", in_cli_words(error.message(), options)),
    }
}

/// Returns the host and the port of a URL.
fn address(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let default = if scheme == "https" { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of `[::1]` separate no port.
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, default),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), port))
}

fn has_proxy() -> bool {
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn since(start: Instant) -> String {
    format!("{} ms", start.elapsed().as_millis())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_url_has_a_host_and_a_port() {
        for (url, host, port) in [
            ("https://api.wavespeed.ai/", "api.wavespeed.ai", 443),
            ("http://localhost:8080/x", "localhost", 8080),
            ("http://[::1]:80", "::1", 80),
            ("https://[::1]/", "::1", 443),
        ] {
            assert_eq!(address(url), Some((host.to_owned(), port)), "{url}");
        }
    }

    #[test]
    fn clocks_differ_by_more_than_the_request_took() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let took = Duration::from_secs(10);
        for (service, state) in [
            (now, State::Ok),
            (now + Duration::from_secs(11), State::Ok),
            (now - Duration::from_secs(20), State::Ok),
            (now + Duration::from_secs(60), State::Warning),
            (now - Duration::from_secs(60), State::Warning),
            (now + Duration::from_secs(400), State::Failed),
            (now - Duration::from_secs(4000), State::Failed),
        ] {
            assert_eq!(clock(now, took, service).state, state, "{service:?}");
        }
        let ahead = clock(now, took, now - Duration::from_secs(3601));
        assert!(ahead.lines().next().unwrap().contains("1h ahead"));
    }
}
