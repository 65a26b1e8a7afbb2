//! The state of a job as the service reports it, and the record of a submit. Plain data.

mod decode;
mod submit_record;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

pub use submit_record::SubmitRecord;
pub use viseme_spec::Status;

/// How a lost submit's job was identified in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecoveredBy {
    /// By its input.
    Input,
    /// By its model and time only, because the history did not contain inputs; no other job
    /// matched.
    ModelAndTime,
}

/// One output of a completed job.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// The URL of the output, valid for seven days.
    Url(String),
    /// Text: of a language model, or base64 if base64 outputs were requested.
    Text(String),
    /// Any other JSON, as the service sent it.
    Json(Value),
}

impl Output {
    /// Returns the URL if the output is one, or an object with a `url` or with a URL named after its
    /// medium (`video`, `video_url`), at any depth.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Url(url) => Some(url),
            Self::Json(value) => url_in(value, MAX_URL_DEPTH),
            Self::Text(_) => None,
        }
    }
}

/// How deep in an output a URL is searched for.
const MAX_URL_DEPTH: usize = 8;

fn url_in(value: &Value, depth: usize) -> Option<&str> {
    if depth == 0 {
        return None;
    }
    match value {
        Value::Object(fields) => fields
            .get("url")
            .and_then(Value::as_str)
            .or_else(|| named_url(fields))
            .or_else(|| fields.values().find_map(|value| url_in(value, depth - 1))),
        Value::Array(items) => items.iter().find_map(|value| url_in(value, depth - 1)),
        _ => None,
    }
}

/// Names of fields whose text is the URL of a file. Others, such as `text`, can contain a URL that is
/// no file.
const URL_NAMES: [&str; 8] =
    ["video", "video_url", "audio", "audio_url", "image", "image_url", "file", "file_url"];

fn named_url(fields: &Map<String, Value>) -> Option<&str> {
    let mut texts = URL_NAMES.iter().filter_map(|name| fields.get(*name)?.as_str());
    texts.find(|text| is_url(text))
}

pub(crate) fn is_url(text: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme)))
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Url(text) | Self::Text(text) => serializer.serialize_str(text),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

/// The state of a job at one moment, as the service reports it; it never changes.
///
/// The service is lenient about most fields: a field that is missing, `null` or of an unexpected type
/// is `None` or empty here. Fields without a counterpart here are in [`extra`](Self::extra).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// The job id: 32 hexadecimal digits today. Treat it as opaque.
    pub id: String,
    /// The model; empty if the service does not say.
    pub model: String,
    /// The state of the job.
    pub status: Status,
    /// The outputs; empty until the job is completed.
    pub outputs: Vec<Output>,
    /// The URL of the result at the API.
    pub result_url: Option<String>,
    /// For each output, whether the service classified it as not safe for work; `None` if it does not say.
    pub has_nsfw_contents: Option<Vec<bool>>,
    /// When the job was created, by the service's clock.
    pub created_at: Option<SystemTime>,
    /// The error; `None` if there is none.
    pub error: Option<String>,
    /// The service's application code; `None` if it is missing or 0.
    pub code: Option<i64>,
    /// How long the job ran, as measured by the service.
    pub execution_time: Option<Duration>,
    /// Parts of that time by name (`inference`).
    pub timings: BTreeMap<String, Duration>,
    /// The input of the job, if the service repeats it (webhooks, history).
    pub input: Option<Value>,
    /// How the job was found in the history, if the response to the submit was lost.
    pub recovered: Option<RecoveredBy>,
    /// The id of the request whose response this is, as the service named it in a header; `None` in
    /// webhooks and in the history. Include it when you contact the support of the service.
    pub request_id: Option<String>,
    /// All other fields of the service's response, and fields of an unexpected type.
    pub extra: Map<String, Value>,
}

impl Prediction {
    /// Creates a prediction with an id and a status only.
    #[must_use]
    pub fn new(id: impl Into<String>, status: Status) -> Self {
        Self {
            id: id.into(),
            model: String::new(),
            status,
            outputs: Vec::new(),
            result_url: None,
            has_nsfw_contents: None,
            created_at: None,
            error: None,
            code: None,
            execution_time: None,
            timings: BTreeMap::new(),
            input: None,
            recovered: None,
            request_id: None,
            extra: Map::new(),
        }
    }

