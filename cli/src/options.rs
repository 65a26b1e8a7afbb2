//! The options that several commands share.

use std::io::IsTerminal as _;
use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use viseme::Client;
use viseme_ledger::AnyLedger;

use crate::failure::Failure;

/// Options of `run` and `submit`.
#[derive(Debug, clap::Args)]
pub(crate) struct SubmitArgs {
    /// Upload the media even if they break the model's rules.
    #[arg(long)]
    pub(crate) no_check: bool,

    /// The URL that the service calls when the job has completed or failed: https, or http to this
    /// machine.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,

    /// Write a record of the submit to this file just before it is sent. If its response is lost,
    /// even because this program was killed, `viseme recover FILE` finds the job.
    #[arg(long, value_name = "FILE")]
    pub(crate) save_record: Option<PathBuf>,

    /// Pay for at most one job with this key, in all calls with the same ledger, even if they are killed.
    /// A call with a key that is known uses its job, or searches for it.
    #[arg(long, value_name = "KEY", requires = "ledger")]
    pub(crate) key: Option<String>,

    /// The ledger that knows the keys: a file, or the URL of a PostgreSQL database for many machines.
    #[arg(long, value_name = "FILE|URL", requires = "key")]
    pub(crate) ledger: Option<String>,

    /// Submit again if the job of the key failed, instead of returning its error. Each submit is paid for.
    #[arg(long, requires = "key")]
    pub(crate) retry_failed: bool,
}

impl SubmitArgs {
    /// Returns the client with the ledger and the key, if the user wants them.
    pub(crate) async fn key_of(&self, client: Client) -> Result<(Client, Option<String>), Failure> {
        let (Some(ledger), Some(key)) = (&self.ledger, &self.key) else {
            return Ok((client, None));
        };
        let ledger = AnyLedger::open(ledger).await.map_err(|error| Failure::batch(error.into()))?;
        Ok((client.with_ledger(ledger), Some(key.clone())))
    }
}

/// An option of the commands that run jobs and wait for them.
#[derive(Debug, clap::Args)]
pub(crate) struct PacingArgs {
    /// Keep in this file how long jobs take, so that later commands poll when they end. It is created if it
    /// does not exist; several commands can use it at the same time. [default: none]
    #[arg(long, value_name = "FILE")]
    pub(crate) pacing_file: Option<PathBuf>,
}

/// Options of `run` and `wait`.
#[derive(Debug, clap::Args)]
pub(crate) struct WaitArgs {
    /// Save the video here: a file, which is replaced if it exists, or a folder; `-` is standard
    /// output. Without it, the output's URL is printed.
    #[arg(long, short, value_name = "FILE|FOLDER|-")]
    pub(crate) out: Option<PathBuf>,

    /// How long to wait for the result, such as `90s`, `10m` or `1h 30m`. The job continues after
    /// it. Uploads, the submit, whose response may take 60s, and the download have limits of their own.
    /// [default: WAVESPEED_TIMEOUT, or else 1h]
    #[arg(long, value_parser = parse_duration, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) deadline: Option<Duration>,

    /// How often to poll the job's status, at least 0.1s. [default: what suits the model]
    #[arg(long, value_parser = parse_interval, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) poll_every: Option<Duration>,
}

/// Parses a duration with units, or a number of seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    time.ok_or_else(|| "must be a duration such as `90s`, `10m` or `1h 30m`".to_owned())
}

/// Parses a whole number.
pub(crate) fn parse_whole<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => "is too large".to_owned(),
        // Only a number that cannot be 0 reports it.
        IntErrorKind::Zero => "must be 1 or more".to_owned(),
        _ => "must be a whole number of 0 or more".to_owned(),
    })
}

/// Parses the port of a server on this machine.
pub(crate) fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "must be a port from 1 to 65535, or 0 for a free one".to_owned())
}

pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time < Duration::from_millis(100) {
        Err("must be at least 0.1s".to_owned())
    } else {
        Ok(time)
    }
}

/// The options of one call that several modules need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) base_url: Option<String>,
    pub(crate) allow_http: bool,
    /// How often to retry a request, if not the default.
    pub(crate) max_retries: Option<u32>,
    /// Whether the service is a mock server that ends with the command.
    pub(crate) offline: bool,
    /// The media parameters that the user knows as options, such as `--video`.
    pub(crate) media_options: Vec<&'static str>,
    /// Where to save the output.
    pub(crate) out: Option<PathBuf>,
    pub(crate) poll_every: Option<Duration>,
    /// The file that keeps how long jobs take.
    pub(crate) pacing_file: Option<PathBuf>,
    /// Where to write the record of a submit.
    pub(crate) record: Option<PathBuf>,
    /// Whether media are made acceptable.
    pub(crate) fits_media: bool,
    /// Whether warnings are errors.
    pub(crate) strict: bool,
}

impl Options {
    /// Whether only the result and the error are printed.
    pub(crate) fn is_silent(&self) -> bool {
        self.quiet || (self.json && !std::io::stderr().is_terminal())
    }

    /// The command that continues with a job: `wait` or `download`. `None` if the job ends with this
    /// command.
    pub(crate) fn resume(&self, command: &str, job_id: &str) -> Option<String> {
        if self.offline {
            return None;
        }
        let mut line = format!("viseme {command} {}", quoted(job_id));
        if let Some(out) = &self.out {
            line += &format!(" --out {}", quoted(&out.to_string_lossy()));
        }
        Some(line + &self.service())
    }

    /// The command that searches for a lost submit. `None` if its record is in no file.
    pub(crate) fn recover(&self) -> Option<String> {
        let record = self.record.as_ref().filter(|record| !self.offline && **record != *"-")?;
        Some(format!("viseme recover {}", quoted(&record.to_string_lossy())) + &self.service())
    }

    /// The options that name the service.
    fn service(&self) -> String {
        let mut line = String::new();
        if let Some(url) = &self.base_url {
            line += &format!(" --base-url {}", quoted(url));
        }
        if self.allow_http {
            line += " --allow-http";
        }
        line
    }
}

/// Quotes a text as one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_continue_with_is_quoted_for_a_shell() {
        let mut options = Options::default();
        assert_eq!(options.resume("wait", "abc1").unwrap(), "viseme wait abc1");
        options.out = Some("my film's.mp4".into());
        options.base_url = Some("http://127.0.0.1:80".to_owned());
        assert_eq!(
            options.resume("download", "a;b").unwrap(),
            r"viseme download 'a;b' --out 'my film'\''s.mp4' --base-url http://127.0.0.1:80"
        );
        assert_eq!(options.recover(), None);
        options.record = Some("a b".into());
        assert_eq!(
            options.recover().unwrap(),
            "viseme recover 'a b' --base-url http://127.0.0.1:80"
        );
        options.offline = true;
        assert_eq!((options.resume("wait", "abc1"), options.recover()), (None, None));
    }

    #[test]
    fn durations_have_units_or_are_seconds() {
        assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_secs(5400)));
        for text in ["-1", "soon", "", "nan", "1e300"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(parse_interval("100ms"), Ok(Duration::from_millis(100)));
        assert!(parse_interval("0").is_err());
    }
}
