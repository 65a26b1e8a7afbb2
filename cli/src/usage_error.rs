//! Messages about arguments that cannot be parsed.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};
use viseme::model::did_you_mean;

use crate::args::Args;

/// Returns what is wrong with the arguments and what to do.
pub(crate) fn message(error: &clap::Error, arguments: &[OsString]) -> String {
    let (path, command) = command_of(arguments);
    let problem = match error.kind() {
        ErrorKind::InvalidSubcommand => unknown_command(error, &command),
        ErrorKind::UnknownArgument => unknown_argument(error, &command),
        ErrorKind::ValueValidation => {
            error.source().map(|why| invalid_value(error, &why.to_string()))
        }
        ErrorKind::InvalidValue => Some(wrong_choice(error)),
        ErrorKind::TooManyValues => {
            Some(format!("{} takes no value, got {}.", argument(error), value(error)))
        }
        ErrorKind::ArgumentConflict => Some(conflict(error)),
        ErrorKind::MissingRequiredArgument => Some(missing(error)),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Some("The command is missing.".to_owned())
        }
        ErrorKind::InvalidUtf8 => Some("An argument is not valid UTF-8 text.".to_owned()),
        _ => None,
    };
    match problem {
        Some(problem) => format!("{problem} See `{path} --help`."),
        None => {
            let text = error.render().to_string();
            text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
        }
    }
}

/// Returns the command that the arguments name, and its words as typed.
fn command_of(arguments: &[OsString]) -> (String, Command) {
    let mut command = Args::command();
    let mut path = command.get_name().to_owned();
    for argument in arguments.iter().filter_map(|argument| argument.to_str()) {
        if let Some(inner) = command.find_subcommand(argument) {
            path = format!("{path} {argument}");
            command = inner.clone();
        }
    }
    (path, command)
}

fn unknown_command(error: &clap::Error, command: &Command) -> Option<String> {
    let word = text(error, ContextKind::InvalidSubcommand)?;
    let known = command.get_subcommands().map(Command::get_name);
    Some(match did_you_mean(&word, known) {
        Some(known) => format!("There is no command `{word}`. Did you mean `{known}`?"),
        None => format!("There is no command `{word}`."),
    })
}

fn unknown_argument(error: &clap::Error, command: &Command) -> Option<String> {
    let word = text(error, ContextKind::InvalidArg)?;
    if !word.starts_with('-') {
        let takes_media = command.get_arguments().any(|known| known.get_long() == Some("video"));
        let advice = if takes_media { " Pass files with --video and --audio." } else { "" };
        return Some(format!("Unexpected argument `{word}`.{advice}"));
    }
    let suggested = text(error, ContextKind::SuggestedArg);
    Some(match suggested {
        Some(known) => format!("There is no option `{word}`. Did you mean `{}`?", name(&known)),
        None => format!("There is no option `{word}`."),
    })
}

/// The message for a value that its option does not accept; `why` completes "the value …".
fn invalid_value(error: &clap::Error, why: &str) -> String {
    format!("Invalid value for {}: {why}, got {}.", argument(error), value(error))
}

/// The message for a missing value, or for one that is not in the list of allowed values.
fn wrong_choice(error: &clap::Error) -> String {
    let allowed = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => values.join(", "),
        _ => String::new(),
    };
    let is_missing = text(error, ContextKind::InvalidValue).is_none_or(|value| value.is_empty());
    match (is_missing, allowed.is_empty()) {
        (true, _) => {
            let given = text(error, ContextKind::InvalidArg).unwrap_or_default();
            format!("A value is missing: `{given}`.")
        }
        (false, false) => invalid_value(error, &format!("must be one of {allowed}")),
        (false, true) => invalid_value(error, "the value is not allowed"),
    }
}

fn conflict(error: &clap::Error) -> String {
    let others: Vec<String> =
        texts(error, ContextKind::PriorArg).iter().map(|it| name(it)).collect();
    let this = text(error, ContextKind::InvalidArg).map(|it| name(&it)).unwrap_or_default();
    if others.is_empty() || others.contains(&this) {
        return format!("`{this}` is given twice. Give it once.");
    }
    format!("`{this}` cannot be used with `{}`. Use one of them.", others.join("`, `"))
}

fn missing(error: &clap::Error) -> String {
    let names: Vec<_> =
        texts(error, ContextKind::InvalidArg).iter().map(|it| format!("`{}`", name(it))).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let usage = usage.trim();
    let usage = if usage.is_empty() { String::new() } else { format!(" {usage}.") };
    format!("{} {verb} missing.{usage}", names.join(", "))
}

