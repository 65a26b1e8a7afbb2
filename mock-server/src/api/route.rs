//! The routes of the API.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::scenario::RequestKind;

/// A route of the API, with its path parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Submit { model: String },
    Result { job_id: String },
    Presign,
    Put { world: String, upload_id: String },
    MultipartUpload,
    File { world: String, upload_id: String },
    Output { world: String, job_id: String },
    History,
    Delete,
    Balance,
    Models,
    Price,
    Pricing,
    WebhookSecret,
    Billings,
    Usage,
    MonthlyBillings,
    Unknown,
}

impl Route {
    /// Returns the route of this method and path.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let parts: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let read = matches!(*method, Method::GET | Method::HEAD);
        match (method, parts.as_slice()) {
            (_, ["_files", world, id, _]) if read => {
                Self::File { world: (*world).into(), upload_id: (*id).into() }
            }
            (_, ["_outputs", world, id, _]) if read => {
                Self::Output { world: (*world).into(), job_id: (*id).into() }
            }
            (&Method::PUT, ["_storage", world, id, _]) => {
                Self::Put { world: (*world).into(), upload_id: (*id).into() }
            }
            (method, ["api", "v3", rest @ ..]) => Self::of_api(method, rest),
            _ => Self::Unknown,
        }
    }

    fn of_api(method: &Method, rest: &[&str]) -> Self {
        match (method, rest) {
            (&Method::GET, ["predictions", id, "result"] | ["predictions", id]) => {
                Self::Result { job_id: (*id).into() }
            }
            (&Method::GET, ["balance"]) => Self::Balance,
            (&Method::GET, ["models"]) => Self::Models,
            (&Method::GET, ["webhook", "secret"]) => Self::WebhookSecret,
            (&Method::POST, ["billings", "search"]) => Self::Billings,
            (&Method::POST, ["user", "usage_stats"]) => Self::Usage,
            (&Method::POST, ["scheduler", "billings", "query"]) => Self::MonthlyBillings,
            (&Method::POST, ["predictions"]) => Self::History,
            (&Method::POST, ["predictions", "delete"]) => Self::Delete,
            (&Method::POST, ["media", "uploads"]) => Self::Presign,
            (&Method::POST, ["media", "upload", "binary"]) => Self::MultipartUpload,
            (&Method::POST, ["model", "price"]) => Self::Price,
            (&Method::POST, ["model", "pricing"]) => Self::Pricing,
            (&Method::POST, [_, _, ..]) => Self::Submit { model: rest.join("/") },
            _ => Self::Unknown,
        }
    }

    /// Returns the kind of request, for faults and the journal.
    pub(super) fn kind(&self) -> RequestKind {
        match self {
            Self::Submit { .. } => RequestKind::Submit,
            Self::Result { .. } => RequestKind::Poll,
            Self::Presign => RequestKind::Presign,
            Self::Put { .. } | Self::MultipartUpload => RequestKind::Put,
            Self::Output { .. } | Self::File { .. } => RequestKind::Output,
            Self::History => RequestKind::History,
            _ => RequestKind::Other,
        }
    }

    /// Returns the world in the URL of a file. Requests for files come without a key.
    pub(super) fn world(&self) -> Option<&str> {
        match self {
            Self::Put { world, .. } | Self::File { world, .. } | Self::Output { world, .. } => {
                Some(world)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_by_method_and_path() {
        for (method, path, kind) in [
            (Method::POST, "/api/v3/kwaivgi/kling-lipsync/audio-to-video", RequestKind::Submit),
            (Method::GET, "/api/v3/predictions/abc/result", RequestKind::Poll),
            (Method::GET, "/api/v3/predictions/abc", RequestKind::Poll),
            (Method::POST, "/api/v3/predictions", RequestKind::History),
            (Method::POST, "/api/v3/predictions/delete", RequestKind::Other),
            (Method::POST, "/api/v3/media/uploads", RequestKind::Presign),
            (Method::POST, "/api/v3/media/upload/binary", RequestKind::Put),
            (Method::PUT, "/_storage/w1/u1/a.mp4", RequestKind::Put),
            (Method::HEAD, "/_outputs/w1/j1/output.mp4", RequestKind::Output),
            (Method::POST, "/_outputs/w1/j1/output.mp4", RequestKind::Other),
            (Method::GET, "/api/v3/balance", RequestKind::Other),
            (Method::GET, "/", RequestKind::Other),
            (Method::POST, "/api/v3/billings/search", RequestKind::Other),
            (Method::POST, "/api/v3/user/usage_stats", RequestKind::Other),
            (Method::POST, "/api/v3/scheduler/billings/query", RequestKind::Other),
        ] {
            assert_eq!(Route::of(&method, path).kind(), kind, "{method} {path}");
        }
        let escaped = Route::of(&Method::GET, "/api/v3/predictions/a%2Fb/result");
        assert_eq!(escaped, Route::Result { job_id: "a/b".into() });
    }
}
