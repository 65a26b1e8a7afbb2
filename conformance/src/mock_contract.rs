//! Whether the mock server keeps to its own OpenAPI document. Where it does not, a case proves nothing:
//! that is our own fault, and not the client's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::IgnoredAny;
use viseme_mock::{Exchange, OPENAPI};

/// What the document says of each path: by method, the statuses of its answers.
#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Operation {
    Answers {
        responses: BTreeMap<String, IgnoredAny>,
    },
    /// `parameters` and the like, which stand beside the methods.
    Other(IgnoredAny),
}

struct Route {
    segments: Vec<String>,
    methods: BTreeMap<String, BTreeSet<u16>>,
}

static ROUTES: LazyLock<Result<Vec<Route>, String>> = LazyLock::new(|| {
    let document: Document = serde_json::from_str(OPENAPI)
        .map_err(|error| format!("the mock server's OpenAPI document cannot be read: {error}"))?;
    Ok(document.paths.into_iter().map(route).collect())
});

fn route((path, operations): (String, BTreeMap<String, Operation>)) -> Route {
    let segments = path.split('/').map(str::to_owned).collect();
    let methods = operations.into_iter().filter_map(|(method, operation)| match operation {
        Operation::Answers { responses } => {
            let statuses = responses.keys().filter_map(|status| status.parse().ok()).collect();
            Some((method.to_uppercase(), statuses))
        }
        Operation::Other(_) => None,
    });
    Route { segments, methods: methods.collect() }
}

/// What is wrong with an answer that no fault spoiled; nothing where it is as documented.
pub(crate) fn breach(exchange: &Exchange) -> Option<String> {
    let status = exchange.status.filter(|_| exchange.fault.is_none())?;
    let why = undocumented(&exchange.method, &exchange.path, status)?;
    Some(format!("#{} {} {}: {why}", exchange.sequence, exchange.method, exchange.path))
}

fn undocumented(method: &str, path: &str, status: u16) -> Option<String> {
    let routes = match &*ROUTES {
        Ok(routes) => routes,
        Err(why) => return Some(why.clone()),
    };
    let path: Vec<&str> = path.split('/').collect();
    // A literal segment fits better than a name that stands for any.
    let fitting = routes.iter().filter(|route| fits(&route.segments, &path)).max_by_key(|route| {
        route.segments.iter().filter(|segment| !segment.starts_with('{')).count()
    });
    let Some(route) = fitting else {
        return (status != 404).then(|| format!("{status} for a path that is not documented"));
    };
    // HEAD is GET without the body.
    let method = if method == "HEAD" { "GET" } else { method };
    let Some(documented) = route.methods.get(method) else {
        let refused = matches!(status, 404 | 405);
        return (!refused).then(|| format!("{status} for a method that is not documented"));
    };
    (!documented.contains(&status)).then(|| {
        let list: Vec<String> = documented.iter().map(u16::to_string).collect();
        format!("{status} is not among the documented {}", list.join(", "))
    })
}

/// Whether a path fits; `{model}` stands for all segments that are left, as model ids have slashes.
fn fits(segments: &[String], path: &[&str]) -> bool {
    match (segments.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((segment, _)), Some(_)) if segment == "{model}" => true,
        (Some((segment, more)), Some((part, rest))) => {
            (segment == part || segment.starts_with('{')) && fits(more, rest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_answers_are_no_breach_and_others_are() {
        for (method, path, status) in [
            ("POST", "/api/v3/kwaivgi/kling-lipsync/audio-to-video", 200),
            ("GET", "/api/v3/predictions/abc/result", 404),
            ("HEAD", "/_outputs/w/j/output.mp4", 200),
            ("GET", "/api/v3/balance", 401),
            ("GET", "/nowhere", 404),
            ("PATCH", "/api/v3/balance", 405),
        ] {
            assert_eq!(undocumented(method, path, status), None, "{method} {path} {status}");
        }
        for (method, path, status) in [
            ("POST", "/api/v3/kwaivgi/kling-lipsync/audio-to-video", 302),
            ("GET", "/api/v3/predictions/abc/result", 500),
            ("GET", "/api/v3/balance", 418),
            ("GET", "/nowhere", 200),
            ("PATCH", "/api/v3/balance", 200),
        ] {
            assert!(undocumented(method, path, status).is_some(), "{method} {path} {status}");
        }
    }
}
