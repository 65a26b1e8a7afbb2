//! The service's catalogue: its models, and what a run costs.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::Client;
use super::account::ReadRequest;
use super::check::validate_input;
use super::prepare::{Options, fetchable_url, prepare};
use super::progress::OnProgress;
use crate::account::{Model, Price};
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::{models, price};
use crate::media::{Rule, Violation};
use crate::model::{Input, InputValue, did_you_mean};

/// How long the models are cached, as official tools do.
const CACHED: Duration = Duration::from_secs(60 * 60);

/// The models, and when they were fetched. Concurrent callers share one request.
#[derive(Default)]
pub(super) struct ModelCache(Mutex<Option<(Duration, Arc<[Model]>)>>);

impl Client {
    /// Returns every model of the service. The response is large (about a thousand models with their
    /// schemas), so the client caches it for an hour.
    ///
    /// # Errors
    /// The errors of a request.
    pub async fn models(&self) -> Result<Arc<[Model]>> {
        let mut cached = self.shared.model_cache.0.lock().await;
        if let Some((since, models)) = cached.as_ref()
            && self.now().saturating_sub(*since) < CACHED
        {
            return Ok(Arc::clone(models));
        }
        let request = ReadRequest::Get(models::PATH);
        let models: Arc<[Model]> =
            self.read("listing the models", request, models::parse).await?.into();
        *cached = Some((self.now(), Arc::clone(&models)));
        Ok(models)
    }

    /// Returns the model with this id from the service's catalogue.
    ///
    /// # Errors
    /// Returns [`ErrorKind::NotFound`] if the service has no such model, and the errors of
    /// [`models`](Self::models).
    pub async fn model(&self, id: &str) -> Result<Model> {
        let models = self.models().await?;
        if let Some(model) = models.iter().find(|model| model.id == id) {
            return Ok(model.clone());
        }
        let advice = match did_you_mean(id, models.iter().map(|model| model.id.as_str())) {
            Some(similar) => format!("Did you mean `{similar}`?"),
            None => "List the models to find its id.".to_owned(),
        };
        let message = format!("The service has no model `{id}`. {advice}");
        Err(Error::new(ErrorKind::NotFound, message))
    }

    /// Returns the price of a run of this input. Costs nothing.
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
    /// Returns [`ErrorKind::InvalidInput`] for a value that a run would reject,
    /// [`ErrorKind::NotFound`] if the service has no such model, and the errors of a request.
    pub fn price(&self, input: impl Into<Input>) -> PriceQuery {
        PriceQuery { client: self.clone(), input: input.into(), upload: false }
    }
}

/// A request for a price. It starts when it is awaited; [`Client::price`] creates it.
#[must_use = "a price query does nothing until it is awaited"]
pub struct PriceQuery {
    client: Client,
    input: Input,
    upload: bool,
}

impl PriceQuery {
    /// Sets whether local media are uploaded first, so that the service can measure them. Uploading
    /// costs nothing. Default `false`: local media are left out, and so may be what the input does not
    /// have yet. The price is then the model's base price.
    pub fn upload(mut self, upload: bool) -> Self {
        self.upload = upload;
        self
    }

    async fn send(self) -> Result<Price> {
        let Self { client, input, upload } = self;
        client.api.require_key()?;
        let (body, left_out) = if upload {
            (
                prepare(&client, &input, Options::default(), &OnProgress::default()).await?,
                Vec::new(),
            )
        } else {
            let input = input.clone().with_defaults();
            let mut report = validate_input(&input, false, None).await;
            let is_missing = |violation: &mut Violation| violation.rule == Rule::Required;
            let missing: Vec<_> = report.violations.extract_if(.., is_missing).collect();
            report.into_result()?;
            let (body, mut left_out) = without_uploads(&input);
            left_out.extend(missing.into_iter().map(|violation| violation.field));
            (body, left_out)
        };
        let body = price::request(input.model(), &body);
        let operation = format!("getting the price of {}", input.model());
        let parse = |data| price::parse(input.model(), data);
        let request = |path| client.read(&operation, ReadRequest::Post(path, &body), parse);
        let price = match request(price::PATH).await {
            // Either the endpoint or the model does not exist: the older endpoint shows which.
            Err(error) if error.kind() == ErrorKind::NotFound => request(price::OLD_PATH).await,
            result => result,
        };
        price.map(|price| Price { left_out, ..price })
    }
}

impl IntoFuture for PriceQuery {
    type Output = Result<Price>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
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
