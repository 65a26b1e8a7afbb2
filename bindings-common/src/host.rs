//! Messages of the core in the words of the host's language.

use std::sync::OnceLock;

/// The language of the host, which decides how messages name settings, options and functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Python: the names of the core.
    Python,
    /// Node: camel case, and numbers of milliseconds end in `Ms`.
    Node,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// The settings and options whose name has several words, as Node spells them.
const NODE_NAMES: [&str; 31] = [
    "apiKey",
    "baseUrl",
    "allowHttp",
    "connectTimeoutMs",
    "requestTimeoutMs",
    "stallTimeoutMs",
    "learnedPacing",
    "pollsPerJob",
    "pacingFile",
    "maxPollsPerSecond",
    "maxConnections",
    "maxRetries",
    "maxRetryAfterMs",
    "recoveryWindowMs",
    "submitLimits",
    "caBundle",
    "checkRemoteMedia",
    "remoteCheckTimeoutMs",
    "allowPrivateAddresses",
    "clientName",
    "userAgent",
    "checkMedia",
    "retryFailed",
    "virtualClock",
    "ignoreEnv",
    "maxBytes",
    "sentWithinMs",
    "matchByTime",
    "sentAt",
    "perMinute",
    "runMany",
];

/// What a message advises, and what a user of Python and of Node does instead.
const ADVICE: [(&str, &str, &str); 2] = [
    (
        "start the mock server with `viseme mock`",
        "use the mock server: `with viseme.mock() as server: client = viseme.Client(**server.settings)`",
        "start the mock server: `MockServer.start()` of the package `viseme-mock`",
    ),
    (
        "`end` must not be before `start`",
        "`end` must not be before `start`",
        "`to` must not be before `from`",
    ),
];

impl Host {
    /// Makes all messages of this library those of this language. The first call counts.
    pub fn set(self) {
        let _ = HOST.set(self);
    }

    /// Returns a message of the core in the words of this language.
    fn translate(self, message: &str) -> String {
        let mut text = message.to_owned();
        for (of_core, of_python, of_node) in ADVICE {
            text = text.replace(
                of_core,
                match self {
                    Self::Python => of_python,
                    Self::Node => of_node,
                },
            );
        }
        if self == Self::Node && text.contains('`') {
            for name in NODE_NAMES {
                text = text.replace(&format!("`{}`", core_name(name)), &format!("`{name}`"));
            }
        }
        text
    }
}

/// Returns a message of the core in the words of the host. Swift and Kotlin name settings themselves.
pub(crate) fn in_words_of_host(message: &str) -> String {
    HOST.get().map_or_else(|| message.to_owned(), |host| host.translate(message))
}

/// Returns the name that the core gives a setting or an option of Node.
fn core_name(name: &str) -> String {
    let mut found = String::new();
    for letter in name.strip_suffix("Ms").unwrap_or(name).chars() {
        if letter.is_ascii_uppercase() {
            found.push('_');
        }
        found.push(letter.to_ascii_lowercase());
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::dto::{ClientSettings, ErrorData, RunOptions};

    #[test]
    fn node_names_settings_and_options_in_its_own_way() {
        for (message, expected) in [
            ("Set WAVESPEED_API_KEY or pass `api_key`.", "Set WAVESPEED_API_KEY or pass `apiKey`."),
            (
                "Invalid value for `base_url`: x; set `allow_http` only",
                "Invalid value for `baseUrl`: x; set `allowHttp` only",
            ),
            ("Invalid value for `request_timeout`", "Invalid value for `requestTimeoutMs`"),
            (
                "`voice_id` is missing, `timeout`, max_bytes",
                "`voice_id` is missing, `timeout`, max_bytes",
            ),
            ("`end` must not be before `start`.", "`to` must not be before `from`."),
        ] {
            assert_eq!(Host::Node.translate(message), expected);
            if !message.contains("`end`") {
                assert_eq!(Host::Python.translate(message), message);
            }
        }
    }

    #[test]
    fn every_setting_and_option_of_several_words_is_known() {
        for schema in [schemars::schema_for!(ClientSettings), schemars::schema_for!(RunOptions)] {
            let names = schema.get("properties").and_then(Value::as_object).expect("an object");
            for name in names.keys().filter(|name| core_name(name).contains('_')) {
                assert!(NODE_NAMES.contains(&name.as_str()), "{name}");
            }
        }
    }

    #[test]
    fn the_error_of_a_missing_key_names_the_mock_server_of_the_language() {
        let config = viseme::Config::builder().env::<String, String>([]).build();
        let error = ErrorData::from(&config.expect_err("there is no key"));
        let python = Host::Python.translate(&error.message);
        assert!(python.ends_with(
            "or pass `api_key`. To try Viseme without a key, use the mock server: `with viseme.mock() as server: client = \
             viseme.Client(**server.settings)`."
        ), "{python}");
        let node = Host::Node.translate(&error.message);
        assert!(node.contains("or pass `apiKey`. ") && node.contains("`viseme-mock`"), "{node}");
    }
}
