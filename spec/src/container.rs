//! Kinds of files with their names, content types and extensions.

/// Audio, video or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// Audio without video.
    Audio,
    /// Video, with or without audio.
    Video,
    /// A still image.
    Image,
}

/// The kind of a file, by its content and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Container {
    /// ISO base media (MPEG-4 part 14) with a video track.
    Mp4,
    /// QuickTime with a video track.
    Mov,
    /// ISO base media or QuickTime with audio tracks only.
    M4a,
    /// MPEG audio layer 3 frames, with or without ID3 tags.
    Mp3,
    /// MPEG audio layer 2 frames.
    Mp2,
    /// RIFF/WAVE, RF64 included.
    Wav,
    /// AAC in ADTS frames (`.aac`).
    Adts,
    /// WebM.
    WebM,
    /// Matroska.
    Matroska,
    /// AVI.
    Avi,
    /// MPEG transport stream.
    MpegTs,
    /// MPEG program stream (`.mpg`).
    MpegPs,
    /// Flash video.
    Flv,
    /// Windows Media (ASF).
    Asf,
    /// Ogg (Vorbis, Opus, …).
    Ogg,
    /// FLAC.
    Flac,
    /// AIFF.
    Aiff,
    /// AMR.
    Amr,
    /// Apple Core Audio Format (CAF).
    Caf,
    /// Sun/NeXT AU (`.snd`).
    Au,
    /// Sony Wave64.
    Wave64,
    /// RIFX/WAVE: WAV in big-endian byte order.
    Rifx,
    /// AAC in a LOAS/LATM stream.
    Loas,
    /// AAC with an ADIF header.
    Adif,
    /// SILK, the voice messages of WeChat and QQ.
    Silk,
    /// PCM samples without any header.
    RawPcm,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
    /// BMP.
    Bmp,
    /// TIFF.
    Tiff,
    /// HEIC/HEIF.
    Heic,
    /// AVIF.
    Avif,
    /// PDF.
    Pdf,
    /// ZIP and formats based on it.
    Zip,
    /// Gzip.
    Gzip,
    /// The base64 text of a media file.
    Base64,
    /// A `data:` URI saved as a file.
    DataUri,
    /// HTML, often an error page saved with the name of a media file.
    Html,
    /// XML, often an error of a storage service saved with the name of a media file.
    Xml,
    /// JSON, often an error response saved with the name of a media file.
    Json,
    /// Other plain text.
    Text,
    /// A kind that is not known here.
    Unknown,
}

/// One row of the table of kinds.
struct Row {
    label: &'static str,
    phrase: &'static str,
    kind: Option<MediaKind>,
    content_type: &'static str,
    /// The most common extension first.
    extensions: &'static [&'static str],
}

const fn row(
    label: &'static str,
    phrase: &'static str,
    kind: Option<MediaKind>,
    content_type: &'static str,
    extensions: &'static [&'static str],
) -> Row {
    Row { label, phrase, kind, content_type, extensions }
}

