import Foundation

/// The state of a job as the service describes it at one moment.
///
/// The service is lenient about most fields: a value that is missing or of an unexpected type is absent or
/// empty here.
public struct Prediction: Sendable, Hashable, Identifiable, Decodable {
    /// The job's id.
    public let id: String
    /// The model's id; empty if the service did not say.
    public let model: String
    /// The status of the job.
    public let status: Status
    /// Whether the job has ended: no further status will follow.
    public let isTerminal: Bool
    /// The outputs; empty until the job completes.
    public let outputs: [Output]
    /// For each output, its URL, or the URL that its JSON contains.
    let outputUrls: [String?]?
    /// The URL at which the service returns the result.
    public let resultURL: URL?
    /// For each output, whether the service classified it as not safe for work.
    public let hasNsfwContents: [Bool]?
    /// When the job was created, by the service's clock.
    public let createdAt: Date?
    /// What went wrong.
    public let error: String?
    /// The service's application code.
    public let code: Int64?
    /// How long the job ran, as measured by the service.
    public let executionTime: Duration?
    /// Parts of that time by name.
    public let timings: [String: Duration]
    /// The job's input, if the service repeats it.
    public let input: JSONValue?
    /// How the job was found if its submit got no response: `input`, or `model_and_time` if the history has
    /// no inputs.
    public let recovered: String?
    /// The id of the request whose response this is. Include it when you contact the support of the service.
    public let requestID: String?
    /// All other fields of the service's response.
    public let extra: [String: JSONValue]

    /// The URL of the first output that has one; you can download it for seven days.
    public var outputURL: URL? {
        (outputUrls ?? []).lazy.compactMap { $0.flatMap(URL.init(string:)) }.first
    }
}

/// The status of a job, in the service's own word. One that is not listed means that the job still runs.
public struct Status: RawRepresentable, Sendable, Hashable, Codable {
    /// The service's word.
    public let rawValue: String

    /// Creates the status with this word.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The service has the job and has not started it.
    public static let created = Status(rawValue: "created")
    /// The job runs.
    public static let processing = Status(rawValue: "processing")
    /// The job is done.
    public static let completed = Status(rawValue: "completed")
    /// The job failed; the service refunds failed jobs.
    public static let failed = Status(rawValue: "failed")
    /// The job was cancelled.
    public static let cancelled = Status(rawValue: "cancelled")
    /// The service stopped the job because it took too long.
    public static let timeout = Status(rawValue: "timeout")
    /// The job was deleted.
    public static let deleted = Status(rawValue: "deleted")
}

extension Status: CustomStringConvertible {
    /// The service's word.
    public var description: String { rawValue }
}

/// One output of a job.
public enum Output: Sendable, Hashable {
    /// A URL that you can download for seven days.
    case url(URL)
    /// Text, or base64.
    case text(String)
    /// Any other JSON.
    case json(JSONValue)
}

extension Output: Decodable {
    private enum Keys: CodingKey {
        case url, text, json
    }

    /// Reads an output of the native library.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Keys.self)
        if let text = try fields.decodeIfPresent(String.self, forKey: .url) {
            self = URL(string: text).map(Output.url) ?? .text(text)
        } else if let text = try fields.decodeIfPresent(String.self, forKey: .text) {
            self = .text(text)
        } else {
            self = .json(try fields.decode(JSONValue.self, forKey: .json))
        }
    }

    var json: JSONValue {
        switch self {
        case .url(let url): ["url": .string(url.absoluteString)]
        case .text(let text): ["text": .string(text)]
        case .json(let json): ["json": json]
        }
    }
}

extension Output: CustomStringConvertible, CustomDebugStringConvertible {
    /// The URL, the size of a text (it may be a whole video), or the JSON.
    public var description: String {
        switch self {
        case .url(let url): url.absoluteString
        case .text(let text): "text of \(text.utf8.count) bytes"
        case .json(let json): (try? json.text()) ?? "JSON"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String { description }
}

/// A file that was downloaded.
public struct DownloadedFile: Sendable, Hashable, Decodable {
    /// The path of the file.
    public let path: String
    /// Its size in bytes.
    public let bytes: Int64

    /// The file's URL.
    public var file: URL { URL(fileURLWithPath: path) }
}

/// What was submitted and when: enough for ``Client/recover(_:exclude:sentWithin:matchByTime:)``. Save it with any
/// encoder.
public struct SubmitRecord: Sendable, Hashable, Codable {
    /// The model's id.
    public let model: String
    /// The body that was sent, with the URLs of uploaded media.
    public let input: JSONValue
    /// When it was sent, by this device's clock, such as `2026-01-01T00:00:00Z`.
    public let sentAt: String

    /// Creates a record from its saved parts.
    public init(model: String, input: JSONValue, sentAt: String) {
        self.model = model
        self.input = input
        self.sentAt = sentAt
    }

    var json: JSONValue {
        ["model": .string(model), "input": input, "sentAt": .string(sentAt)]
    }
}
