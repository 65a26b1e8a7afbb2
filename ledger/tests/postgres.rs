//! A ledger in PostgreSQL when the server fails, is not safe, or is reached over a network.
#![cfg(all(unix, feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use viseme::ledger::{Account, Claim, ClaimRequest, EntryState, Ledger as _, LedgerKey};
use viseme::{AudioToVideo, Client, Config, ErrorKind, SubmitRecord};
use viseme_ledger::testing::PostgresServer;
use viseme_ledger::{AnyLedger, PostgresLedger, SubmitState};
use viseme_mock::{JobRule, MockServer, RequestKind, Scenario, Timeline};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(300);

fn key(name: &str) -> LedgerKey {
    LedgerKey::new(Account::new("https://api.example", "digest"), name)
}

fn claim(name: &str) -> ClaimRequest {
    let record = SubmitRecord::new("a/b", json!({"x": name}), SystemTime::now());
    ClaimRequest::new(key(name), name, record)
}

fn priced(name: &str, price: Option<u64>) -> ClaimRequest {
    let mut claim = claim(name);
    claim.price = price;
    claim
}

async fn refusal(url: &str) -> String {
    PostgresLedger::connect_to(url, "default", SHORT).await.err().expect("refused").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_prevents_the_submit() {
    let mut server = PostgresServer::start();
    let url = server.create_database().await;
    let mock = MockServer::start().await.unwrap();
    let world = mock.world_with(Scenario::new().job(JobRule::new(Timeline::after_polls(1))));
    let ledger = PostgresLedger::connect_to(&url, "default", SHORT).await.unwrap();
    let config = Config::builder().ignore_env().base_url(world.base_url()).api_key(world.key());
    let config = config.check_remote_media(false).ledger(ledger);
    let client = Client::new(config.build().unwrap()).unwrap();
    let input = || {
        AudioToVideo::new()
            .audio("https://media.example/voice.mp3")
            .video("https://media.example/face.mp4")
    };
    server.kill();
    let error = client.run(input()).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ledger);
    assert!(error.message().contains("nothing was sent"), "{error}");
    assert!(error.message().contains("Check that the server runs"), "{error}");
    assert!(world.requests(RequestKind::Submit).is_empty());

    server.resume();
    client.run(input()).key("a").await.unwrap();
    assert_eq!(world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_recorded_once_the_database_is_back() {
    let mut server = PostgresServer::start();
    let url = server.create_database().await;
    let ledger = PostgresLedger::connect_to(&url, "default", SHORT).await.unwrap();
    assert_eq!(ledger.claim(&claim("a")).await.unwrap(), Claim::Go);
    server.kill();
    let writer = ledger.clone();
    let recorded = tokio::spawn(async move { writer.accepted(&key("a"), "job-1").await });
    // Longer than anything before a submit would wait.
    tokio::time::sleep(SHORT * 5).await;
    assert!(!recorded.is_finished());
    server.resume();
    recorded.await.unwrap().unwrap();
    let entry = ledger.find(&key("a")).await.unwrap().unwrap();
    assert_eq!(entry.state, EntryState::Done { job_id: "job-1".to_owned(), status: None });
}

/// The server dies again and again while four processes claim the same keys and record their jobs.
#[tokio::test(flavor = "multi_thread")]
async fn each_key_is_claimed_once_although_the_server_is_killed() {
    const KEYS: usize = 400;
    let mut server = PostgresServer::start();
    let url: Arc<str> = server.create_database().await.into();
    let workers = (0..4).map(|worker| {
        let url = Arc::clone(&url);
        tokio::spawn(async move {
            let ledger = PostgresLedger::connect_to(&url, "default", LONG).await.unwrap();
            let mut claimed = Vec::new();
            for number in 0..KEYS {
                // Each worker begins at another key, and all of them meet.
                let name = format!("key-{}", (number + worker * KEYS / 16) % KEYS);
                if ledger.claim(&claim(&name)).await.unwrap() == Claim::Go {
                    ledger.accepted(&key(&name), &format!("job-of-{name}")).await.unwrap();
                    claimed.push(name);
                }
            }
            claimed
        })
    });
    let workers: Vec<_> = workers.collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.kill();
        server.resume();
    }
    let claimed: Vec<String> =
        join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    let distinct: HashSet<&String> = claimed.iter().collect();
    assert_eq!((claimed.len(), distinct.len()), (KEYS, KEYS), "each key has one Go");
    let rows = PostgresLedger::connect(&url).await.unwrap().submits().await.unwrap();
    assert_eq!(rows.len(), KEYS);
    for row in rows {
        assert_eq!(row.state, SubmitState::Accepted);
        assert_eq!(row.job_id.unwrap(), format!("job-of-{}", row.key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_after_its_submit_was_given_up_is_named() {
    let server = PostgresServer::start();
    let url = server.create_database().await;
    let (late, other) = (
        PostgresLedger::connect(&url).await.unwrap(),
        PostgresLedger::connect(&url).await.unwrap(),
    );
    late.claim(&claim("a")).await.unwrap();
    other.give_up("a", "no job").await.unwrap();
    assert_eq!(other.claim(&claim("a")).await.unwrap(), Claim::Go);
    let error = late.accepted(&key("a"), "job-1").await.unwrap_err().to_string();
    assert!(error.contains("`a`") && error.contains("job-1"), "{error}");
    other.accepted(&key("a"), "job-2").await.unwrap();
    let rows = other.submits().await.unwrap();
    let states: Vec<_> = rows.iter().map(|row| (row.state, row.job_id.as_deref())).collect();
    assert_eq!(states, [(SubmitState::Refused, None), (SubmitState::Accepted, Some("job-2"))]);
}

/// Everything that changes the cost, from many claims at the same time, and a database that was made before the cost was
/// kept beside the submits.
#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_all_submits_is_kept_beside_them_and_is_their_sum() {
    const SUBMITS: u64 = 60;
    let server = PostgresServer::start();
    let url = server.create_database().await;
    let ledger = PostgresLedger::connect(&url).await.unwrap();
    let other = PostgresLedger::connect_to(&url, "other", LONG).await.unwrap();
    let mut db = PgConnection::connect(&url).await.unwrap();
    let sum = "SELECT coalesce(sum(price), 0)::BIGINT FROM viseme.submits
               JOIN viseme.ledgers ON ledgers.id = ledger_id
               WHERE name = 'default' AND state <> 'refused'";
    let ends = (1..=SUBMITS).map(|number| {
        let ledger = &ledger;
        async move {
            let name = format!("key-{number}");
            let price = Some(number).filter(|_| number % 4 > 0);
            assert_eq!(ledger.claim(&priced(&name, price)).await.unwrap(), Claim::Go);
            match number % 3 {
                0 => ledger.refused(&key(&name), "no credits").await.unwrap(),
                1 => ledger.accepted(&key(&name), &format!("job-{number}")).await.unwrap(),
                _ => {}
            }
            ledger.set_price(&name, 1000 + number).await.unwrap();
        }
    });
    join_all(ends).await;
    other.claim(&priced("a", Some(5))).await.unwrap();
    let expected: u64 = (1..=SUBMITS)
        .filter(|number| number % 3 > 0)
        .map(|number| if number % 4 > 0 { number } else { 1000 + number })
        .sum();
    let summed: i64 = sqlx::query_scalar(sum).fetch_one(&mut db).await.unwrap();
    assert_eq!(
        (ledger.spent_micros().await.unwrap(), summed),
        (expected, i64::try_from(expected).unwrap())
    );
    assert_eq!(other.spent_micros().await.unwrap(), 5);
    let parts = "SELECT count(*) FROM viseme.spent";
    let parts: i64 = sqlx::query_scalar(parts).fetch_one(&mut db).await.unwrap();
    assert!((3..=17).contains(&parts), "{parts} parts of two ledgers");

    let before = "DROP TRIGGER count_spent ON viseme.submits;
                  DROP FUNCTION viseme.count_spent();
                  DROP FUNCTION viseme.cost(viseme.submits);
                  DROP TABLE viseme.spent;
                  DELETE FROM viseme.migrations WHERE name = 'ledger' AND version = 2";
    db.execute(before).await.unwrap();
    let ledger = PostgresLedger::connect(&url).await.unwrap();
    assert_eq!(ledger.spent_micros().await.unwrap(), expected);
    ledger.give_up("key-2", "no job").await.unwrap();
    db.execute("DELETE FROM viseme.submits WHERE key = 'key-5'").await.unwrap();
    assert_eq!(ledger.spent_micros().await.unwrap(), expected - 2 - 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_of_one_database_have_keys_of_their_own_and_share_no_job() {
    let server = PostgresServer::start();
    let url = server.create_database().await;
    let open = |name: &'static str| PostgresLedger::connect_to(&url, name, LONG);
    let (films, clips) = (open("films").await.unwrap(), open("clips").await.unwrap());
    assert_eq!(films.claim(&claim("a")).await.unwrap(), Claim::Go);
    assert_eq!(clips.claim(&claim("a")).await.unwrap(), Claim::Go);
    films.accepted(&key("a"), "job-1").await.unwrap();
    let error = clips.accepted(&key("a"), "job-1").await.unwrap_err().to_string();
    assert!(error.contains("job-1 belongs to the key `a`"), "{error}");
    let entry = clips.find(&key("a")).await.unwrap().unwrap();
    match entry.state {
        EntryState::Sent { other_jobs, .. } => assert_eq!(other_jobs, ["job-1"]),
        state => panic!("{state:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_create_the_tables_at_once_and_newer_tables_are_refused() {
    let server = PostgresServer::start();
    let url = server.create_database().await;
    let opened = join_all((0..8).map(|_| AnyLedger::open(&url))).await;
    assert!(opened.iter().all(Result::is_ok));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let newer = "INSERT INTO viseme.migrations (name, version) VALUES ('ledger', 99)";
    connection.execute(newer).await.unwrap();
    let error = refusal(&url).await;
    assert!(error.contains("version 99") && error.contains("Update Viseme"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_itself_allows_one_open_submit_a_key_and_one_key_a_job() {
    let server = PostgresServer::start();
    let url = server.create_database().await;
    let ledger = PostgresLedger::connect(&url).await.unwrap();
    for name in ["a", "b"] {
        ledger.claim(&claim(name)).await.unwrap();
    }
    ledger.accepted(&key("a"), "job-1").await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (statement, rule) in [
        (
            "INSERT INTO viseme.submits
             (ledger_id, base_url, key, fingerprint, claim_id, state, model, record, sent_at)
             SELECT ledger_id, base_url, key, fingerprint, 'other', 'sent', model, record, sent_at
             FROM viseme.submits WHERE key = 'a'",
            "one_submit_a_key",
        ),
        (
            "UPDATE viseme.submits SET state = 'accepted', job_id = 'job-1' WHERE key = 'b'",
            "submits_base_url_job_id_key",
        ),
        ("UPDATE viseme.submits SET state = 'sent' WHERE key = 'a'", "submits_check"),
        ("UPDATE viseme.submits SET state = 'lost' WHERE key = 'b'", "submits_state_check"),
        ("UPDATE viseme.submits SET price = -1", "submits_price_check"),
        ("UPDATE viseme.submits SET base_url = 'https://other.example'", "foreign key"),
    ] {
        let error = connection.execute(statement).await.unwrap_err().to_string();
        assert!(error.contains(rule), "{rule}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_forget_commits_is_refused() {
    let server = PostgresServer::start_with(&["listen_addresses=", "fsync=off"], |_| {});
    let error = refusal(&server.create_database().await).await;
    assert!(error.contains("fsync = off"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_does_not_wait_for_the_disk_does_so_here() {
    let settings = ["listen_addresses=", "synchronous_commit=off"];
    let server = PostgresServer::start_with(&settings, |_| {});
    let ledger = PostgresLedger::connect(&server.create_database().await).await.unwrap();
    let setting: String = ledger
        .transaction(|db| {
            let select = sqlx::query_scalar("SELECT current_setting('synchronous_commit')");
            Box::pin(async move { Ok(select.fetch_one(db).await?) })
        })
        .await
        .unwrap();
    assert_eq!(setting, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_certificate_is_verified_and_the_password_is_never_shown() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = parameters.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(parameters, authority_key);
    let server_key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&server_key, &issuer).unwrap();

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = [&format!("port={port}"), "listen_addresses=127.0.0.1", "ssl=on"];
    let _server = PostgresServer::start_with(&settings, |data| {
        std::fs::write(data.join("server.crt"), certificate.pem()).unwrap();
        let key = data.join("server.key");
        std::fs::write(&key, server_key.serialize_pem()).unwrap();
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let authority_file = folder.path().join("authority.pem");
    std::fs::write(&authority_file, authority).unwrap();
    let url = |password: &str, parameters: &str| {
        format!("postgres://postgres:{password}@localhost:{port}/postgres?{parameters}")
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={}", authority_file.display());
    let ledger = PostgresLedger::connect(&url(PostgresServer::PASSWORD, &trusted)).await.unwrap();
    assert!(!ledger.url().contains(PostgresServer::PASSWORD) && ledger.url().contains(":***@"));
    let encrypted: bool = ledger
        .transaction(|db| {
            let select = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            Box::pin(async move { Ok(sqlx::query_scalar(select).fetch_one(db).await?) })
        })
        .await
        .unwrap();
    assert!(encrypted);

    let error = refusal(&url(PostgresServer::PASSWORD, "sslmode=verify-full")).await;
    assert!(error.contains("Its certificate must be valid"), "{error}");
    assert!(!error.contains(PostgresServer::PASSWORD), "{error}");
    let error = refusal(&url("another", &trusted)).await;
    assert!(error.contains("Check the user and the password"), "{error}");
    assert!(!error.contains("another") && error.contains("***"), "{error}");
}
