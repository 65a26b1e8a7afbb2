//! The ledger of a client: how it is opened, and what a host reads and changes in it.

use viseme::{Client, Config, ConfigBuilder};

use crate::dto::{ErrorData, Request};
use crate::task::Task;

/// The ledger of a client, if it has one.
#[derive(Clone, Default)]
pub(crate) struct LedgerHandle {
    #[cfg(feature = "ledger")]
    ledger: Option<viseme_ledger::LazyLedger>,
}

/// Opens the ledger at the path or the URL, if there is one, and returns the configuration of a client with it.
pub(crate) fn configure(
    (config, path): (ConfigBuilder, Option<String>),
) -> Result<(Config, LedgerHandle), Box<ErrorData>> {
    // Validated first: an invalid setting must not create the file.
    let without_ledger = config.clone().build()?;
    let Some(path) = path else {
        return Ok((without_ledger, LedgerHandle::default()));
    };
    let ledger = LedgerHandle::open(&path)?;
    Ok((ledger.add_to(config).build()?, ledger))
}

#[cfg(not(feature = "ledger"))]
impl LedgerHandle {
    /// Refuses a path: this library has no ledger.
    fn open(_: &str) -> Result<Self, Box<ErrorData>> {
        Err(ErrorData::new("config", "`ledger` is not available here."))
    }

    /// Returns the configuration as it is.
    fn add_to(&self, config: ConfigBuilder) -> ConfigBuilder {
        config
    }

    /// Refuses a request: the client has no ledger.
    pub(crate) fn start(&self, _: &Client, _: Request) -> Result<Task, Box<ErrorData>> {
        Err(no_ledger())
    }
}

fn no_ledger() -> Box<ErrorData> {
    let message = "The client has no ledger. Set `ledger` when you create the client.";
    ErrorData::new("config", message)
}

#[cfg(feature = "ledger")]
mod opened {
    use std::error::Error as _;

    use serde::Serialize;
    use viseme::ledger::LedgerError;
    use viseme_ledger::{GIVEN_UP, LazyLedger};

    use super::{Client, ConfigBuilder, ErrorData, LedgerHandle, Request, Task, no_ledger};
    use crate::dto::LedgerSubmit;
    use crate::message;

    impl LedgerHandle {
        /// Opens the file, or creates it. A database is opened by the first operation that needs it.
        pub(super) fn open(path_or_url: &str) -> Result<Self, Box<ErrorData>> {
            let ledger = LazyLedger::new(path_or_url).map_err(|error| {
                let mut data = error_data(&error);
                data.message = format!("Invalid value for `ledger`: {}", data.message);
                data
            })?;
            Ok(Self { ledger: Some(ledger) })
        }

        /// Adds the ledger to the configuration of a client.
        pub(super) fn add_to(&self, config: ConfigBuilder) -> ConfigBuilder {
            match &self.ledger {
                Some(ledger) => config.ledger(ledger.clone()),
                None => config,
            }
        }

        /// Starts one of the operations of a ledger.
        pub(crate) fn start(
            &self,
            client: &Client,
            request: Request,
        ) -> Result<Task, Box<ErrorData>> {
            let ledger = self.ledger.clone().ok_or_else(no_ledger)?;
            Ok(match request {
                Request::LedgerSubmits { state } => task(async move {
                    let rows = ledger.get().await?.submits().await?;
                    let rows = rows.into_iter().map(LedgerSubmit::from);
                    let fits = |row: &LedgerSubmit| state.is_none_or(|it| it == row.state);
                    Ok(rows.filter(fits).collect::<Vec<_>>())
                }),
                Request::LedgerGiveUp { key } => {
                    task(async move { ledger.get().await?.give_up(&key, GIVEN_UP).await })
                }
                Request::LedgerAdopt { key, job_id } => {
                    task(async move { ledger.get().await?.adopt(&key, &job_id).await })
                }
                Request::LedgerReplaceApiKey => {
                    let account = client.ledger_account()?;
                    task(async move { ledger.get().await?.replace_api_key(account).await })
                }
                _ => {
                    let message = "The ledger has no such operation.";
                    return Err(ErrorData::new("invalid_input", message));
                }
            })
        }
    }

    fn task<T: Serialize>(
        operation: impl Future<Output = Result<T, LedgerError>> + Send + 'static,
    ) -> Task {
        Task::from_future(async move {
            match operation.await {
                Ok(value) => message::value(value),
                Err(error) => message::error(error_data(&error)),
            }
        })
    }

    fn error_data(error: &LedgerError) -> Box<ErrorData> {
        let mut data = ErrorData::new("ledger", error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            data.causes.push(cause.to_string());
            source = cause.source();
        }
        data
    }
}
