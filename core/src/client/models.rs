//! The live catalogue, kept for an hour.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::Client;
use super::ask::ReadRequest;
use crate::account::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::models;
use crate::model::did_you_mean;

/// How long the catalogue is kept, as official tools do.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The catalogue as it came, and when. One fetch serves all who wait for it.
#[derive(Default)]
pub(super) struct Catalogue(Mutex<Option<(Duration, Arc<[Model]>)>>);

impl Client {
    /// Every model of the service. The catalogue is large (about a thousand models with their
    /// schemas), so it is kept for an hour.
    ///
    /// # Errors
    /// Those of a request.
    pub async fn models(&self) -> Result<Arc<[Model]>> {
        let mut kept = self.shared.catalogue.0.lock().await;
        if let Some((since, models)) = kept.as_ref()
            && self.now().saturating_sub(*since) < KEPT
        {
            return Ok(Arc::clone(models));
        }
        let request = ReadRequest::Get(models::PATH);
        let fetched = self.ask("asking for the models", request, models::parse).await?;
        let models: Arc<[Model]> = fetched.into();
        *kept = Some((self.now(), Arc::clone(&models)));
        Ok(models)
    }

    /// The model with this id, from the service's catalogue.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where the service has none of that id; those of
    /// [`models`](Self::models).
    pub async fn model(&self, id: &str) -> Result<Model> {
        let models = self.models().await?;
        if let Some(model) = models.iter().find(|model| model.id == id) {
            return Ok(model.clone());
        }
        let meant = did_you_mean(id, models.iter().map(|model| model.id.as_str()));
        let advice = match meant {
            Some(meant) => format!("Did you mean `{meant}`?"),
            None => "Look it up among the service's models.".to_owned(),
        };
        let message = format!("The service has no model `{id}`. {advice}");
        Err(Error::new(ErrorKind::NotFound, message))
    }
}
