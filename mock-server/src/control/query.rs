//! The query of a request to the control API.

use percent_encoding::percent_decode_str;

use super::ControlError;

/// The largest number in a query: that of a signed number of 64 bits, which every language has.
const MAX_NUMBER: u64 = i64::MAX.cast_unsigned();

/// The parameters of a query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query that may have these parameters.
    pub(super) fn parse(query: Option<&str>, allowed: &[&str]) -> Result<Self, ControlError> {
        let mut pairs = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !allowed.contains(&name) {
                let list = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                let message = format!("the parameter {name:?} is unknown; allowed: {list}");
                return Err(ControlError::bad_request(message));
            }
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            pairs.push((name.to_owned(), value));
        }
        Ok(Self(pairs))
    }

    /// Returns the value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Returns a whole number up to [`MAX_NUMBER`].
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ControlError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number <= MAX_NUMBER => Ok(Some(number)),
            _ => {
                let message = format!("`{name}` must be a whole number of 0 or more, got {text:?}");
                Err(ControlError::bad_request(message))
            }
        }
    }
}
