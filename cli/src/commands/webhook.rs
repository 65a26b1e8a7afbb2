//! `viseme webhook verify`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use viseme::webhook::{
    DEFAULT_TOLERANCE, Delivery, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier,
    WebhookSecret,
};

use crate::failure::{Failure, Outcome, Result};
use crate::options::{Options, parse_duration};
use crate::output::{print_line, state_json};
use crate::{client, input_file};

/// The environment variable with the secret.
const SECRET_VARIABLE: &str = "WAVESPEED_WEBHOOK_SECRET";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Webhook {
    /// Verify that a received webhook was sent by the service and not changed.
    ///
    /// The secret is read from --secret-file or from WAVESPEED_WEBHOOK_SECRET, or else fetched with
    /// the API key. The exit code is 3 if the webhook is not genuine.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The body, exactly as received; `-` is standard input.
    #[arg(long, value_name = "FILE|-")]
    body: PathBuf,

    /// The header `webhook-id`.
    #[arg(long)]
    id: String,

    /// The header `webhook-timestamp`.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, value_parser = parse_timestamp)]
    timestamp: String,

    /// The header `webhook-signature`: `v3,` and 64 hexadecimal digits.
    #[arg(long)]
    signature: String,

    /// A file with the account's webhook secret.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// How far the timestamp may be from now, in either direction. [default: 5m]
    #[arg(long, value_parser = parse_duration, value_name = "TIME", allow_hyphen_values = true)]
    tolerance: Option<Duration>,
}

/// Checks the argument before anything is fetched.
fn parse_timestamp(text: &str) -> std::result::Result<String, String> {
    match text.trim().parse::<i64>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("must be the seconds since 1970, such as `1767225600`".to_owned()),
    }
}

pub(crate) async fn webhook(options: &Options, webhook: Webhook) -> Result<Outcome> {
    match webhook {
        Webhook::Verify(verify) => self::verify(options, verify).await,
    }
}

async fn verify(options: &Options, verify: Verify) -> Result<Outcome> {
    let body = input_file::read(&verify.body)?;
    let secret = secret(options, verify.secret_file.as_deref()).await?;
    let verifier = Verifier::new(secret).tolerance(verify.tolerance.unwrap_or(DEFAULT_TOLERANCE));
    let headers = [
        (ID_HEADER, &verify.id),
        (TIMESTAMP_HEADER, &verify.timestamp),
        (SIGNATURE_HEADER, &verify.signature),
    ];
    let delivery = verifier.receive(headers, &body, SystemTime::now())?;
    print_delivery(options, &delivery)?;
    Ok(Outcome::Done)
}

fn print_delivery(options: &Options, delivery: &Delivery) -> Result<()> {
    let prediction = &delivery.prediction;
    if options.json {
        let mut state = state_json(prediction);
        if let Some(fields) = state.as_object_mut() {
            fields.insert("webhook_id".to_owned(), delivery.id.clone().into());
        }
        return print_line(state);
    }
    print_line("genuine")?;
    print_line(format_args!("job: {}", prediction.id))?;
    print_line(format_args!("status: {}", prediction.status))?;
    if let Some(error) = &prediction.error {
        print_line(format_args!("error: {error}"))?;
    }
    prediction.output_url().map_or(Ok(()), |url| print_line(format_args!("output: {url}")))
}

async fn secret(options: &Options, file: Option<&Path>) -> Result<WebhookSecret> {
    let text = match file {
        Some(file) => String::from_utf8(input_file::read(file)?).map_err(|_| {
            Failure::Usage(format!("{} contains no secret: it is not text.", file.display()))
        })?,
        None => match std::env::var(SECRET_VARIABLE).ok().filter(|text| !text.trim().is_empty()) {
            Some(text) => text,
            None => {
                let client = client::online(options)?;
                return client.webhook_secret().await.map_err(Failure::query);
            }
        },
    };
    Ok(WebhookSecret::new(text)?)
}
