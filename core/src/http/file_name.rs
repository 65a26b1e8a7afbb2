//! A safe file name for a download, whatever its URL says.

use percent_encoding::percent_decode_str;
use url::Url;

/// The last part of the URL's path as a file name that is safe on every system: no folders, no
/// reserved names, no hidden files; with an extension that fits `content_type` where it has none.
pub(crate) fn safe_file_name(url: &Url, content_type: Option<&str>) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let decoded = percent_decode_str(last).decode_utf8_lossy();
    let options = sanitize_filename::Options { windows: true, truncate: true, replacement: "_" };
    let name = sanitize_filename::sanitize_with_options(decoded.as_ref(), options);
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let name = if name.is_empty() { "output" } else { name };
    match content_type.and_then(extension_for) {
        Some(extension) if !has_extension(name) => format!("{name}.{extension}"),
        _ => name.to_owned(),
    }
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=5).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn extension_for(content_type: &str) -> Option<&'static str> {
    match content_type.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        "video/mp4" => Some("mp4"),
        "video/quicktime" => Some("mov"),
        "video/webm" => Some("webm"),
        "audio/mpeg" => Some("mp3"),
        "audio/wav" | "audio/x-wav" => Some("wav"),
        "audio/mp4" => Some("m4a"),
        "audio/aac" => Some("aac"),
        "image/png" => Some("png"),
        "image/jpeg" => Some("jpg"),
        "image/webp" => Some("webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names() {
        for (url, content_type, name) in [
            ("https://a/output/x.mp4", None, "x.mp4"),
            ("https://a/output/x.mp4?sig=a/b.exe", Some("video/mp4"), "x.mp4"),
            ("https://a/output/x", Some("video/mp4; codecs=avc1"), "x.mp4"),
            ("https://a/output/x", None, "x"),
            ("https://a/", Some("video/mp4"), "output.mp4"),
            ("https://a", None, "output"),
            ("https://a/%2e%2e%2f%2e%2e%2fetc%2fpasswd", None, "_.._etc_passwd"),
            ("https://a/..%5c..%5cboot.ini", None, "_.._boot.ini"),
            ("https://a/.bashrc", None, "bashrc"),
            ("https://a/CON", None, "_"),
            ("https://a/a%00b%0a.mp4", None, "a_b_.mp4"),
            ("https://a/%20.%20", None, "_"),
        ] {
            assert_eq!(safe_file_name(&Url::parse(url).unwrap(), content_type), name, "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_url_leads_out_of_the_folder(path in "\\PC{0,400}") {
            let mut url = Url::parse("https://a/").unwrap();
            url.set_path(&path);
            let name = safe_file_name(&url, Some("video/mp4"));
            prop_assert!(!name.is_empty() && name.len() <= 260, "{name:?}");
            prop_assert!(!name.contains(['/', '\\', '\0', ':']) && !name.starts_with('.'), "{name:?}");
            let path = std::path::Path::new(&name);
            prop_assert_eq!(path.file_name(), Some(path.as_os_str()));
        }
    }
}
