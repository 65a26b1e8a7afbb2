import Foundation
internal import VisemeNative

/// What goes on. More kinds may come: leave room for a `default`.
///
/// Foundation has a `Progress` of its own, hence the name.
public enum VisemeProgress: Sendable, Hashable {
    /// The input was checked; the report may hold warnings.
    case checked(Report)
    /// Of the medium for `field`, so many bytes are out.
    case uploading(field: String, sent: Int64, total: Int64)
    /// The medium for `field` is with the service.
    case uploaded(field: String, url: URL)
    /// The POST that costs money goes out. Save the record: with it ``Client/recover(_:)`` finds the job
    /// even if the app dies before the answer comes.
    case submitting(attempt: Int, record: SubmitRecord)
    /// The answer to the submit was lost; the job is looked for.
    case recovering
    /// There is a job. Save its id: with it ``Client/job(_:)`` goes on in another process.
    case submitted(jobID: String)
    /// The job's state changed.
    case updated(Prediction)
    /// A step failed in a way that may pass, and is tried again after a pause.
    case retrying(VisemeError, after: Duration)
}

/// What was submitted and when: enough to find the job again.
public struct SubmitRecord: Sendable, Hashable, Codable {
    /// All of it as JSON text.
    public let json: String

    /// A record that was saved.
    public init(json: String) {
        self.json = json
    }
}

extension VisemeProgress {
    /// `nil` for what belongs to a download.
    init?(_ event: NativeEvent) {
        switch event {
        case .checked(let report):
            self = .checked(Report(report))
        case .uploading(let field, let sent, let total):
            self = .uploading(field: field, sent: Int64(clamping: sent), total: Int64(clamping: total))
        case .uploaded(let field, let url):
            guard let url = URL(string: url) else { return nil }
            self = .uploaded(field: field, url: url)
        case .submitting(let attempt, let record):
            self = .submitting(attempt: Int(clamping: attempt), record: SubmitRecord(json: record))
        case .recovering:
            self = .recovering
        case .submitted(let jobID, _):
            self = .submitted(jobID: jobID)
        case .updated(let prediction):
            self = .updated(Prediction(prediction))
        case .retrying(let error, let after):
            self = .retrying(VisemeError(ErrorInfo(error)), after: Duration(native: after))
        case .downloading, .saved:
            return nil
        }
    }
}