/// The argument that the error is about, in backticks.
fn argument(error: &clap::Error) -> String {
    format!("`{}`", text(error, ContextKind::InvalidArg).map(|it| name(&it)).unwrap_or_default())
}

/// The value that the error is about, in quotes.
fn value(error: &clap::Error) -> String {
    format!("\"{}\"", text(error, ContextKind::InvalidValue).unwrap_or_default())
}

/// Returns `--out` of `--out <FILE>`, and `JOB` of `<JOB>...`.
fn name(argument: &str) -> String {
    let first = argument.split_whitespace().next().unwrap_or_default();
    first.trim_end_matches("...").trim_matches(['<', '>', '[', ']']).to_owned()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    texts(error, kind).into_iter().next()
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn message_for(line: &str) -> String {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let program = OsString::from("viseme");
        let parsed = Args::try_parse_from(std::iter::once(&program).chain(&arguments));
        message(&parsed.unwrap_err(), &arguments)
    }

    #[test]
    fn messages_say_what_is_allowed_and_what_was_meant() {
        for (line, expected) in [
            ("rnu", "There is no command `rnu`. Did you mean `run`? See `viseme --help`."),
            ("bogus", "There is no command `bogus`. See `viseme --help`."),
            (
                "webhook vrify",
                "There is no command `vrify`. Did you mean `verify`? See `viseme webhook --help`.",
            ),
            (
                "check --vidoe a.mp4",
                "There is no option `--vidoe`. Did you mean `--video`? See `viseme check --help`.",
            ),
            ("run --nonsense", "There is no option `--nonsense`. See `viseme run --help`."),
            (
                "run a.mp4 b.mp3",
                "Unexpected argument `b.mp3`. Pass files with --video and --audio. See \
                 `viseme run --help`.",
            ),
            ("balance extra", "Unexpected argument `extra`. See `viseme balance --help`."),
            (
                "run --max-retries many",
                "Invalid value for `--max-retries`: must be a whole number of 0 or more, got \
                 \"many\". See `viseme run --help`.",
            ),
            (
                "--max-retries -1 balance",
                "Invalid value for `--max-retries`: must be a whole number of 0 or more, got \
                 \"-1\". See `viseme balance --help`.",
            ),
            (
                "balance --max-retries 99999999999",
                "Invalid value for `--max-retries`: is too large, got \"99999999999\". See \
                 `viseme balance --help`.",
            ),
            (
                "mock --port 99999",
                "Invalid value for `--port`: must be a port from 1 to 65535, or 0 for a free one, \
                 got \"99999\". See `viseme mock --help`.",
            ),
            (
                "mock --host localhost",
                "Invalid value for `--host`: must be an IP address such as 127.0.0.1 or 0.0.0.0, \
                 got \"localhost\". See `viseme mock --help`.",
            ),
            (
                "playground --port -1",
                "Invalid value for `--port`: must be a port from 1 to 65535, or 0 for a free one, \
                 got \"-1\". See `viseme playground --help`.",
            ),
            (
                "history --limit few",
                "Invalid value for `--limit`: must be a whole number of 0 or more, got \"few\". \
                 See `viseme history --help`.",
            ),
            (
                "run -i foo",
                "Invalid value for `--input`: must be `NAME=VALUE` or `NAME=@FILE`, got \"foo\". \
                 See `viseme run --help`.",
            ),
            (
                "wait x --deadline soon",
                "Invalid value for `--deadline`: must be a duration such as `90s`, `10m` or \
                 `1h 30m`, got \"soon\". See `viseme wait --help`.",
            ),
            ("wait", "`JOB` is missing. Usage: viseme wait <JOB>. See `viseme wait --help`."),
            (
                "wait x --out",
                "A value is missing: `--out <FILE|FOLDER|->`. See `viseme wait --help`.",
            ),
            ("run --quiet=3", "`--quiet` takes no value, got \"3\". See `viseme run --help`."),
            (
                "run --offline --base-url http://127.0.0.1",
                "`--offline` cannot be used with `--base-url`. Use one of them. See \
                 `viseme run --help`.",
            ),
            (
                "run --video a --video b",
                "`--video` is given twice. Give it once. See `viseme run --help`.",
            ),
            (
                "playground --records folder",
                "`--live` is missing. Usage: viseme playground --live --records <FOLDER>. See \
                 `viseme playground --help`.",
            ),
            ("webhook", "The command is missing. See `viseme webhook --help`."),
        ] {
            assert_eq!(message_for(line), expected, "{line}");
        }
    }
}
