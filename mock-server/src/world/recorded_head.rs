//! The heads of requests and responses as the journal keeps them: what most exchanges have in common is
//! shared, the rest is one piece of memory.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::access::X_REQUEST_ID;
use crate::response::{JSON, Response};

/// Ends each of the texts of a head. No part of an HTTP head contains it.
const END: char = '\0';
/// The usual length of the headers of a request.
const USUAL_LENGTH: usize = 256;
/// Headers that are not kept.
const SECRET: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// The method, the path and the query of a request.
#[derive(Debug)]
pub(crate) struct RequestLine(Box<str>);

impl RequestLine {
    pub(crate) fn new(method: &Method, path: &str, query: &str) -> Self {
        let method = method.as_str();
        let mut text = String::with_capacity(method.len() + path.len() + query.len() + 2);
        text.push_str(method);
        text.push(END);
        text.push_str(path);
        text.push(END);
        text.push_str(query);
        Self(text.into())
    }

    /// Returns the method, the path and the query.
    pub(crate) fn parts(&self) -> [&str; 3] {
        let mut parts = self.0.split(END);
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }
}

/// The headers of a request, without those that may hold a secret. The requests of a connection that repeat
/// them share them.
#[derive(Debug)]
pub(crate) struct RequestHeaders {
    text: Box<str>,
    /// Whether the request carried an `Authorization` header, which is not kept.
    pub(crate) authorized: bool,
}

impl RequestHeaders {
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let mut text = String::with_capacity(USUAL_LENGTH);
        for (name, value) in kept(headers) {
            push(&mut text, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        Self { text: text.into(), authorized: headers.contains_key(AUTHORIZATION) }
    }

    /// Returns whether these headers would be kept as these texts.
    pub(crate) fn covers(&self, headers: &HeaderMap) -> bool {
        let mut rest = self.text.as_bytes();
        let mut skip = |part: &[u8]| {
            let after = rest.strip_prefix(part).and_then(|rest| rest.strip_prefix(b"\0"));
            after.map(|after| rest = after).is_some()
        };
        let same = kept(headers).all(|(name, value)| skip(name.as_ref()) && skip(value.as_bytes()));
        same && rest.is_empty() && headers.contains_key(AUTHORIZATION) == self.authorized
    }

    /// Returns the names and values.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        pairs(&self.text)
    }
}

/// The headers of a response, without the two that every response has in an exchange of its own: the id of
/// the request, and the length.
#[derive(Debug)]
pub(crate) struct ResponseHeaders(Cow<'static, str>);

impl ResponseHeaders {
    /// Returns the headers of a response that has no request id yet.
    pub(crate) fn of(response: &Response) -> Self {
        if let [(name, Cow::Borrowed(JSON))] = response.headers.as_slice()
            && *name == CONTENT_TYPE
        {
            return Self(Cow::Borrowed("content-type\0application/json; charset=utf-8\0"));
        }
        let mut text = String::new();
        for (name, value) in &response.headers {
            push(&mut text, name.as_str(), value);
        }
        Self(Cow::Owned(text))
    }

    /// Returns the names and values, with the id of the request and the length of the body.
    pub(crate) fn pairs(&self, request_id: String, length: u64) -> Vec<(String, String)> {
        let mut pairs = pairs(&self.0);
        pairs.push((X_REQUEST_ID.to_string(), request_id));
        pairs.push((CONTENT_LENGTH.to_string(), length.to_string()));
        pairs
    }
}

fn kept(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    headers.iter().filter(|(name, _)| !SECRET.contains(name))
}

fn push(text: &mut String, name: &str, value: &str) {
    for part in [name, value] {
        text.push_str(part);
        text.push(END);
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let mut texts = text.split_terminator(END);
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, LOCATION};

    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn the_texts_of_a_head_are_kept_without_secrets() {
        assert_eq!(RequestLine::new(&Method::GET, "/a/b", "").parts(), ["GET", "/a/b", ""]);
        assert_eq!(RequestLine::new(&Method::PUT, "/", "x=1").parts(), ["PUT", "/", "x=1"]);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("a, b"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        headers.append(COOKIE, HeaderValue::from_static("secret"));
        headers.append("x-empty", HeaderValue::from_static(""));
        headers.append("x-bytes", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        headers.append("x-empty", HeaderValue::from_static("2"));
        let kept = RequestHeaders::new(&headers);
        assert!(kept.authorized && !kept.text.contains("secret"));
        let mut expected = owned(&[
            ("accept", "a, b"),
            ("x-empty", ""),
            ("x-empty", "2"),
            ("x-bytes", "caf\u{fffd}"),
        ]);
        let mut found = kept.pairs();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_headers_of_a_response_get_its_id_and_length() {
        for (response, expected) in [
            (Response::json(200, &1), ("content-type", JSON)),
            (Response::typed(200, JSON.to_owned(), "x"), ("content-type", JSON)),
            (Response::typed(200, "text/plain", ""), ("content-type", "text/plain")),
        ] {
            let pairs = ResponseHeaders::of(&response).pairs("id".to_owned(), 3);
            let expected = [expected, ("x-request-id", "id"), ("content-length", "3")];
            assert_eq!(pairs, owned(&expected));
        }
        let response = Response::json(201, &1).header(LOCATION, "");
        let pairs = ResponseHeaders::of(&response).pairs("id".to_owned(), 1);
        assert_eq!(pairs.get(1), owned(&[("location", "")]).first());
        assert_eq!(pairs.len(), 4);
    }

    #[test]
    fn only_the_same_headers_are_covered() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_static(value));
            }
            headers
        };
        let all = [
            headers(&[]),
            headers(&[("host", "a")]),
            headers(&[("host", "ab")]),
            headers(&[("host", "a"), ("accept", "b")]),
            headers(&[("accept", "b"), ("host", "a")]),
            headers(&[("host", "a"), ("host", "b")]),
            headers(&[("host", "")]),
            headers(&[("host", "a"), ("authorization", "b")]),
        ];
        for (index, one) in all.iter().enumerate() {
            let kept = RequestHeaders::new(one);
            for (other_index, other) in all.iter().enumerate() {
                assert_eq!(kept.covers(other), index == other_index, "{one:?} {other:?}");
            }
        }
        let secret = headers(&[("cookie", "a"), ("host", "a")]);
        assert!(RequestHeaders::new(&headers(&[("host", "a")])).covers(&secret));
    }
}
