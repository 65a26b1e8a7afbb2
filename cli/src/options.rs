//! What all commands share, and how to go on after one that ended early.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::{Args, Command};

/// What all commands share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) base_url: Option<String>,
    pub(crate) allow_http: bool,
    /// Whether the service is a mock that ends with the command.
    pub(crate) offline: bool,
    /// Where the output goes.
    pub(crate) out: Option<PathBuf>,
    pub(crate) poll_every: Option<Duration>,
    /// Where the record of a submit is kept.
    pub(crate) record: Option<PathBuf>,
}

impl From<&Args> for Options {
    fn from(args: &Args) -> Self {
        let common = Self {
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
            base_url: args.base_url.clone(),
            allow_http: args.allow_http,
            ..Self::default()
        };
        match &args.command {
            Command::Run(run) => Self {
                offline: run.offline,
                out: run.out.clone(),
                poll_every: run.waiting.poll_every,
                record: run.submitting.save_record.clone(),
                ..common
            },
            Command::Submit(submit) => {
                Self { record: submit.submitting.save_record.clone(), ..common }
            }
            Command::Recover(recover) => Self { record: Some(recover.record.clone()), ..common },
            Command::Wait(wait) => {
                Self { out: wait.out.clone(), poll_every: wait.waiting.poll_every, ..common }
            }
            Command::Download(download) => Self { out: Some(download.out.clone()), ..common },
            Command::Demo(demo) => Self { offline: true, out: Some(demo.out.clone()), ..common },
            _ => common,
        }
    }
}

impl Options {
    /// Whether the person is told nothing but the result and the error.
    pub(crate) fn is_silent(&self) -> bool {
        self.quiet || (self.json && !std::io::stderr().is_terminal())
    }

    /// The command that goes on with a job: `wait` or `download`. `None` where the job ends with
    /// this command.
    pub(crate) fn resume(&self, command: &str, job_id: &str) -> Option<String> {
        if self.offline {
            return None;
        }
        let mut line = format!("viseme {command} {}", quoted(job_id));
        if let Some(out) = &self.out {
            line += &format!(" --out {}", quoted(&out.to_string_lossy()));
        }
        Some(line + &self.elsewhere())
    }

    /// The command that looks for a lost submit. `None` where its record is in no file.
    pub(crate) fn recover(&self) -> Option<String> {
        let record = self.record.as_ref().filter(|record| !self.offline && **record != *"-")?;
        Some(format!("viseme recover {}", quoted(&record.to_string_lossy())) + &self.elsewhere())
    }

    /// The options that say where the service is.
    fn elsewhere(&self) -> String {
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

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
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
    fn the_command_to_go_on_is_one_that_works() {
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
}
