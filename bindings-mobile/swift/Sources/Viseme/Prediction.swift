import Foundation
internal import VisemeNative

/// What the service says of a job at one moment.
public struct Prediction: Sendable, Hashable, Identifiable {
    /// The job's id.
    public let id: String
    /// The model's id; empty where the service did not say.
    public let model: String
    /// The state of the job.
    public let status: Status
    /// Whether nothing more will happen to it.
    public let isTerminal: Bool
    /// What came out; empty until the job is completed.
    public let outputs: [Output]
    /// The URL of the first output that has one; it can be downloaded for seven days.
    public let outputURL: URL?
    /// What the service says went wrong; `nil` where nothing did.
    public let error: String?
    /// The service's application code.
    public let code: Int64?
    /// When the job was made, by the service's clock.
    public let createdAt: Date?
    /// How long the job ran, as the service measured it.
    public let executionTime: Duration?
    /// How the job was found where the answer to its submit was lost: `input`, or `model_and_time` where
    /// the history did not tell inputs.
    public let recoveredBy: String?
    /// All of it as JSON, with what this version does not know.
    public let json: String
}

/// The state of a job: the service's word for it, also one that this version does not know.
public struct Status: RawRepresentable, Sendable, Hashable, Codable {
    /// The service's word.
    public let rawValue: String

    /// The state with this word.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// It is known and has not begun.
    public static let created = Status(rawValue: "created")
    /// It runs.
    public static let processing = Status(rawValue: "processing")
    /// It is done.
    public static let completed = Status(rawValue: "completed")
    /// The service could not do it; such jobs are refunded.
    public static let failed = Status(rawValue: "failed")
    /// The service cancelled it.
    public static let cancelled = Status(rawValue: "cancelled")
    /// The service gave it up.
    public static let timeout = Status(rawValue: "timeout")
    /// It was deleted.
    public static let deleted = Status(rawValue: "deleted")
}

extension Status: CustomStringConvertible {
    /// The service's word.
    public var description: String { rawValue }
}

/// What came out of a job.
public enum Output: Sendable, Hashable {
    /// It can be downloaded for seven days.
    case url(URL)
    /// Text, or base64 where that was asked for.
    case text(String)
    /// Anything else, as JSON text.
    case json(String)
}

extension Output: CustomStringConvertible, CustomDebugStringConvertible {
    /// Of a text how much, not what: it may be a whole video.
    public var description: String {
        switch self {
        case .url(let url): url.absoluteString
        case .text(let text): "text of \(text.utf8.count) bytes"
        case .json(let json): json
        }
    }

    /// The same as ``description``.
    public var debugDescription: String { description }
}

/// An output on disk.
public struct DownloadedFile: Sendable, Hashable {
    /// Where it is.
    public let file: URL
    /// How large it is.
    public let bytes: Int64
}

extension Prediction {
    init(_ native: NativePrediction) {
        id = native.id
        model = native.model
        status = Status(rawValue: native.status)
        isTerminal = native.isTerminal
        outputs = native.outputs.map(Output.init)
        outputURL = native.outputUrl.flatMap { URL(string: $0) }
        error = native.failure
        code = native.appCode
        createdAt = native.createdAt
        executionTime = native.executionTime.map { Duration(native: $0) }
        recoveredBy = native.recoveredBy
        json = native.json
    }
}

extension Output {
    init(_ native: NativeOutput) {
        switch native {
        case .url(let url):
            self = URL(string: url).map(Output.url) ?? .text(url)
        case .text(let text): self = .text(text)
        case .json(let json): self = .json(json)
        }
    }

    var native: NativeOutput {
        switch self {
        case .url(let url): .url(url: url.absoluteString)
        case .text(let text): .text(text: text)
        case .json(let json): .json(json: json)
        }
    }
}
