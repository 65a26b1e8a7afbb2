/// The result of a check.
public struct Report: Sendable, Hashable, Decodable {
    private let ok: Bool
    /// Every broken rule, both errors and warnings.
    public let violations: [Violation]
    /// What was read from each medium, by parameter.
    public let media: [String: MediaInfo]

    /// Whether the input can run; warnings do not matter.
    public var isOK: Bool { ok }
}

/// One broken rule.
public struct Violation: Sendable, Hashable, Decodable {
    /// How severe a broken rule is.
    public enum Level: String, Sendable, Hashable, Decodable {
        /// It stops a run.
        case error
        /// It does not stop a run, except with the option `strict`.
        case warning
    }

    /// The model's parameter, such as `video`.
    public let field: String
    /// The rule's stable code, such as `duration` or `container`.
    public let rule: String
    /// Whether it stops a run.
    public let level: Level
    /// The value that was found: `10.52 s`.
    public let actual: String
    /// The values that are allowed: `2 to 10 s`.
    public let allowed: String
    /// What is wrong and what to do.
    public let message: String
    /// The step that mends the file; `nil` if there is none.
    public let fix: Fix?

    /// Whether it stops a run.
    public var isError: Bool { level == .error }
}

/// One step that makes a file acceptable. `kind` says which of the other values it has.
public struct Fix: Sendable, Hashable, Decodable {
    /// The step's stable code, such as `cut` or `scale`.
    public let kind: String
    /// The step in words, such as `scale to 1280 × 720 with borders`.
    public let description: String
    /// The new container format, such as `mp4`.
    public let container: String?
    /// Where the part that is kept starts.
    public let start: Duration?
    /// The new playing time.
    public let duration: Duration?
    /// The new width in pixels.
    public let width: Int?
    /// The new height in pixels.
    public let height: Int?
    /// What is done with a picture of another shape: `borders` or `crop`; `nil` if it keeps its shape.
    public let framing: String?
    /// The new codec of the video, such as `h264`.
    public let codec: String?
    /// The new bit rate; the highest one of a video.
    public let bitsPerSecond: Int64?
    /// How many bytes are removed from the start.
    public let bytes: Int64?
    /// The new extension of the file's name.
    public let fileExtension: String?
}

/// Properties of a media file. Those that could not be read are `nil`.
public struct MediaInfo: Sendable, Hashable, Decodable {
    /// The container format of the content: `mp4`, `mov`, `mp3`, …, or `unknown`.
    public let container: String
    /// The size in bytes.
    public let bytes: Int64?
    /// The playing time.
    public let duration: Duration?
    /// The displayed width in pixels.
    public let width: Int?
    /// The displayed height in pixels.
    public let height: Int?
    /// The codec of the video track, such as `h264`.
    public let videoCodec: String?
    /// The codec of the audio track, such as `aac`.
    public let audioCodec: String?
    /// What is wrong with the file, as a clause that completes "the file …".
    public let corruption: String?
    /// What is unusual about a file that most players still play.
    public let anomaly: String?
}