impl Container {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::Mp4,
        Self::Mov,
        Self::M4a,
        Self::Mp3,
        Self::Mp2,
        Self::Wav,
        Self::Adts,
        Self::WebM,
        Self::Matroska,
        Self::Avi,
        Self::MpegTs,
        Self::MpegPs,
        Self::Flv,
        Self::Asf,
        Self::Ogg,
        Self::Flac,
        Self::Aiff,
        Self::Amr,
        Self::Caf,
        Self::Au,
        Self::Wave64,
        Self::Rifx,
        Self::Loas,
        Self::Adif,
        Self::Silk,
        Self::RawPcm,
        Self::Png,
        Self::Jpeg,
        Self::Gif,
        Self::WebP,
        Self::Bmp,
        Self::Tiff,
        Self::Heic,
        Self::Avif,
        Self::Pdf,
        Self::Zip,
        Self::Gzip,
        Self::Base64,
        Self::DataUri,
        Self::Html,
        Self::Xml,
        Self::Json,
        Self::Text,
        Self::Unknown,
    ];

    /// Returns the kind of media it holds; `None` if it holds no media or is unknown.
    #[must_use]
    pub fn kind(self) -> Option<MediaKind> {
        self.row().kind
    }

    /// Returns the short name, as in a list of accepted formats: `MP3`, `AAC`, `PNG`.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.row().label
    }

    /// Returns the name with its article, for sentences: "a PNG image", "an MP4 video".
    #[must_use]
    pub fn describe(self) -> &'static str {
        self.row().phrase
    }

    /// Returns the content type for uploads (`video/mp4`), or `application/octet-stream`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        self.row().content_type
    }

    /// Returns the file name extensions, in lower case and without the dot, the most common one
    /// first. [`Container::Unknown`] has none.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// Returns the kind that an extension usually stands for. Pass it in lower case, without the dot.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.extensions().contains(&extension))
    }

    fn row(self) -> Row {
        const A: Option<MediaKind> = Some(MediaKind::Audio);
        const V: Option<MediaKind> = Some(MediaKind::Video);
        const I: Option<MediaKind> = Some(MediaKind::Image);
        match self {
            Self::Mp4 => row("MP4", "an MP4 video", V, "video/mp4", &["mp4", "m4v", "3gp", "3g2"]),
            Self::Mov => {
                row("MOV", "a QuickTime (MOV) video", V, "video/quicktime", &["mov", "qt"])
            }
            Self::M4a => {
                row("M4A", "an M4A audio file", A, "audio/mp4", &["m4a", "m4b", "m4r", "mp4"])
            }
            Self::Mp3 => row("MP3", "an MP3 audio file", A, "audio/mpeg", &["mp3", "mpga"]),
            Self::Mp2 => row("MP2", "an MPEG layer 2 audio file", A, "audio/mpeg", &["mp2", "mpa"]),
            Self::Wav => row("WAV", "a WAV audio file", A, "audio/wav", &["wav", "wave"]),
            Self::Adts => row("AAC", "an AAC (ADTS) audio file", A, "audio/aac", &["aac", "adts"]),
            Self::WebM => row("WebM", "a WebM file", V, "video/webm", &["webm", "weba"]),
            Self::Matroska => {
                row("Matroska", "a Matroska file", V, "video/matroska", &["mkv", "mka", "mk3d"])
            }
            Self::Avi => row("AVI", "an AVI video", V, "video/x-msvideo", &["avi"]),
            Self::MpegTs => {
                row("MPEG-TS", "an MPEG transport stream", V, "video/mp2t", &["ts", "mts", "m2ts"])
            }
            Self::MpegPs => {
                row("MPEG-PS", "an MPEG program stream", V, "video/mpeg", &["mpg", "mpeg", "vob"])
            }
            Self::Flv => row("FLV", "a Flash video", V, "video/x-flv", &["flv"]),
            Self::Asf => {
                row("ASF", "a Windows Media file", V, "video/x-ms-asf", &["wmv", "wma", "asf"])
            }
            Self::Ogg => row("Ogg", "an Ogg file", A, "audio/ogg", &["ogg", "oga", "opus", "ogv"]),
            Self::Flac => row("FLAC", "a FLAC audio file", A, "audio/flac", &["flac"]),
            Self::Aiff => {
                row("AIFF", "an AIFF audio file", A, "audio/aiff", &["aiff", "aif", "aifc"])
            }
            Self::Amr => row("AMR", "an AMR audio file", A, "audio/amr", &["amr", "awb"]),
            Self::Caf => row("CAF", "a Core Audio (CAF) audio file", A, "audio/x-caf", &["caf"]),
            Self::Au => row("AU", "an AU audio file", A, "audio/basic", &["au", "snd"]),
            Self::Wave64 => row("W64", "a Wave64 audio file", A, "audio/x-w64", &["w64"]),
            Self::Rifx => {
                row("RIFX", "a big-endian WAV (RIFX) audio file", A, "audio/wav", &["rifx"])
            }
            Self::Loas => row(
                "LOAS",
                "an AAC audio file in a LOAS/LATM stream",
                A,
                "audio/mp4a-latm",
                &["loas", "latm"],
            ),
            Self::Adif => row("ADIF", "an AAC audio file with an ADIF header", A, "audio/aac", &[]),
            Self::Silk => row("SILK", "a SILK voice message", A, "audio/silk", &["silk", "slk"]),
            Self::RawPcm => {
                row("PCM", "audio without a header (raw PCM samples)", A, "audio/pcm", &["pcm"])
            }
            Self::Png => row("PNG", "a PNG image", I, "image/png", &["png", "apng"]),
            Self::Jpeg => row("JPEG", "a JPEG image", I, "image/jpeg", &["jpg", "jpeg", "jfif"]),
            Self::Gif => row("GIF", "a GIF image", I, "image/gif", &["gif"]),
            Self::WebP => row("WebP", "a WebP image", I, "image/webp", &["webp"]),
            Self::Bmp => row("BMP", "a BMP image", I, "image/bmp", &["bmp", "dib"]),
            Self::Tiff => row("TIFF", "a TIFF image", I, "image/tiff", &["tif", "tiff"]),
            Self::Heic => row("HEIC", "an HEIC image", I, "image/heic", &["heic", "heif"]),
            Self::Avif => row("AVIF", "an AVIF image", I, "image/avif", &["avif"]),
            Self::Pdf => row("PDF", "a PDF document", None, "application/pdf", &["pdf"]),
            Self::Zip => row("ZIP", "a ZIP archive", None, "application/zip", &["zip"]),
            Self::Gzip => row("gzip", "a gzip archive", None, "application/gzip", &["gz", "tgz"]),
            Self::Base64 => row("base64", "base64 text", None, "text/plain", &["b64", "base64"]),
            Self::DataUri => {
                row("data URI", "a data: URI saved as a file", None, "text/plain", &[])
            }
            Self::Html => row(
                "HTML",
                "an HTML page, perhaps an error page saved with this name",
                None,
                "text/html",
                &["html", "htm"],
            ),
            Self::Xml => row(
                "XML",
                "an XML document, perhaps an error response saved with this name",
                None,
                "application/xml",
                &["xml", "svg"],
            ),
            Self::Json => row(
                "JSON",
                "a JSON document, perhaps an error response saved with this name",
                None,
                "application/json",
                &["json"],
            ),
            Self::Text => row("text", "a text file", None, "text/plain", &["txt"]),
            Self::Unknown => {
                row("unknown", "a file of an unknown kind", None, "application/octet-stream", &[])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_kind_and_no_field_is_empty() {
        for (index, container) in Container::ALL.iter().enumerate() {
            assert_eq!(*container as usize, index, "{container:?} is out of order");
            assert!(!container.label().is_empty());
            assert!(!container.describe().is_empty());
            assert!(container.content_type().contains('/'), "{container:?}");
        }
        assert_eq!(Container::ALL.last(), Some(&Container::Unknown));
        assert_eq!(Container::Unknown as usize + 1, Container::ALL.len());
    }

    #[test]
    fn content_types() {
        for (container, expected) in [
            (Container::Mp4, "video/mp4"),
            (Container::Mov, "video/quicktime"),
            (Container::Mp3, "audio/mpeg"),
            (Container::Wav, "audio/wav"),
            (Container::M4a, "audio/mp4"),
            (Container::Adts, "audio/aac"),
            (Container::Png, "image/png"),
        ] {
            assert_eq!(container.content_type(), expected);
        }
    }
}
