import Foundation
internal import VisemeNative

/// Whatever Viseme refuses or fails at. `docs/errors.md` says of every code what it means and what to do.
/// A cancelled task gets a `CancellationError` instead.
public enum VisemeError: Error, Sendable, Hashable {
    /// The client was set up with something it cannot use, or has no token. Nothing was sent.
    case config(ErrorInfo)
    /// The input or its media break the model's rules: see ``ErrorInfo/violations``. Nothing was submitted.
    case invalidInput(ErrorInfo)
    /// The service could not be reached, or the connection broke.
    case connection(ErrorInfo)
    /// One request took longer than the request timeout.
    case requestTimeout(ErrorInfo)
    /// HTTP 400 or 422: the service refused the request as wrong. It was not taken.
    case badRequest(ErrorInfo)
    /// HTTP 401: the token is not accepted; replace it with ``Client/setToken(_:)``.
    case authentication(ErrorInfo)
    /// The account is out of credits.
    case insufficientCredits(ErrorInfo)
    /// HTTP 403: the token may not do this.
    case permissionDenied(ErrorInfo)
    /// HTTP 404: there is no such job, model or file, or no longer.
    case notFound(ErrorInfo)
    /// HTTP 429, and trying again did not help: wait for ``ErrorInfo/retryAfter``.
    case rateLimit(ErrorInfo)
    /// HTTP 5xx: the service failed.
    case server(ErrorInfo)
    /// Any other HTTP status that is no success.
    case apiStatus(ErrorInfo)
    /// The service answered with something that cannot be understood.
    case unexpectedResponse(ErrorInfo)
    /// The answer to the submit was lost, and no job, or more than one, could be it. It is not sent again,
    /// as that might pay twice. Keep ``ErrorInfo/record``.
    case submissionUnknown(ErrorInfo)
    /// A file could not be uploaded. Nothing was submitted.
    case upload(ErrorInfo)
    /// An output could not be downloaded or saved. The job is done and paid.
    case download(ErrorInfo)
    /// The job ended as `failed`. The service refunds failed jobs.
    case jobFailed(ErrorInfo)
    /// The job ended as `cancelled`, `timeout` or `deleted` on the service's side.
    case jobCancelled(ErrorInfo)
    /// The wait ended before the job, which goes on and is paid: wait again by ``ErrorInfo/jobID``.
    case waitTimeout(ErrorInfo)

    /// What kind of step failed.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        /// The set-up of the client.
        case config
        /// The input.
        case input
        /// A request.
        case api
        /// A submit whose answer was lost.
        case submission
        /// An upload.
        case upload
        /// A download.
        case download
        /// The job itself, or the wait for it.
        case job
    }

    /// What is known of it.
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
    /// What was wrong, where, and what to do.
    public var errorDescription: String? { info.message }

    /// The code, and what was wrong, where, and what to do.
    public var description: String { "\(code): \(info.message)" }
}

extension VisemeError {
    /// The error with this code.
    init(_ info: ErrorInfo) {
        self =
            switch info.code {
            case "config": .config(info)
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
            // "api_status", and codes of a native part that is newer than this.
            default: .apiStatus(info)
            }
    }

    init(_ native: NativeError) {
        switch native {
        case .Config(let info), .Input(let info), .Api(let info), .Submission(let info),
            .Upload(let info), .Download(let info), .Job(let info):
            self.init(ErrorInfo(info))
        }
    }

    /// Of what the native part must not do.
    static func fault(_ what: String) -> VisemeError {
        let message = "The native part \(what); please report this."
        return .unexpectedResponse(ErrorInfo(code: "unexpected_response", message: message))
    }
}
