import Foundation
internal import VisemeNative

/// What an error knows.
public struct ErrorInfo: Sendable, Hashable {
    /// The stable code, the same in every language.
    public let code: String
    /// What was wrong, where, and what to do, as a sentence or two.
    public let message: String
    /// What the errors behind it say, the nearest first.
    public let causes: [String]
    /// How many times the failed step was tried.
    public let attempts: Int
    /// The job's id, on every error raised after it was known.
    public let jobID: String?
    /// The service's application code (1200, 1402, …).
    public let appCode: Int64?
    /// The last state of the job that was seen.
    public let prediction: Prediction?
    /// The HTTP status, where an HTTP answer came.
    public let status: Int?
    /// The service's id of the request, worth quoting to its support.
    public let requestID: String?
    /// How long the service asks to wait.
    public let retryAfter: Duration?
    /// The answer's body as text, at most 4096 bytes, without the token.
    public let body: String?
    /// Every broken rule, where an input was refused.
    public let violations: [Violation]
    /// What was submitted and when, where the answer was lost: save it, and call ``Client/recover(_:)``
    /// later.
    public let record: SubmitRecord?
    /// The jobs of the history that could be the lost one.
    public let candidates: [Prediction]
}

extension ErrorInfo {
    init(_ native: NativeErrorInfo) {
        code = native.code
        message = native.explanation
        causes = native.causes
        attempts = Int(clamping: native.attempts)
        jobID = native.jobId
        appCode = native.appCode
        prediction = native.prediction.map(Prediction.init)
        status = native.status.map { Int($0) }
        requestID = native.requestId
        retryAfter = native.retryAfter.map { Duration(native: $0) }
        body = native.body
        violations = native.violations.map(Violation.init)
        record = native.record.map(SubmitRecord.init(json:))
        candidates = native.candidates.map(Prediction.init)
    }

    /// Of something that this layer itself refuses.
    init(code: String, message: String) {
        self.init(
            code: code, message: message, causes: [], attempts: 1, jobID: nil, appCode: nil,
            prediction: nil, status: nil, requestID: nil, retryAfter: nil, body: nil, violations: [],
            record: nil, candidates: [])
    }
}
