//! What a run would cost.

use std::future::IntoFuture;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::Client;
use super::ask::ReadRequest;
use super::check::validate_input;
use super::prepare::{Options, fetchable_url, prepare};
use super::progress::OnProgress;
use crate::account::Price;
use crate::error::{ErrorKind, Result};
use crate::http::endpoints::price;
use crate::model::{Input, InputValue};

/// A question for a price, asked when awaited; made by [`Client::price`].
#[must_use = "a price is asked for when it is awaited"]
pub struct PriceQuery {
    client: Client,
    input: Input,
    upload: bool,
}

impl PriceQuery {
    pub(super) fn new(client: Client, input: Input) -> Self {
        Self { client, input, upload: false }
    }

    /// Whether media on this machine are uploaded first, so that the service can measure them:
    /// then the price is that of exactly this run. Uploading costs nothing. Default `false`: they
    /// are left out, and the price is the model's base price.
    pub fn upload(mut self, upload: bool) -> Self {
        self.upload = upload;
        self
    }

    async fn ask(self) -> Result<Price> {
        let Self { client, input, upload } = self;
        client.api.require_key()?;
        let (body, left_out) = if upload {
            (
                prepare(&client, &input, Options::default(), &OnProgress::default()).await?,
                Vec::new(),
            )
        } else {
            // Validated all the same: the price of an invalid input helps nobody.
            let input = input.clone().with_defaults();
            validate_input(&input, false, None).await.into_result()?;
            without_uploads(&input)
        };
        let body = price::request(input.model(), &body);
        let doing = format!("asking for the price of {}", input.model());
        let parse = |data| price::parse(input.model(), data);
        let answer = match client.ask(&doing, ReadRequest::Post(price::PATH, &body), parse).await {
            // The newer form is not there, or the model is not: the older form tells which.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                client.ask(&doing, ReadRequest::Post(price::OLD_PATH, &body), parse).await
            }
            other => other,
        };
        answer.map(|price| Price { left_out, ..price })
    }
}

/// Returns the parameters that need no upload, and the names of the others.
fn without_uploads(input: &Input) -> (Value, Vec<String>) {
    let mut body = Map::new();
    let mut left_out = Vec::new();
    for (name, value) in input.fields() {
        match value {
            InputValue::Json(json) => drop(body.insert(name.to_owned(), json.clone())),
            InputValue::Media(media) => match fetchable_url(media) {
                Some(url) => drop(body.insert(name.to_owned(), Value::from(url.as_str()))),
                None => left_out.push(name.to_owned()),
            },
        }
    }
    (Value::Object(body), left_out)
}

impl IntoFuture for PriceQuery {
    type Output = Result<Price>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.ask().boxed()
    }
}

impl Client {
    /// Asks what a run of this input would cost. That costs nothing.
    ///
    /// ```no_run
    /// # async fn example() -> viseme::Result<()> {
    /// use viseme::{AudioToVideo, Client};
    ///
    /// let client = Client::from_env()?;
    /// let input = AudioToVideo::new().audio("voice.mp3").video("face.mp4");
    /// let price = client.price(input).upload(true).await?;
    /// println!("{} {}", price.due(), price.currency);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for an input that a run would refuse;
    /// [`ErrorKind::NotFound`] for a model the service does not have; those of a request.
    pub fn price(&self, input: impl Into<Input>) -> PriceQuery {
        PriceQuery::new(self.clone(), input.into())
    }
}
