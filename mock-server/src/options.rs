//! The command line of `viseme-mock` and of `viseme mock`.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::scenario::ClockScenario;
use crate::signals::Signals;
use crate::{Builder, ClockMode, MockServer, OutputMode, Scenario};

/// The arguments of `viseme-mock` and of `viseme mock`.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct MockArgs {
    /// The server.
    #[command(flatten)]
    pub server: ServerOptions,

    /// Stop when standard input ends, for example because the parent process ended.
    #[arg(long)]
    pub end_with_stdin: bool,

    /// The command to run, if any.
    #[command(subcommand)]
    pub command: Option<MockCommand>,
}

/// The commands of `viseme-mock` and of `viseme mock`.
#[derive(Clone, Debug, clap::Subcommand)]
#[non_exhaustive]
pub enum MockCommand {
    /// Run a command with WAVESPEED_BASE_URL and WAVESPEED_API_KEY set to the mock; stop with it.
    Exec {
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

impl MockArgs {
    /// Waits until the server must stop: for a signal, or for the end of standard input if the
    /// arguments say so.
    pub async fn stopped(&self, signals: &mut Signals) {
        if self.end_with_stdin {
            tokio::select! {
                _ = signals.next() => {}
                () = end_of_stdin() => {}
            }
        } else {
            signals.next().await;
        }
    }
}

/// Reads standard input to its end, on a thread because it blocks.
async fn end_of_stdin() {
    let (sender, ended) = tokio::sync::oneshot::channel();
    // Not a task of the runtime: that would wait for the thread when it ends.
    std::thread::spawn(move || {
        // After an error there is nothing more to read.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(sender);
    });
    let _: Result<(), _> = ended.await;
}

/// Options of a mock server.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The port to listen on; 0 for a free one.
    #[arg(long, default_value_t = 0, value_parser = parse_port, allow_hyphen_values = true)]
    pub port: u16,

    /// The address to listen on. Other machines can connect to any but a loopback address, for example
    /// with 0.0.0.0 in a container.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = parse_address)]
    pub host: IpAddr,

    /// The URL of the server in responses, such as http://mock:8080. By default it is the host that the
    /// client used.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Accept this name in the Host header, besides names of this machine. Can be repeated.
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,

    /// Allow web pages of this origin to call the API, besides pages on this machine; * allows all. Can
    /// be repeated.
    #[arg(long, value_name = "ORIGIN")]
    pub cors: Vec<String>,

    /// A scenario file in YAML or JSON, for the key `mock-key`.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,

    /// Run time this many times as fast, for example 20: a job of a minute takes three seconds. It
    /// replaces the clock of the scenario, for the key `mock-key`.
    #[arg(long, value_name = "FACTOR", value_parser = parse_time_scale, allow_hyphen_values = true)]
    pub time_scale: Option<f64>,

    /// Allow webhooks to other machines; by default they are sent to this machine only.
    #[arg(long)]
    pub remote_webhooks: bool,
}

impl ServerOptions {
    /// Starts the server.
    ///
    /// # Errors
    /// A sentence for the user: the scenario cannot be read, an option is invalid, or the address
    /// cannot be bound.
    pub async fn start(&self) -> Result<MockServer, String> {
        let address = SocketAddr::new(self.host, self.port);
        let scenario = self.scenario.as_deref().map(read_scenario).transpose()?;
        let mut scenario = scenario.unwrap_or_default();
        if let Some(factor) = self.time_scale {
            let start = scenario.clock.and_then(|clock| clock.start);
            scenario.clock = Some(ClockScenario { mode: ClockMode::Scaled(factor), start });
        }
        self.builder(address, scenario).start().await.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => format!("{error}."),
            io::ErrorKind::AddrInUse => {
                format!("Cannot listen on {address}: {}. Choose another --port.", reason(&error))
            }
            _ => format!("Cannot listen on {address}: {}.", reason(&error)),
        })
    }

    fn builder(&self, address: SocketAddr, scenario: Scenario) -> Builder {
        let mut builder = MockServer::builder()
            .address(address)
            .scenario(scenario)
            .output(OutputMode::Dubbed)
            .remote_webhooks(self.remote_webhooks);
        if let Some(url) = &self.public_url {
            builder = builder.public_url(url);
        }
        for name in &self.allow_host {
            builder = builder.allow_host(name);
        }
        for origin in &self.cors {
            builder = builder.cors_origin(origin);
        }
        builder
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "must be a port from 1 to 65535, or 0 for a free one".to_owned())
}

fn parse_time_scale(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor| ClockMode::Scaled(*factor).validate().is_ok());
    factor.ok_or_else(|| "must be a number above 0 and at most 1000000000, such as 20".to_owned())
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "must be an IP address such as 127.0.0.1 or 0.0.0.0".to_owned())
}

fn read_scenario(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("Cannot read the scenario {}: {}.", path.display(), reason(&error))
    })?;
    Scenario::parse(&text).map_err(|message| format!("{}: {message}", path.display()))
}

/// Returns the reason of an I/O error in plain words, if it is a common one.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => {
            let text = error.to_string();
            // The number of the operating system helps nobody.
            text.split(" (os error ").next().unwrap_or_default().to_owned()
        }
    }
}
