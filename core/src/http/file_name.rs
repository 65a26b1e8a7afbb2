//! A safe file name for a download, whatever its URL says.

use percent_encoding::percent_decode_str;
use url::Url;

/// The longest name of a file on most systems, in bytes.
pub(super) const MAX_NAME: usize = 255;
/// The longest name on systems that encrypt names.
pub(super) const MAX_ENCRYPTED_NAME: usize = 143;
/// The longest text behind a dot that is kept as the extension when a name is shortened.
const MAX_EXTENSION: usize = 16;

/// Returns the last part of the URL's path as a file name that is safe on every system: no folders,
/// no reserved names, no hidden files. Adds an extension that fits `content_type` if there is none,
/// and shortens long names before the extension.
pub(crate) fn safe_file_name(url: &Url, content_type: Option<&str>) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let decoded = percent_decode_str(last).decode_utf8_lossy();
    let options = sanitize_filename::Options { windows: true, truncate: false, replacement: "_" };
    let name = sanitize_filename::sanitize_with_options(decoded.as_ref(), options);
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let name = if name.is_empty() { "output" } else { name };
    let name = match content_type.and_then(extension_for) {
        Some(extension) if !has_extension(name) => format!("{name}.{extension}"),
        _ => name.to_owned(),
    };
    with_suffix(&name, "", MAX_NAME)
}

/// Returns the name with a suffix before its extension, shortened to what most systems allow.
pub(crate) fn name_with_suffix(name: &str, suffix: &str) -> String {
    with_suffix(name, suffix, MAX_NAME)
}

/// Returns the name with a suffix before its extension, shortened to at most `max` bytes.
pub(super) fn with_suffix(name: &str, suffix: &str, max: usize) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= MAX_EXTENSION => {
            (stem, format!(".{extension}"))
        }
        _ => (name, String::new()),
    };
    let mut end = max.saturating_sub(suffix.len() + extension.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}{extension}", stem.get(..end).unwrap_or_default())
}

/// Returns the extension of the URL's file in lower case; empty if there is none.
pub(super) fn extension_of(url: &Url) -> String {
    let name = safe_file_name(url, None);
    match name.rsplit_once('.') {
        Some((_, extension)) if has_extension(&name) => extension.to_ascii_lowercase(),
        _ => String::new(),
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

    #[test]
    fn long_names_are_shortened_before_the_extension() {
        let url = |name: &str| Url::parse(&format!("https://a/{name}")).unwrap();
        let long = "a".repeat(300);
        assert_eq!(safe_file_name(&url(&long), None), "a".repeat(255));
        let video = Some("video/mp4");
        assert_eq!(safe_file_name(&url(&long), video), format!("{}.mp4", "a".repeat(251)));
        let name = safe_file_name(&url(&format!("{long}.mp4")), None);
        assert_eq!(name, format!("{}.mp4", "a".repeat(251)));
        let name = safe_file_name(&url(&format!("{}.mp4", "%E3%81%82".repeat(100))), None);
        assert_eq!(name, format!("{}.mp4", "あ".repeat(83)));
        for (name, suffix, max, expected) in [
            ("x.mp4", "-1", 255, "x-1.mp4"),
            ("x", "-12", 255, "x-12"),
            (".mp4", "-1", 255, ".mp4-1"),
            ("abcdef.mp4", "-1", 10, "abcd-1.mp4"),
            ("ab.cdefghijklmnopqrstuvwxyz", "-1", 10, "ab.cdefg-1"),
        ] {
            assert_eq!(with_suffix(name, suffix, max), expected);
        }
    }

    proptest! {
        #[test]
        fn no_url_leads_out_of_the_folder(path in "\\PC{0,400}") {
            let mut url = Url::parse("https://a/").unwrap();
            url.set_path(&path);
            let name = safe_file_name(&url, Some("video/mp4"));
            prop_assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
            prop_assert!(!name.contains(['/', '\\', '\0', ':']) && !name.starts_with('.'), "{name:?}");
            let path = std::path::Path::new(&name);
            prop_assert_eq!(path.file_name(), Some(path.as_os_str()));
        }
    }
}
