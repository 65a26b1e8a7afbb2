//! A PostgreSQL server of a test's own, which can be killed. Only for tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "an error fails the test"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

/// How long the server may take to start or to end, on a slow machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs the server until the standard input ends, so that no server outlives its test, even a killed one.
/// Then removes the folder, unless a line said to keep it.
const SUPERVISE: &str = r#"
folder=$1; shift
exec 3<&0
"$@" & server=$!
(
    keep=
    while read -r line; do keep=$line; done
    kill -QUIT $server
    [ -n "$keep" ] && exit
    while kill -0 $server; do sleep 0.1; done
    rm -rf "$folder"
) <&3 >/dev/null 2>&1 &
wait $server
"#;

/// A server with its data in a temporary folder. It ends with this value, or with the test.
pub struct PostgresServer {
    folder: TempDir,
    programs: PathBuf,
    /// The user that runs it, as it refuses to run as root.
    user: Option<(u32, u32)>,
    supervisor: Option<Child>,
    settings: Vec<String>,
}

impl PostgresServer {
    /// The superuser.
    pub const USER: &str = "postgres";
    /// Its password, which connections over TCP need.
    pub const PASSWORD: &str = "s3cret";

    /// Creates the data and starts the server. It listens on a socket in a folder of its own.
    ///
    /// # Panics
    /// Panics if there is no PostgreSQL on this machine, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&["listen_addresses="], |_| {})
    }

    /// Starts a server with these settings. `prepare` may write files into its data folder before.
    ///
    /// # Panics
    /// Panics if there is no PostgreSQL on this machine, or it does not start.
    #[must_use]
    pub fn start_with(settings: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let user = unprivileged_user();
        let programs = programs();
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut server = Self { folder, programs, user, supervisor: None, settings };
        server.own(server.folder.path());
        let password = server.folder.path().join("password");
        fs::write(&password, Self::PASSWORD).unwrap();
        server.own(&password);
        let mut initdb = server.program("initdb");
        initdb.args(["-U", Self::USER, "--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.arg("--pwfile").arg(&password).arg("-D").arg(server.data());
        initdb.args(["-E", "UTF8", "--locale=C"]);
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        prepare(&server.data());
        for file in fs::read_dir(server.data()).unwrap() {
            server.own(&file.unwrap().path());
        }
        server.resume();
        server
    }

    /// Starts the server again after [`kill`](Self::kill).
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn resume(&mut self) {
        let until = Instant::now() + LIMIT;
        // What a killed server left behind may need a moment to end.
        while !self.try_start(until) {
            assert!(Instant::now() < until, "the server does not start: {}", self.log());
            sleep(Duration::from_millis(100));
        }
    }

    fn try_start(&mut self, until: Instant) -> bool {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISE, "sh"]).arg(self.folder.path());
        command.arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-c", "max_connections=200", "-c", "shared_buffers=32MB"]);
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut supervisor = self.as_user(command).spawn().unwrap();
        while Instant::now() < until {
            if supervisor.try_wait().unwrap().is_some() {
                keep_folder(&mut supervisor);
                return false;
            }
            // The last line of the file is the state of the server.
            let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            if state.lines().last().is_some_and(|line| line.trim() == "ready") {
                self.supervisor = Some(supervisor);
                return true;
            }
            sleep(Duration::from_millis(10));
        }
        drop(supervisor.stdin.take());
        let _ = supervisor.wait();
        panic!("the server does not start: {}", self.log());
    }

    /// Kills the server as a power failure of the machine does, and waits until it is gone.
    ///
    /// # Panics
    /// Panics if it does not run.
    pub fn kill(&mut self) {
        let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let id = state.lines().next().unwrap();
        let mut supervisor = self.supervisor.take().unwrap();
        keep_folder(&mut supervisor);
        let killed = Command::new("kill").args(["-KILL", id]).status().unwrap();
        assert!(killed.success(), "the server {id} was not killed");
        drop(supervisor.stdin.take());
        supervisor.wait().unwrap();
        fs::remove_file(self.data().join("postmaster.pid")).unwrap();
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    /// Panics if the server does not create it.
    pub async fn create_database(&self) -> String {
        let name = format!("test_{:016x}", fastrand::u64(..));
        let options = PgConnectOptions::new_without_pgpass().port(5432);
        let options = options.socket(self.folder.path()).username(Self::USER).database("postgres");
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        connection.close().await.unwrap();
        let socket = self.folder.path().display();
        format!("postgres:///{name}?host={socket}&user={}", Self::USER)
    }

    /// Returns the folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn program(&self, name: &str) -> Command {
        self.as_user(Command::new(self.programs.join(name)))
    }

    fn as_user(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file to the user of the server.
    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            chown(path, Some(user), Some(group)).unwrap();
        }
        if path == self.folder.path() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            drop(supervisor.stdin.take());
            let _ = supervisor.wait();
        }
    }
}

/// Says that the folder is used again when the standard input ends.
fn keep_folder(supervisor: &mut Child) {
    supervisor.stdin.as_mut().unwrap().write_all(b"keep\n").unwrap();
}

/// Returns the folder of the programs of the server: on PATH, where `pg_config` says, or where Debian has
/// them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let has_server =
        |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    let found = folders.into_iter().find(has_server);
    found.expect("PostgreSQL is missing: `cargo xtask setup rust` installs it")
}

/// Returns the ids of the user and the group that run the server, if this process is root.
fn unprivileged_user() -> Option<(u32, u32)> {
    let probe = tempfile::NamedTempFile::new().unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&probe.as_file().metadata().unwrap());
    if owner != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}
