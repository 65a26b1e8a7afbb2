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

    /// Whether it stops a run.
    public var isError: Bool { level == .error }
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
