//! `viseme webhook verify`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use viseme::webhook::{
    DEFAULT_TOLERANCE, Delivery, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier,
    WebhookSecret,
};

use crate::args::parse_time;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::print;
use crate::{connect, report, source};

/// Where the secret may be.
const SECRET_VARIABLE: &str = "WAVESPEED_WEBHOOK_SECRET";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Webhook {
    /// Verify a webhook that was received: who sent it, and that nothing in it was changed.
    ///
    /// The secret is read from a file, or from WAVESPEED_WEBHOOK_SECRET, or else fetched with the
    /// key. The exit code is 3 where the webhook is refused.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The body, byte by byte as it came; `-` reads standard input.
    #[arg(long, value_name = "FILE|-")]
    body: PathBuf,

    /// The header `webhook-id`.
    #[arg(long)]
    id: String,

    /// The header `webhook-timestamp`.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timestamp: String,

    /// The header `webhook-signature`: `v3,` and 64 hexadecimal digits.
    #[arg(long)]
    signature: String,

    /// A file with the account's webhook secret.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// How far the timestamp may be from now, either way. [default: 5m]
    #[arg(long, value_parser = parse_time, value_name = "TIME", allow_hyphen_values = true)]
    tolerance: Option<Duration>,
}

pub(crate) async fn webhook(options: &Options, webhook: Webhook) -> Result<Ending> {
    match webhook {
        Webhook::Verify(verify) => self::verify(options, verify).await,
    }
}

async fn verify(options: &Options, verify: Verify) -> Result<Ending> {
    let body = source::read(&verify.body)?;
    let secret = secret(options, verify.secret_file.as_deref()).await?;
    let verifier = Verifier::new(secret).tolerance(verify.tolerance.unwrap_or(DEFAULT_TOLERANCE));
    let headers = [
        (ID_HEADER, &verify.id),
        (TIMESTAMP_HEADER, &verify.timestamp),
        (SIGNATURE_HEADER, &verify.signature),
    ];
    let delivery = verifier.receive(headers, &body, SystemTime::now())?;
    tell(options, &delivery)?;
    Ok(Ending::Done)
}

fn tell(options: &Options, delivery: &Delivery) -> Result<()> {
    let prediction = &delivery.prediction;
    if options.json {
        let mut state = report::state_json(prediction);
        if let Some(fields) = state.as_object_mut() {
            fields.insert("webhook_id".to_owned(), delivery.id.clone().into());
        }
        return print(state);
    }
    print("genuine")?;
    print(format_args!("job: {}", prediction.id))?;
    print(format_args!("status: {}", prediction.status))?;
    if let Some(error) = &prediction.error {
        print(format_args!("error: {error}"))?;
    }
    prediction.output_url().map_or(Ok(()), |url| print(format_args!("output: {url}")))
}

async fn secret(options: &Options, file: Option<&Path>) -> Result<WebhookSecret> {
    let text = match file {
        Some(file) => String::from_utf8(source::read(file)?).map_err(|_| {
            Failure::Usage(format!("{} holds no secret: it is not text.", file.display()))
        })?,
        None => match std::env::var(SECRET_VARIABLE).ok().filter(|text| !text.trim().is_empty()) {
            Some(text) => text,
            None => {
                let client = connect::online(options)?;
                return client.webhook_secret().await.map_err(Failure::question);
            }
        },
    };
    Ok(WebhookSecret::new(text)?)
}
