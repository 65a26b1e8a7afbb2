//! The routes of the API.

use http::Method;
use memchr::memchr_iter;
use percent_encoding::percent_decode_str;
use viseme_spec::{RESERVED_WORDS, describe};

use super::preset_models::is_preset;
use crate::scenario::RequestKind;

/// A route of the API, with its path parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Submit {
        model: String,
    },
    Result {
        job_id: String,
    },
    Presign,
    Put {
        world: String,
        upload_id: String,
    },
    MultipartUpload,
    File {
        world: String,
        upload_id: String,
    },
    Output {
        world: String,
        job_id: String,
    },
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
    /// The path is known, but not with this method; these are the ones that it has.
    WrongMethod(&'static str),
    Unknown,
}

impl Route {
    /// Returns the route of this method and path.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let parts = split(path);
        if !path.contains('%') {
            return Self::of_parts(method, &parts);
        }
        let mut decoded = Vec::with_capacity(parts.len());
        for part in parts {
            match percent_decode_str(part).decode_utf8() {
                Ok(part) if !part.contains('\0') => decoded.push(part),
                // No id and no name has such characters.
                _ => return Self::Unknown,
            }
        }
        let parts: Vec<&str> = decoded.iter().map(AsRef::as_ref).collect();
        Self::of_parts(method, &parts)
    }

    /// Returns the route of this method and the decoded parts of a path.
    fn of_parts(method: &Method, parts: &[&str]) -> Self {
        let Some((methods, route)) = Self::of_path(parts) else { return Self::Unknown };
        if methods.split(", ").any(|allowed| allowed == method.as_str()) {
            return route;
        }
        match route {
            // Any path can be the id of a model that the mock server does not know.
            Self::Submit { model } if describe(&model).is_none() && !is_preset(&model) => {
                Self::Unknown
            }
            _ => Self::WrongMethod(methods),
        }
    }

    /// Returns the route of a path, and the methods that it has.
    fn of_path(parts: &[&str]) -> Option<(&'static str, Self)> {
        Some(match parts {
            ["_files", world, id, _] => {
                ("GET, HEAD", Self::File { world: (*world).into(), upload_id: (*id).into() })
            }
            ["_outputs", world, id, _] => {
                ("GET, HEAD", Self::Output { world: (*world).into(), job_id: (*id).into() })
            }
            ["_storage", world, id, _] => {
                ("PUT", Self::Put { world: (*world).into(), upload_id: (*id).into() })
            }
            ["api", "v3", rest @ ..] => return Self::of_api_path(rest),
            _ => return None,
        })
    }

    fn of_api_path(parts: &[&str]) -> Option<(&'static str, Self)> {
        Some(match parts {
            ["balance"] => ("GET", Self::Balance),
            ["models"] => ("GET", Self::Models),
            ["webhook", "secret"] => ("GET", Self::WebhookSecret),
            ["billings", "search"] => ("POST", Self::Billings),
            ["user", "usage_stats"] => ("POST", Self::Usage),
            ["scheduler", "billings", "query"] => ("POST", Self::MonthlyBillings),
            ["predictions"] => ("POST", Self::History),
            ["predictions", "delete"] => ("POST", Self::Delete),
            ["predictions", id, "result"] | ["predictions", id] if !id.is_empty() => {
                ("GET", Self::Result { job_id: (*id).into() })
            }
            ["media", "uploads"] => ("POST", Self::Presign),
            ["media", "upload", "binary"] => ("POST", Self::MultipartUpload),
            ["model", "price"] => ("POST", Self::Price),
            ["model", "pricing"] => ("POST", Self::Pricing),
            [owner, ..] if !RESERVED_WORDS.contains(owner) && is_model_id(parts) => {
                ("POST", Self::Submit { model: parts.join("/") })
            }
            _ => return None,
        })
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

/// Returns the parts of a path after each slash.
fn split(path: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::with_capacity(8), None);
    for end in memchr_iter(b'/', path.as_bytes()).chain([path.len()]) {
        parts.extend(start.and_then(|start| path.get(start..end)));
        start = Some(end + 1);
    }
    parts
}

/// Returns whether these are the parts of a model's id: an owner and at least one name.
pub(super) fn is_model_id(parts: &[&str]) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    parts.len() >= 2 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(is_allowed))
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
        for (method, path, methods) in [
            (Method::POST, "/_outputs/w1/j1/output.mp4", "GET, HEAD"),
            (Method::GET, "/api/v3/predictions", "POST"),
            (Method::DELETE, "/api/v3/predictions/abc", "GET"),
            (Method::POST, "/api/v3/predictions/abc/result", "GET"),
            (Method::GET, "/api/v3/kwaivgi/kling-lipsync/audio-to-video", "POST"),
            (Method::PUT, "/api/v3/mock/instant", "POST"),
        ] {
            assert_eq!(Route::of(&method, path), Route::WrongMethod(methods), "{method} {path}");
        }
        for path in ["/", "/api/v3/one", "/api/v3/media/x", "/api/v3/a//b", "/api/v3/a/b%00"] {
            assert_eq!(Route::of(&Method::POST, path), Route::Unknown, "{path}");
        }
        assert_eq!(Route::of(&Method::GET, "/api/v3/no/such/page"), Route::Unknown);
        let escaped = Route::of(&Method::GET, "/api/v3/predictions/a%2Fb/result");
        assert_eq!(escaped, Route::Result { job_id: "a/b".into() });
    }
}