    /// Returns the URL of the first output that has one.
    #[must_use]
    pub fn output_url(&self) -> Option<&str> {
        self.outputs.iter().find_map(Output::url)
    }

    /// Returns whether this is an update: another status, other outputs or another error. Measured
    /// times alone are not.
    #[must_use]
    pub fn differs_from(&self, earlier: &Self) -> bool {
        self.status != earlier.status
            || self.outputs != earlier.outputs
            || self.error != earlier.error
            || self.code != earlier.code
    }
}

/// Serializes with the names and units of the service. A name that is also in `extra` appears once,
/// with the value of the field.
impl Serialize for Prediction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields { map: serializer.serialize_map(None)?, names: Vec::new() };
        fields.put("id", &self.id)?;
        fields.put("model", &self.model)?;
        fields.put("status", &self.status)?;
        fields.put("outputs", &self.outputs)?;
        if let Some(url) = &self.result_url {
            fields.put("urls", &BTreeMap::from([("get", url)]))?;
        }
        if let Some(flags) = &self.has_nsfw_contents {
            fields.put("has_nsfw_contents", flags)?;
        }
        if let Some(at) = self.created_at.and_then(|at| jiff::Timestamp::try_from(at).ok()) {
            fields.put("created_at", &at.to_string())?;
        }
        fields.put("error", self.error.as_deref().unwrap_or_default())?;
        if let Some(code) = self.code {
            fields.put("code", &code)?;
        }
        if let Some(time) = self.execution_time {
            fields.put("executionTime", &whole_millis(time))?;
        }
        let timings: BTreeMap<_, _> =
            self.timings.iter().map(|(name, time)| (name, whole_millis(*time))).collect();
        fields.put("timings", &timings)?;
        if let Some(input) = &self.input {
            fields.put("input", input)?;
        }
        if let Some(by) = self.recovered {
            fields.put("recovered", &true)?;
            fields.put("recovered_by", &by)?;
        }
        if let Some(id) = &self.request_id {
            fields.put("request_id", id)?;
        }
        for (name, value) in &self.extra {
            fields.put(name, value)?;
        }
        fields.map.end()
    }
}

/// A map in which a name stands once.
struct Fields<'a, M> {
    map: M,
    names: Vec<&'a str>,
}

impl<'a, M: SerializeMap> Fields<'a, M> {
    fn put(&mut self, name: &'a str, value: &(impl Serialize + ?Sized)) -> Result<(), M::Error> {
        if self.names.contains(&name) {
            return Ok(());
        }
        self.names.push(name);
        self.map.serialize_entry(name, value)
    }
}

fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_an_output_may_be_nested() {
        use serde_json::json;

        for (output, url) in [
            (json!({"url": "https://a/x.mp4"}), Some("https://a/x.mp4")),
            (json!({"video": {"url": "https://a/x.mp4"}}), Some("https://a/x.mp4")),
            (json!([{"files": [{"url": "https://a/x.mp4"}]}]), Some("https://a/x.mp4")),
            (json!({"video": "https://a/x.mp4"}), Some("https://a/x.mp4")),
            (json!([{"data": {"video_url": "http://a/x.mp4"}}]), Some("http://a/x.mp4")),
            (json!({"video": "x.mp4"}), None),
            (json!({"text": "https://a/x.mp4"}), None),
            (json!({"url": 7}), None),
        ] {
            assert_eq!(Output::Json(output.clone()).url(), url, "{output}");
        }
    }

    #[test]
    fn status_outputs_error_and_code_are_news_and_times_are_not() {
        let earlier = Prediction::new("job", Status::Processing);
        assert!(!earlier.clone().differs_from(&earlier));
        let changed = |change: fn(&mut Prediction)| {
            let mut later = earlier.clone();
            change(&mut later);
            later.differs_from(&earlier)
        };
        assert!(changed(|later| later.status = Status::Completed));
        assert!(changed(|later| later.outputs = vec![Output::Text("text".to_owned())]));
        assert!(changed(|later| later.error = Some("no face".to_owned())));
        assert!(changed(|later| later.code = Some(1402)));
        assert!(!changed(|later| later.execution_time = Some(Duration::from_secs(1))));
    }
}
