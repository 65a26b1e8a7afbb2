internal import VisemeNative

/// What a check found.
public struct Report: Sendable, Hashable {
    /// Every broken rule, errors and warnings.
    public let violations: [Violation]
    /// What each medium that could be read says of itself, by parameter.
    public let media: [String: MediaInfo]

    /// Whether the input would be sent.
    public var isOK: Bool { !violations.contains(where: \.isError) }
}

/// A broken rule.
public struct Violation: Sendable, Hashable {
    /// The parameter.
    public let field: String
    /// The rule's code.
    public let rule: String
    /// Whether the input is refused for it; otherwise it is a warning.
    public let isError: Bool
    /// What was found.
    public let actual: String
    /// What is allowed.
    public let allowed: String
    /// All of it as a sentence.
    public let message: String
}

/// What a medium says of itself; what is not known is `nil`.
public struct MediaInfo: Sendable, Hashable {
    /// What the file really is, such as `mp4`.
    public let container: String
    /// Its size.
    public let bytes: Int64?
    /// Its playing time.
    public let duration: Duration?
    /// Its displayed width in pixels.
    public let width: Int?
    /// Its displayed height in pixels.
    public let height: Int?
    /// The codec of its pictures, such as `h264`.
    public let videoCodec: String?
    /// The codec of its sound, such as `aac`.
    public let audioCodec: String?
}

extension Report {
    init(_ native: NativeReport) {
        violations = native.violations.map(Violation.init)
        media = native.media.mapValues(MediaInfo.init)
    }
}

extension Violation {
    init(_ native: NativeViolation) {
        field = native.field
        rule = native.rule
        isError = native.isError
        actual = native.actual
        allowed = native.allowed
        message = native.explanation
    }
}

extension MediaInfo {
    init(_ native: NativeMediaInfo) {
        container = native.container
        bytes = native.bytes.map { Int64(clamping: $0) }
        duration = native.duration.map { Duration(native: $0) }
        width = native.width.map { Int(clamping: $0) }
        height = native.height.map { Int(clamping: $0) }
        videoCodec = native.videoCodec
        audioCodec = native.audioCodec
    }
}
