//! What the web pages of Viseme share: the theme, small ES modules, and the headers of responses.
//!
//! The modules are hand-written and are served as they are. A page serves them in a folder `base`
//! next to its own modules, which import them as `./base/dom.js`.

/// A file that a server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name, with the folder if it has one: `base/theme.css`.
    pub name: &'static str,
    /// Its content.
    pub content: &'static str,
}

impl Asset {
    /// Returns the content type that belongs to the name.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("html") => "text/html; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// Makes an [`Asset`] of a file: `asset!("dashboard.js", "../assets/dashboard.js")`. The path is
/// relative to the source file.
#[macro_export]
macro_rules! asset {
    ($name:literal, $path:literal) => {
        $crate::Asset { name: $name, content: include_str!($path) }
    };
}

/// The files that all pages share.
pub const BASE: &[Asset] = &[
    asset!("base/theme.css", "../base/theme.css"),
    asset!("base/controls.css", "../base/controls.css"),
    asset!("base/components.css", "../base/components.css"),
    asset!("base/favicon.svg", "../base/favicon.svg"),
    asset!("base/curl.js", "../base/curl.js"),
    asset!("base/dom.js", "../base/dom.js"),
    asset!("base/events.js", "../base/events.js"),
    asset!("base/format.js", "../base/format.js"),
    asset!("base/ui.js", "../base/ui.js"),
];

/// The content security policy of a page: everything comes from the page's own server, and nothing
/// runs that is not in a file of it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The headers of each page and each of its files.
pub const SECURITY_HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    // A new version of the server is a new version of each file.
    ("cache-control", "no-cache"),
];

/// Returns the shared file with this name.
#[must_use]
pub fn base_asset(name: &str) -> Option<&'static Asset> {
    BASE.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_follows_the_name() {
        let types = ["a.css", "a.js", "a.html", "a.svg", "js"]
            .map(|name| Asset { name, content: "" }.content_type());
        assert_eq!(
            types,
            [
                "text/css; charset=utf-8",
                "text/javascript; charset=utf-8",
                "text/html; charset=utf-8",
                "image/svg+xml",
                "text/plain; charset=utf-8",
            ]
        );
    }

    #[test]
    fn shared_files_are_found_by_name() {
        assert!(base_asset("base/theme.css").is_some_and(|asset| asset.content.contains(":root")));
        assert_eq!(base_asset("base/../theme.css"), None);
    }

    /// The policy forbids inline styles and scripts; a page with one would break.
    #[test]
    fn the_policy_allows_nothing_from_elsewhere() {
        for word in ["unsafe", "http:", "https:", "*"] {
            assert!(!CONTENT_SECURITY_POLICY.contains(word), "{word}");
        }
    }
}
