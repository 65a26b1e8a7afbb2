//! What is printed: results on standard output, everything else on standard error. The reader of
//! either may close it at any time.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use viseme::media::{MediaInfo, Rule, Violation};
use viseme::{DownloadedFile, Job, Output, Prediction, Report};

use crate::failure::{Failure, Result, reason};
use crate::options::Options;

/// The end of the message about media that are too short.
const TOO_SHORT: &str = "Choose a longer one.";

/// Prints a line of the result to standard output.
///
/// # Errors
/// If it cannot be written. A reader that closes the pipe (`| head -1`) is not an error.
pub(crate) fn print_line(line: impl fmt::Display) -> Result<()> {
    unless_closed(write_line(line))
}

/// Prints a line about a job. If standard output cannot be written, the job's id is printed to
/// standard error, so that it is not lost.
fn print_job_line(job_id: &str, line: impl fmt::Display) -> Result<()> {
    let written = write_line(line);
    if let Err(error) = &written {
        eprint_line(format_args!(
            "Cannot write the result to standard output ({}). The job is {job_id}",
            reason(error)
        ));
    }
    unless_closed(written)
}

fn write_line(line: impl fmt::Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", printable(&line.to_string()))?;
    out.flush()
}

/// Prints a text that this program made, as it is.
///
/// # Errors
/// If standard output cannot be written. A reader that closes the pipe is not an error.
pub(crate) fn print_text(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Copies a file to standard output.
///
/// # Errors
/// If it cannot be read or written. A reader that closes the pipe is not an error.
pub(crate) fn copy_to_stdout(file: &Path) -> Result<()> {
    let mut file =
        std::fs::File::open(file).map_err(|error| Failure::local("read the output", &error))?;
    let mut out = io::stdout().lock();
    unless_closed(io::copy(&mut file, &mut out).and_then(|_| out.flush()))
}

fn unless_closed(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::local("write to standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error, and ignores that this may fail.
pub(crate) fn eprint_line(line: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(&line.to_string()));
}

/// Replaces control characters, so that text of the service cannot control the terminal.
fn printable(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(is_harmful) {
        Cow::Owned(text.replace(is_harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The lines of a check: one for each media file, then one for each violation.
pub(crate) fn report_lines<'r>(
    report: &'r Report,
    options: &'r Options,
) -> impl Iterator<Item = String> + 'r {
    let media = report.media.iter().map(|(field, info)| format!("{field}: {}", media_line(info)));
    let violations = report.violations.iter().map(move |violation| {
        let level = if violation.is_error() { "error" } else { "warning" };
        let message = in_cli_words(&violation.message, options);
        format!("{level}: {message}{}", fix_line(violation, options, "  "))
    });
    media.chain(violations)
}

/// The line below a violation with the step that mends it, and how to have it made; empty if there is no
/// step, or if it is made anyway.
pub(crate) fn fix_line(violation: &Violation, options: &Options, indent: &str) -> String {
    let (step, extend) = match (&violation.fix, extension(violation)) {
        (Some(fix), _) => (fix.to_string(), ""),
        (None, Some(step)) => (step.to_owned(), " --extend"),
        (None, None) => return String::new(),
    };
    // Without it, only errors are mended.
    let strict = if options.strict || !violation.is_error() { " --strict" } else { "" };
    let flags = format!("{strict}{extend}");
    let how = match options.fits_media {
        true if flags.is_empty() => return String::new(),
        true => flags.trim_start().to_owned(),
        false => format!("`viseme fit{flags}`"),
    };
    format!("\n{indent}fix: {step} ({how} mends this)")
}

/// The step that mends media which are too short, in words; `None` for other violations. It is made only
/// if the user asks for it.
fn extension(violation: &Violation) -> Option<&'static str> {
    let is_short = violation.rule == Rule::Duration && violation.message.ends_with(TOO_SHORT);
    is_short.then_some(match violation.field.as_str() {
        "audio" => "add silence",
        _ => "hold the last frame",
    })
}

/// The properties of a media file in one line.
fn media_line(info: &MediaInfo) -> String {
    let mut facts = vec![info.container.label().to_owned()];
    let codecs = [&info.video_codec, &info.audio_codec].into_iter().flatten();
    // "MP3, mp3" would say it twice.
    facts.extend(codecs.filter(|it| !it.eq_ignore_ascii_case(info.container.label())).cloned());
    facts.extend(info.duration.map(|duration| format!("{:.2} s", duration.as_secs_f64())));
    if let (Some(width), Some(height)) = (info.width, info.height) {
        facts.push(format!("{width} × {height} px"));
    }
    facts.extend(info.bytes.map(size));
    facts.join(", ")
}

/// The properties of a media file as JSON.
pub(crate) fn media_json(info: &MediaInfo) -> Value {
    json!({
        "container": info.container,
        "bytes": info.bytes,
        "duration_seconds": info.duration.map(|duration| duration.as_secs_f64()),
        "width": info.width,
        "height": info.height,
        "video_codec": info.video_codec,
        "audio_codec": info.audio_codec,
        "corruption": info.corruption,
        "anomaly": info.anomaly,
    })
}

/// Prints the result of a run or a wait: where the output is.
pub(crate) fn print_result(
    prediction: &Prediction,
    saved: Option<&[DownloadedFile]>,
    options: &Options,
) -> Result<()> {
    let id = &prediction.id;
    if options.json {
        let mut state = state_json(prediction);
        if let Some(fields) = state.as_object_mut() {
            let saved = saved.unwrap_or_default();
            fields.insert("saved".to_owned(), json!(saved.first().map(saved_json)));
            let files: Vec<_> = saved.iter().map(saved_json).collect();
            fields.insert("saved_files".to_owned(), json!(files));
        }
        return print_job_line(id, state);
    }
    match saved {
        Some(saved) => saved.iter().try_for_each(|saved| print_job_line(id, saved.path.display())),
        None => {
            let outputs = prediction.outputs.iter().map(output_line);
            outputs.into_iter().try_for_each(|line| print_job_line(id, line))
        }
    }
}

/// Returns an output as a line: its URL, its text, or its JSON.
pub(crate) fn output_line(output: &Output) -> String {
    match (output.url(), output) {
        (Some(url), _) => url.to_owned(),
        (None, Output::Text(text) | Output::Url(text)) => text.clone(),
        (None, other) => json!(other).to_string(),
    }
}

/// Prints a job that was submitted or recovered.
pub(crate) fn print_job(job: &Job, options: &Options) -> Result<()> {
    match job.prediction() {
        Some(prediction) if options.json => print_job_line(job.id(), state_json(prediction)),
        _ => print_job_line(job.id(), job.id()),
    }
}

/// The state of a job as JSON.
pub(crate) fn state_json(prediction: &Prediction) -> Value {
    json!({
        "job_id": prediction.id,
        "status": prediction.status,
        "output_url": prediction.output_url(),
        "recovered": prediction.recovered.is_some(),
        "prediction": prediction,
    })
}

/// A saved file as JSON.
pub(crate) fn saved_json(saved: &DownloadedFile) -> Value {
    // JSON is UTF-8; a path need not be.
    json!({"path": saved.path.to_string_lossy(), "bytes": saved.bytes})
}

/// The saved files of a download as JSON: the first, and the list of all.
pub(crate) fn all_saved_json(saved: &[DownloadedFile]) -> Value {
    let mut json = saved.first().map_or_else(|| json!({}), saved_json);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("files".to_owned(), saved.iter().map(saved_json).collect());
    }
    json
}

/// Formats a number of bytes. 1 MB is 1024 × 1024 bytes, as in the models' limits.
pub(crate) fn size(bytes: u64) -> String {
    const STEP: f64 = 1024.0;
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB"] {
        if value < STEP {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= STEP;
    }
    format!("{value:.1} GB")
}

/// Formats an amount of money: two decimals, or more if the amount has more.
pub(crate) fn money(amount: f64) -> String {
    // Prices have six decimals at most; what follows is noise of the number's format.
    let exact = format!("{amount:.6}");
    let short = exact.trim_end_matches('0');
    let decimals = short.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    format!("{amount:.*}", decimals.max(2))
}

/// Formats a duration in seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Replaces the names of the library's parameters and settings by the options and variables of the
/// command line.
pub(crate) fn in_cli_words(text: &str, options: &Options) -> String {
    const WORDS: [(&str, &str); 16] = [
        ("Choose an end of ", "Pass --to "),
        (
            "Set WAVESPEED_API_KEY or pass `api_key`. To try Viseme without a key, start the mock server \
             with `viseme mock`",
            "Set WAVESPEED_API_KEY to your key. Without an account, add --offline to `viseme run`, or \
             start `viseme mock` and set the two variables that it prints",
        ),
        ("`api_key` or WAVESPEED_API_KEY", "WAVESPEED_API_KEY"),
        (" or pass `api_key`", ""),
        ("Pass `api_key` or set WAVESPEED_API_KEY", "Set WAVESPEED_API_KEY"),
        ("Pass `api_key` instead", "Set WAVESPEED_API_KEY instead"),
        ("`api_key`", "`WAVESPEED_API_KEY`"),
        ("`allow_http`", "`--allow-http`"),
        ("`base_url`", "`--base-url`"),
        ("Invalid value for `webhook`", "Invalid value for `--webhook`"),
        ("set the base URL to it", "set the base URL to it (--base-url or WAVESPEED_BASE_URL)"),
        ("SSL_CERT_FILE or `ca_bundle`", "SSL_CERT_FILE"),
        ("; raise `max_bytes` if you want it", ""),
        ("`proxy`", "`HTTPS_PROXY`"),
        // The command line has no such options.
        (" Set `allow_private_addresses` to read it from here.", ""),
        (" Set `allow_private_addresses` to read it anyway.", ""),
    ];
    let mut text = WORDS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    for name in &options.media_options {
        text = text.replace(&format!("`{name}`"), &format!("`--{name}`"));
    }
    text
}

/// The violations as JSON, with messages in the words of the command line.
pub(crate) fn violations_json(violations: &[Violation], options: &Options) -> Value {
    let mut violations = violations.to_vec();
    for violation in &mut violations {
        violation.message = in_cli_words(&violation.message, options);
    }
    json!(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(printable("a\u{1b}[2Jb\rc\nd\te"), "a\u{fffd}[2Jb\u{fffd}c\nd\te");
        assert_eq!(printable("“plain” ×"), "“plain” ×");
    }

    #[test]
    fn the_line_of_a_fix_names_the_options_that_it_needs() {
        use viseme::media::{Container, Fix};
        use viseme::model::Level;
        let plain = Options::default();
        let strict = Options { strict: true, ..Options::default() };
        let fits = Options { fits_media: true, ..Options::default() };
        for (field, level, fixed, options, expected) in [
            ("video", Level::Error, true, &plain, "convert to MP4 (`viseme fit` mends this)"),
            (
                "video",
                Level::Warning,
                true,
                &plain,
                "convert to MP4 (`viseme fit --strict` mends this)",
            ),
            (
                "video",
                Level::Error,
                true,
                &strict,
                "convert to MP4 (`viseme fit --strict` mends this)",
            ),
            ("video", Level::Warning, true, &fits, "convert to MP4 (--strict mends this)"),
            ("video", Level::Error, true, &fits, ""),
            (
                "video",
                Level::Error,
                false,
                &plain,
                "hold the last frame (`viseme fit --extend` mends this)",
            ),
            (
                "audio",
                Level::Warning,
                false,
                &plain,
                "add silence (`viseme fit --strict --extend` mends this)",
            ),
            ("video", Level::Error, false, &fits, "hold the last frame (--extend mends this)"),
        ] {
            let message = "`video`: a.mkv lasts 1 s. Choose a longer one.";
            let mut violation = Violation::new(field, Rule::Duration, level, "", "", message);
            violation.fix = fixed.then_some(Fix::Convert { container: Container::Mp4 });
            let expected = match expected {
                "" => String::new(),
                some => format!("\n  fix: {some}"),
            };
            assert_eq!(fix_line(&violation, options, "  "), expected);
        }
        let other =
            Violation::new("video", Rule::Codec, Level::Error, "", "", "Choose a longer one.");
        assert_eq!(fix_line(&other, &plain, "  "), "");
    }

    #[test]
    fn sizes_have_a_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KB"),
            (270_205, "263.9 KB"),
            (100 * 1024 * 1024, "100.0 MB"),
            (3 << 30, "3.0 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn money_has_two_decimals_or_those_of_the_amount() {
        for (amount, text) in [
            (99.860_000_000_000_01, "99.86"),
            (100.0, "100.00"),
            (0.1 + 0.2, "0.30"),
            (0.0125, "0.0125"),
            (0.0, "0.00"),
            (-1.5, "-1.50"),
        ] {
            assert_eq!(money(amount), text);
        }
    }

    #[test]
    fn settings_have_the_names_of_the_command_line() {
        for (text, expected) in [
            (
                "https is needed (`allow_http` allows http)",
                "https is needed (`--allow-http` allows http)",
            ),
            ("Set WAVESPEED_API_KEY or pass `api_key`. To", "Set WAVESPEED_API_KEY. To"),
            ("Invalid value for `base_url`: x", "Invalid value for `--base-url`: x"),
            ("can reach it. Set `allow_private_addresses` to read it from here.", "can reach it."),
            ("set SSL_CERT_FILE or `ca_bundle` to", "set SSL_CERT_FILE to"),
            (
                "Check the API key (`api_key` or WAVESPEED_API_KEY).",
                "Check the API key (WAVESPEED_API_KEY).",
            ),
            ("nothing to replace", "nothing to replace"),
        ] {
            assert_eq!(in_cli_words(text, &Options::default()), expected);
        }
    }

    #[test]
    fn media_have_the_names_that_the_user_gave_them() {
        let options = Options { media_options: vec!["video"], ..Options::default() };
        for (text, expected) in [
            ("`video`: file not found: a.mp4.", "`--video`: file not found: a.mp4."),
            ("`video`: a.mp4 lasts 1 s.", "`--video`: a.mp4 lasts 1 s."),
            ("`video` is missing", "`--video` is missing"),
            ("`audio`: file not found: a.mp3.", "`audio`: file not found: a.mp3."),
        ] {
            assert_eq!(in_cli_words(text, &options), expected);
        }
    }
}
