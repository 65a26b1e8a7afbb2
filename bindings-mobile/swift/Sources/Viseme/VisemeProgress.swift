import Foundation

/// One progress event of a run. Later versions add events: keep a `default` in every `switch`.
///
/// The name differs from `Progress`, which is a type of Foundation.
public enum VisemeProgress: Sendable, Hashable {
    /// The input was checked; the report contains warnings.
    case checked(Report)
    /// A medium is being uploaded: the bytes sent so far, and the size.
    case uploading(field: String, sent: Int64, total: Int64)
    /// A medium was uploaded.
    case uploaded(field: String, url: URL)
    /// The POST that costs money is sent as soon as `onProgress` returns. Save the record:
    /// ``Client/recover(_:exclude:sentWithin:matchByTime:)`` finds the job with it, even if the app dies before
    /// the response arrives. If `onProgress` throws, nothing is sent, and the caller gets the error.
    case submitting(attempt: Int, record: SubmitRecord)
    /// The submit got no response; the client searches the history for the job.
    case recovering
    /// The service accepted the job. Save its id: ``Client/job(_:)`` resumes it in another process.
    case submitted(jobID: String)
    /// The state of the job changed.
    case updated(Prediction)
    /// A step failed and is retried after a pause.
    case retrying(VisemeError, after: Duration)
}

/// A job that a cancelled operation leaves open. It continues at the service and is charged.
public enum OpenJob: Sendable, Hashable {
    /// The service accepted the job. ``Client/job(_:)`` resumes it.
    case accepted(id: String)
    /// The submit was sent and got no response yet.
    /// ``Client/recover(_:exclude:sentWithin:matchByTime:)`` finds the job.
    case sent(record: SubmitRecord)
}

extension VisemeProgress: Decodable {
    private enum Keys: CodingKey {
        case event, report, field, sent, total, url, attempt, record, jobID, prediction, error, after
    }

    /// Reads an event of the native library.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Keys.self)
        switch try fields.decode(String.self, forKey: .event) {
        case "checked":
            self = .checked(try fields.decode(Report.self, forKey: .report))
        case "uploading":
            self = .uploading(
                field: try fields.decode(String.self, forKey: .field),
                sent: try fields.decode(Int64.self, forKey: .sent),
                total: try fields.decode(Int64.self, forKey: .total))
        case "uploaded":
            self = .uploaded(
                field: try fields.decode(String.self, forKey: .field),
                url: try fields.decode(URL.self, forKey: .url))
        case "submitting":
            self = .submitting(
                attempt: try fields.decode(Int.self, forKey: .attempt),
                record: try fields.decode(SubmitRecord.self, forKey: .record))
        case "recovering":
            self = .recovering
        case "submitted":
            self = .submitted(jobID: try fields.decode(String.self, forKey: .jobID))
        case "update":
            self = .updated(try fields.decode(Prediction.self, forKey: .prediction))
        case "retrying":
            let error = try fields.decode(ErrorInfo.self, forKey: .error)
            self = .retrying(
                VisemeError(error), after: try fields.decode(Duration.self, forKey: .after))
        case let event:
            throw DecodingError.dataCorruptedError(
                forKey: .event, in: fields, debugDescription: "There is no event `\(event)`.")
        }
    }
}
