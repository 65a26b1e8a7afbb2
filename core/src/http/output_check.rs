//! Decides whether a downloaded file can be what its address promises.

use std::path::Path;

use url::Url;

use super::error_mapping::{title, xml_error};
use super::file_name::extension_of;
use crate::media::{Container, MediaInfo};

/// How much of a file is shown to [`problem`].
pub(super) const HEAD: usize = 1024;

/// Why a download is not the expected file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Something else: a clause that completes "the server sent …".
    Other(String),
    /// The file is corrupt: a clause that completes "the file …".
    Corrupt(String),
}

/// Extensions of files that are text.
const DOCUMENTS: [&str; 14] = [
    "html", "htm", "xhtml", "xml", "svg", "json", "jsonl", "txt", "md", "csv", "srt", "vtt", "ass",
    "js",
];
const VIDEOS: [&str; 10] = ["mp4", "m4v", "mov", "webm", "mkv", "avi", "flv", "ts", "mpg", "wmv"];
const MEDIA: [&str; 29] = [
    "mp4", "m4v", "mov", "webm", "mkv", "avi", "flv", "ts", "mpg", "wmv", "mp3", "wav", "m4a",
    "aac", "ogg", "opus", "flac", "aiff", "amr", "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif",
    "tiff", "heic", "avif",
];

/// Returns whether the address is that of a video, an audio track or an image.
pub(super) fn expects_media(url: &Url, content_type: Option<&str>) -> bool {
    let extension = extension_of(url);
    if !extension.is_empty() {
        return MEDIA.contains(&extension.as_str());
    }
    content_type.is_some_and(|kind| {
        ["video/", "audio/", "image/"]
            .iter()
            .any(|start| kind.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start)))
    })
}

/// Returns whether a path has the extension of a video, an audio track or an image.
pub(crate) fn is_media_name(path: &Path) -> bool {
    let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| MEDIA.contains(&extension.as_str()))
}

/// Returns what is wrong with a downloaded file, given its facts and its beginning.
pub(super) fn problem(
    url: &Url,
    content_type: Option<&str>,
    info: &MediaInfo,
    head: &[u8],
) -> Option<Problem> {
    if head.is_empty() {
        return Some(Problem::Other("an empty file".to_owned()));
    }
    if DOCUMENTS.contains(&extension_of(url).as_str()) {
        return None;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(error) = xml_error(text) {
        return Some(Problem::Other(format!("an error instead of the file ({error})")));
    }
    let lower = text.get(..15).unwrap_or(text).to_ascii_lowercase();
    if info.container == Container::Html
        || ["<!doctype html", "<html"].iter().any(|it| lower.starts_with(it))
    {
        let title = title(text).map(|title| format!(" (\"{title}\")")).unwrap_or_default();
        return Some(Problem::Other(format!("a web page{title} instead of the file")));
    }
    if !expects_media(url, content_type) {
        return None;
    }
    match info.container {
        Container::Png
        | Container::Jpeg
        | Container::WebP
        | Container::Bmp
        | Container::Tiff
        | Container::Heic
        | Container::Avif
        | Container::Mp3
        | Container::Wav
        | Container::Adts
        | Container::Flac
            if VIDEOS.contains(&extension_of(url).as_str()) =>
        {
            Some(Problem::Other(format!("{} instead of a video", info.container.describe())))
        }
        Container::Xml
        | Container::Json
        | Container::Text
        | Container::Pdf
        | Container::Zip
        | Container::Gzip
        | Container::Base64
        | Container::DataUri => {
            let label = info.container.label();
            Some(Problem::Other(format!("a file of another kind ({label})")))
        }
        _ => info.corruption.clone().map(Problem::Corrupt),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::media::probe::{BytesSource, probe};

    const FACE: &[u8] = include_bytes!("../../../samples/face.mp4");
    const VOICE: &[u8] = include_bytes!("../../../samples/voice.mp3");

    const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

    fn found(name: &str, content_type: Option<&str>, content: &'static [u8]) -> String {
        let url = Url::parse(&format!("https://a.example/{name}")).unwrap();
        let info = probe(&BytesSource::new(Bytes::from_static(content))).unwrap();
        let head = content.get(..HEAD).unwrap_or(content);
        match problem(&url, content_type, &info, head) {
            Some(Problem::Other(clause)) => format!("sent {clause}"),
            Some(Problem::Corrupt(clause)) => clause,
            None => String::new(),
        }
    }

    #[test]
    fn a_download_that_is_no_video_is_recognized() {
        let xml = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>";
        let page = b"\n<!DOCTYPE HTML><title>Login</title>";
        for (name, content_type, content, expected) in [
            ("x.mp4", Some("text/html"), FACE, ""),
            ("x.mp3", None, VOICE, ""),
            ("x", Some("video/mp4"), VOICE, ""),
            ("x.mp4", None, VOICE, "sent an MP3 audio file instead of a video"),
            ("x.mov", None, PICTURE, "sent a PNG image instead of a video"),
            ("x.png", None, PICTURE, ""),
            ("x", Some("video/mp4"), FACE, ""),
            ("x.mp4", None, &page[..], "sent a web page (\"Login\")"),
            ("x", None, b"<html>", "sent a web page"),
            ("x.html", None, page, ""),
            ("x.mp4", None, xml, "(AccessDenied)"),
            ("x", None, xml, "(AccessDenied)"),
            ("x.xml", None, xml, ""),
            ("x.mp4", None, b"", "sent an empty file"),
            ("x.txt", None, b"", "sent an empty file"),
            (
                "x.mp4",
                None,
                b"{\"code\":404,\"message\":\"gone\"}",
                "sent a file of another kind (JSON)",
            ),
            ("x", Some("video/mp4"), b"{\"code\":404,\"message\":\"gone\"}", "(JSON)"),
            ("x.json", None, b"{\"code\":404}", ""),
            ("x.txt", None, b"a language model's words", ""),
            ("x", None, b"a language model's words", ""),
            ("x.mp4", None, &FACE[..65536], "is truncated"),
            ("x.bin", None, &FACE[..65536], ""),
            ("x.mp4", None, b"\x00\xffunknown\x80\x81", ""),
        ] {
            let found = found(name, content_type, content);
            assert!(
                found.contains(expected) && found.is_empty() == expected.is_empty(),
                "{name}: {found:?}, not {expected:?}"
            );
        }
    }
}
