//! The server of the page.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use viseme::{Client, Config, Pacing};
use viseme_mock::{MockServer, OutputMode, Scenario};

use crate::access::Access;
use crate::app::{App, ServiceInfo};
use crate::files::FileStore;
use crate::jobs::OpenJob;
use crate::record_files::RecordFolder;
use crate::{dub_runner, random, routes, runner};

/// How often the mock's jobs are polled: they take seconds, not minutes.
const MOCK_POLL: Duration = Duration::from_millis(300);

/// Configures a playground; [`start`](Self::start) starts it.
#[must_use]
pub struct Builder {
    service: Service,
    port: u16,
    records: Option<PathBuf>,
}

enum Service {
    Mock(Box<Scenario>),
    Live { client: Client, base_url: String },
}

impl Builder {
    /// Listens on this port of 127.0.0.1; by default on a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps the records of submits in this folder until their jobs have ended, so that a later
    /// playground continues them. Without a folder, a job that runs when the process ends must be
    /// continued by its id. Has no effect offline.
    pub fn records(mut self, folder: impl Into<PathBuf>) -> Self {
        self.records = Some(folder.into());
        self
    }

    /// Sets the scenario of the mock server. Has no effect on the real service.
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        if let Service::Mock(current) = &mut self.service {
            **current = scenario;
        }
        self
    }

    /// Starts the playground, and continues the jobs that an earlier one left. Must be called inside
    /// a tokio runtime.
    ///
    /// # Errors
    /// The port is in use, or the folder for records or a temporary folder cannot be created.
    pub async fn start(self) -> io::Result<Playground> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let port = listener.local_addr()?.port();
        let (client, service, mock) = match self.service {
            Service::Live { client, base_url } => {
                (client, ServiceInfo { is_live: true, base_url, dashboard_url: None }, None)
            }
            Service::Mock(scenario) => {
                let mock = MockServer::builder()
                    .output(OutputMode::Dubbed)
                    .playground_url(format!("http://127.0.0.1:{port}/"))
                    .scenario(*scenario)
                    .start()
                    .await?;
                let (client, service) = mock_client(&mock)?;
                (client, service, Some(mock))
            }
        };
        let records =
            self.records.filter(|_| service.is_live).map(RecordFolder::open).transpose()?;
        let access = Access::new(port, random::token()?);
        let app = Arc::new(App::new(access, client, service, FileStore::new()?, records));
        runner::resume_jobs(&app);
        if app.records.is_some() {
            dub_runner::load(&app).await;
        }
        let router = routes::router(Arc::clone(&app));
        let serving = tokio::spawn(async move {
            // Serves until it is aborted; a failed connection does not end it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Playground { app, port, serving, _mock: mock })
    }
}

fn mock_client(mock: &MockServer) -> io::Result<(Client, ServiceInfo)> {
    let world = mock.default_world();
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .user_agent(concat!("viseme-playground/", env!("CARGO_PKG_VERSION")))
        .pacing(Pacing::every(MOCK_POLL))
        .build()
        .map_err(io::Error::other)?;
    let base_url = world.base_url().to_owned();
    let service = ServiceInfo {
        is_live: false,
        base_url,
        dashboard_url: Some(format!("{}/worlds/{}", mock.url(), world.id())),
    };
    Ok((Client::new(config).map_err(io::Error::other)?, service))
}

/// A running playground; it stops when dropped, and its temporary files are removed.
pub struct Playground {
    app: Arc<App>,
    port: u16,
    serving: JoinHandle<()>,
    _mock: Option<MockServer>,
}

impl Playground {
    /// Returns a builder of a playground whose jobs run on a mock server in this process and cost
    /// nothing.
    pub fn offline() -> Builder {
        Builder { service: Service::Mock(Box::default()), port: 0, records: None }
    }

    /// Returns a builder of a playground whose jobs run on the client's service and cost money.
    /// `base_url` is the URL of the client's API, to show it and to find its records again.
    pub fn live(client: Client, base_url: impl Into<String>) -> Builder {
        let service = Service::Live { client, base_url: base_url.into() };
        Builder { service, port: 0, records: None }
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a link that opens the page in one browser, once.
    ///
    /// # Errors
    /// The system has no secure random numbers.
    pub fn new_link(&self) -> io::Result<String> {
        Ok(self.app.access.add_link(random::token()?))
    }

    /// Returns the jobs that the service still works on. They cost money and continue when this
    /// process ends. Offline there are none.
    #[must_use]
    pub fn open_jobs(&self) -> Vec<OpenJob> {
        if self.app.service.is_live { self.app.jobs().open() } else { Vec::new() }
    }

    /// Returns the names of the videos whose dubs were paid for, in part at least, and are not complete.
    /// A later playground resumes them. Offline there are none.
    #[must_use]
    pub fn open_dubs(&self) -> Vec<String> {
        let dubs = self.app.dubs();
        let open = dubs.iter().filter(|dub| self.app.service.is_live && dub.is_unfinished());
        open.map(|dub| dub.saved.video.clone()).collect()
    }

    /// Returns whether a dub runs.
    #[must_use]
    pub fn is_dubbing(&self) -> bool {
        self.app.dubs().iter().any(|dub| dub.is_running())
    }

    /// Stops the dub that runs, and waits until none of its submits is in flight.
    pub async fn stop_dubs(&self) {
        let mut events = self.app.events.subscribe();
        for dub in self.app.dubs().iter() {
            dub.stop.notify_one();
        }
        while self.is_dubbing() {
            // Lagging means that something happened.
            let _ = events.recv().await;
        }
    }

    /// Waits until no submit is in flight, so that the id of every paid job is known.
    pub async fn submits_answered(&self) {
        let mut events = self.app.events.subscribe();
        while self.open_jobs().iter().any(|job| job.job_id.is_none()) {
            // Lagging means that something happened.
            let _ = events.recv().await;
        }
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        self.serving.abort();
        for dub in self.app.dubs().iter() {
            dub.stop.notify_one();
            if dub.saved.consent.is_none() {
                dub.folder.remove();
            }
        }
        self.app.files.remove_all();
    }
}
