//! The journal as an HTTP archive (HAR 1.2).

use serde_json::{Value, json};

use crate::world::World;
use crate::world::exchange::Exchange;

/// Returns the archive. Headers that the journal leaves out are left out here too.
pub(crate) fn har(world: &World, base_url: &str) -> Value {
    let entries: Vec<Value> =
        world.journal().iter().map(|exchange| entry(exchange, base_url)).collect();
    json!({"log": {
        "version": "1.2",
        "creator": {"name": "viseme-mock", "version": env!("CARGO_PKG_VERSION")},
        "pages": [],
        "entries": entries,
    }})
}

fn entry(exchange: &Exchange, base_url: &str) -> Value {
    let query =
        if exchange.query.is_empty() { String::new() } else { format!("?{}", exchange.query) };
    let time = exchange.ended_wall_ms.map_or(0, |ended| ended.saturating_sub(exchange.wall_ms));
    let mut request = json!({
        "method": exchange.method,
        "url": format!("{base_url}{}{query}", exchange.path),
        "httpVersion": "HTTP/1.1",
        "headers": headers(&exchange.headers),
        "queryString": query_string(&exchange.query),
        "cookies": [],
        "headersSize": -1,
        "bodySize": exchange.body_bytes,
    });
    if let (Some(body), Some(fields)) = (&exchange.body, request.as_object_mut()) {
        let data = json!({"mimeType": "application/json", "text": body.to_string()});
        fields.insert("postData".to_owned(), data);
    }
    let mut content = json!({
        "size": exchange.response_bytes,
        "mimeType": header(&exchange.response_headers, "content-type"),
    });
    if let (Some(body), Some(fields)) = (&exchange.response, content.as_object_mut()) {
        fields.insert("text".to_owned(), json!(String::from_utf8_lossy(body)));
    }
    let mut entry = json!({
        "startedDateTime": exchange.at,
        "time": time,
        "connection": exchange.connection.to_string(),
        "request": request,
        "response": {
            // 0 stands for no response.
            "status": exchange.status.unwrap_or(0),
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": headers(&exchange.response_headers),
            "cookies": [],
            "content": content,
            "redirectURL": header(&exchange.response_headers, "location"),
            "headersSize": -1,
            "bodySize": exchange.response_bytes,
        },
        "cache": {},
        "timings": {"send": 0, "wait": time, "receive": 0},
    });
    if let (Some(fault), Some(fields)) = (&exchange.fault, entry.as_object_mut()) {
        fields.insert("_fault".to_owned(), json!(fault));
        fields.insert("comment".to_owned(), json!("a fault of the mock server triggered"));
    }
    entry
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn header<'h>(headers: &'h [(String, String)], wanted: &str) -> &'h str {
    headers.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value)
}

fn query_string(query: &str) -> Vec<Value> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        })
        .collect()
}
