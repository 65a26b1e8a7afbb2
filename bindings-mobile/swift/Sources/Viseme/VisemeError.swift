import Foundation

/// An error of Viseme. `docs/errors.md` explains every code and what to do about it. A cancelled task throws a
/// `CancellationError` instead.
public enum VisemeError: Error, Sendable, Hashable {
    /// A setting or a parameter is invalid, or there is no API key. Nothing was sent.
    case config(ErrorInfo)
    /// The input or its media break the model's rules: see ``ErrorInfo/violations``. Nothing was submitted.
    case invalidInput(ErrorInfo)
    /// The service could not be reached, or the connection broke.
    case connection(ErrorInfo)
    /// One request took longer than the request timeout.
    case requestTimeout(ErrorInfo)
    /// HTTP 400 or 422: the service rejected the request. It was not accepted.
    case badRequest(ErrorInfo)
    /// HTTP 401: the key is not accepted; replace it with ``Client/setApiKey(_:)``.
    case authentication(ErrorInfo)
    /// The account is out of credits.
    case insufficientCredits(ErrorInfo)
    /// HTTP 403: the key does not allow this.
    case permissionDenied(ErrorInfo)
    /// HTTP 404: there is no such job, model or file, or no longer.
    case notFound(ErrorInfo)
    /// HTTP 429, also after retries: wait for ``ErrorInfo/retryAfter``.
    case rateLimit(ErrorInfo)
    /// HTTP 5xx: the service failed.
    case server(ErrorInfo)
    /// Any other HTTP status that is not a success.
    case apiStatus(ErrorInfo)
    /// The service sent a response that cannot be understood.
    case unexpectedResponse(ErrorInfo)
    /// The submit got no response, and no job, or more than one, matches it. It is not sent again, because
    /// that could charge you twice. Keep ``ErrorInfo/record``.
    case submissionUnknown(ErrorInfo)
    /// A file could not be uploaded. Nothing was submitted.
    case upload(ErrorInfo)
    /// An output could not be downloaded or saved. The job is done and paid.
    case download(ErrorInfo)
    /// The job ended as `failed`. The service refunds failed jobs.
    case jobFailed(ErrorInfo)
    /// The job ended as `cancelled`, `timeout` or `deleted`.
    case jobCancelled(ErrorInfo)
    /// The wait ended before the job, which continues and is charged: wait again with ``ErrorInfo/jobID``.
    case waitTimeout(ErrorInfo)

    /// What kind of step failed.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        /// The settings of the client.
        case config
        /// The input.
        case input
        /// A request.
        case api
        /// A submit that got no response.
        case submission
        /// An upload.
        case upload
        /// A download.
        case download
        /// The job itself, or the wait for it.
        case job
    }

    /// The details of the error.
    public var info: ErrorInfo {
        switch self {
        case .config(let info), .invalidInput(let info), .connection(let info),
            .requestTimeout(let info), .badRequest(let info), .authentication(let info),
            .insufficientCredits(let info), .permissionDenied(let info), .notFound(let info),
            .rateLimit(let info), .server(let info), .apiStatus(let info),
            .unexpectedResponse(let info), .submissionUnknown(let info), .upload(let info),
            .download(let info), .jobFailed(let info), .jobCancelled(let info),
            .waitTimeout(let info):
            info
        }
    }

    /// The stable code, the same in every language.
    public var code: String { info.code }

    /// What kind of step failed.
    public var category: Category {
        switch self {
        case .config: .config
        case .invalidInput: .input
        case .connection, .requestTimeout, .badRequest, .authentication, .insufficientCredits,
            .permissionDenied, .notFound, .rateLimit, .server, .apiStatus, .unexpectedResponse:
            .api
        case .submissionUnknown: .submission
        case .upload: .upload
        case .download: .download
        case .jobFailed, .jobCancelled, .waitTimeout: .job
        }
    }
}

extension VisemeError: LocalizedError, CustomStringConvertible {
    /// What is wrong and what to do.
    public var errorDescription: String? { info.message }

    /// The code, and what is wrong and what to do.
    public var description: String { "\(code): \(info.message)" }
}

extension VisemeError {
    /// Creates the error with this code.
    init(_ info: ErrorInfo) {
        self =
            switch info.code {
            case "config": .config(info.withSwiftNames())
            case "invalid_input": .invalidInput(info)
            case "connection": .connection(info)
            case "request_timeout": .requestTimeout(info)
            case "bad_request": .badRequest(info)
            case "authentication": .authentication(info)
            case "insufficient_credits": .insufficientCredits(info)
            case "permission_denied": .permissionDenied(info)
            case "not_found": .notFound(info)
            case "rate_limit": .rateLimit(info)
            case "server": .server(info)
            case "unexpected_response": .unexpectedResponse(info)
            case "submission_unknown": .submissionUnknown(info)
            case "upload": .upload(info)
            case "download": .download(info)
            case "job_failed": .jobFailed(info)
            case "job_cancelled": .jobCancelled(info)
            case "wait_timeout": .waitTimeout(info)
            // "api_status", and codes that this version does not know.
            default: .apiStatus(info)
            }
    }

    /// An error about a parameter, before anything reaches the native library.
    static func invalidParameter(_ parameter: String, _ problem: String) -> VisemeError {
        let message = "Invalid value for `\(parameter)`: \(problem)."
        return .config(ErrorInfo(code: "config", message: message))
    }

    /// An error of something that the native library must never do.
    static func bug(_ problem: String) -> VisemeError {
        let message = "The native library \(problem). Please report this as a bug."
        return .unexpectedResponse(ErrorInfo(code: "unexpected_response", message: message))
    }
}

/// The details of an error.
public struct ErrorInfo: Sendable, Hashable, Decodable {
    /// The stable code, the same in every language.
    public let code: String
    /// What is wrong and what to do.
    public private(set) var message: String
    /// How many times the failed step was tried.
    public let attempts: Int
    /// The job's id, on every error after it was known.
    public let jobID: String?
    /// The service's application code (1200, 1402, …).
    public let appCode: Int64?
    /// The last state of the job that was seen.
    public let prediction: Prediction?
    /// The HTTP status, if there was an HTTP response.
    public let status: Int?
    /// The service's id of the request; quote it to the service's support.
    public let requestID: String?
    /// How long the service asks to wait.
    public let retryAfter: Duration?
    /// The response body as text, at most 4096 bytes, without the key.
    public let body: String?
    /// The rules that the input breaks.
    public let violations: [Violation]
    /// What was submitted and when, if the submit got no response: save it, and call
    /// ``Client/recover(_:exclude:sentWithin:matchByTime:)`` later.
    public let record: SubmitRecord?
    /// The jobs of the history that could be the lost one.
    public let candidates: [Prediction]
    /// The messages of the errors behind this one, the nearest first.
    public let causes: [String]
}

extension ErrorInfo {
    init(code: String, message: String) {
        self.init(
            code: code, message: message, attempts: 1, jobID: nil, appCode: nil, prediction: nil,
            status: nil, requestID: nil, retryAfter: nil, body: nil, violations: [], record: nil,
            candidates: [], causes: [])
    }

    /// Returns it with the names of settings as in ``Settings``: `baseURL` for `base_url`.
    func withSwiftNames() -> ErrorInfo {
        var info = self
        info.message = message.replacing(/`([a-z]+(?:_[a-z]+)+)`/) { match in
            let words = match.1.split(separator: "_")
            let rest = words.dropFirst().map { word in
                ["url", "http"].contains(word) ? word.uppercased() : word.capitalized
            }
            return "`" + words[0] + rest.joined() + "`"
        }
        return info
    }
}
