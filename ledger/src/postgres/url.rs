//! The URL of a database: what it means, and how it is shown without its password.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;
use viseme::ledger::LedgerError;

/// A URL without its password.
#[derive(Clone)]
pub(crate) struct RedactedUrl(String);

impl fmt::Display for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the URL. Its errors do not contain it.
pub(crate) fn parse(text: &str) -> Result<(PgConnectOptions, RedactedUrl), LedgerError> {
    let not_valid = |reason: String| {
        LedgerError::new(format!(
            "The URL of the ledger is not valid: {reason}. Write it as \
             postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded."
        ))
    };
    let url = Url::parse(text).map_err(|error| not_valid(error.to_string()))?;
    let has_mode = url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    let options = PgConnectOptions::from_str(text).map_err(|_| {
        not_valid("one of its parameters has a value that it cannot have".to_owned())
    })?;
    let options = options.application_name("viseme");
    // Everybody on the way to another machine could read the inputs. A mode that is given wins.
    let is_default = !has_mode && matches!(options.get_ssl_mode(), PgSslMode::Prefer);
    let is_local = options.get_socket().is_some() || is_this_machine(options.get_host());
    let options =
        if is_default && !is_local { options.ssl_mode(PgSslMode::VerifyFull) } else { options };
    Ok((options, RedactedUrl(redacted(url))))
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.starts_with('/')
        || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn redacted(mut url: Url) -> String {
    if url.password().is_some() {
        // Fails only for URLs that cannot have a password.
        let _ = url.set_password(Some("***"));
    }
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            let is_secret = name.to_ascii_lowercase().contains("password");
            query.append_pair(name, if is_secret { "***" } else { value });
        }
        drop(query);
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            (
                "postgres://ann:s3cret@db.example:5433/films",
                "postgres://ann:***@db.example:5433/films",
            ),
            ("postgres://ann@db.example/films", "postgres://ann@db.example/films"),
            (
                "postgresql:///films?host=/run&password=s3cret",
                "postgresql:///films?host=%2Frun&password=***",
            ),
        ] {
            assert_eq!(parse(url).unwrap().1.to_string(), shown);
        }
        for url in ["postgres://ann:s3cret@:x/films", "postgres://ann:s3cret@h/d?sslmode=s3cret"] {
            let error = parse(url).err().unwrap();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn another_machine_needs_tls_with_a_certificate_unless_the_url_says_otherwise() {
        let verifies =
            |url: &str| matches!(parse(url).unwrap().0.get_ssl_mode(), PgSslMode::VerifyFull);
        assert!(verifies("postgres://db.example/films"));
        assert!(verifies("postgres://192.0.2.7/films"));
        assert!(!verifies("postgres://db.example/films?sslmode=require"));
        assert!(!verifies("postgres://127.0.0.1/films"));
        assert!(!verifies("postgres://[::1]/films"));
        assert!(!verifies("postgres:///films?host=/run/postgresql"));
    }
}
