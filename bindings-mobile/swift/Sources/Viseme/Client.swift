import Foundation
internal import VisemeNative

/// A client of the service. Make one and keep it; it can be used from everywhere at once.
///
/// Cancelling a task that waits here ends the requests and the polling at once; the caller gets a
/// `CancellationError`. It never cancels a job that was submitted, which is paid for: ``job(_:)`` goes on
/// with it.
///
/// What an `onProgress` throws ends the work as a cancellation does. It is called where the caller is: on
/// the main actor, if that called.
public final class Client: Sendable {
    let native: NativeClient

    /// A client with these settings.
    ///
    /// - Throws: ``VisemeError/config(_:)`` where they cannot be used
    public init(_ settings: Settings = Settings()) throws(VisemeError) {
        let settings = try settings.native()
        native = try translated { try NativeClient.open(settings: settings) }
    }

    /// Uses another bearer token for every request from now on, also of what is under way.
    ///
    /// - Throws: ``VisemeError/config(_:)`` where it is empty or cannot be sent in a header
    public func setToken(_ token: String) throws(VisemeError) {
        try translated { try native.setToken(token: token) }
    }

    /// Checks, uploads, submits and waits: from an input to the completed prediction. The POST that costs
    /// money is sent at most once.
    ///
    /// - Parameters:
    ///   - input: what is asked for
    ///   - options: how
    ///   - isolation: where `onProgress` is called: where the caller is
    ///   - onProgress: is told what goes on
    /// - Throws: ``VisemeError``, with the job's id once there is one; `CancellationError`
    public func run(
        _ input: Input,
        options: Options = Options(),
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (VisemeProgress) throws -> Void = { _ in }
    ) async throws -> Prediction {
        let begin = { [native] in
            try native.run(input: try input.native(), options: try options.native())
        }
        return try await outcome(isolation: isolation, of: begin) { event in
            if let news = VisemeProgress(event) { try onProgress(news) }
        }.lastPrediction()
    }

    /// Checks, uploads and submits, and does not wait for the result. The POST that costs money is sent at
    /// most once.
    ///
    /// - Parameters:
    ///   - input: what is asked for
    ///   - options: how
    ///   - isolation: where `onProgress` is called: where the caller is
    ///   - onProgress: is told what goes on
    /// - Throws: ``VisemeError/invalidInput(_:)`` where the input is refused;
    ///   ``VisemeError/submissionUnknown(_:)`` where the answer was lost and the job was not found; any other
    ///   ``VisemeError``; `CancellationError`
    public func submit(
        _ input: Input,
        options: Options = Options(),
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (VisemeProgress) throws -> Void = { _ in }
    ) async throws -> Job {
        let begin = { [native] in
            try native.submit(input: try input.native(), options: try options.native())
        }
        let submitted = try await outcome(isolation: isolation, of: begin) { event in
            if let news = VisemeProgress(event) { try onProgress(news) }
        }
        return try job(submitted)
    }

    /// Finds the job of a submit whose answer was lost, in this process or in one that died.
    ///
    /// - Parameter record: that of ``VisemeProgress/submitting(attempt:record:)`` or
    ///   ``VisemeError/submissionUnknown(_:)``
    /// - Throws: ``VisemeError/submissionUnknown(_:)`` where it is not found, or could be one of several
    public func recover(_ record: SubmitRecord) async throws -> Job {
        try job(await outcome(isolation: nil, of: { try native.recover(record: record.json) }))
    }

    /// A handle on a job that was submitted before, here or in another process. Asks nothing.
    public func job(_ id: String) -> Job {
        Job(client: self, id: id, prediction: nil)
    }

    /// Judges an input and its media by the rules of its model. Nothing is sent but ranged reads of media
    /// behind URLs, and nothing is spent.
    ///
    /// - Throws: ``VisemeError`` where a medium cannot be read
    public func check(_ input: Input) async throws -> Report {
        let checked = try await outcome(
            isolation: nil, of: { try native.check(input: try input.native()) })
        guard case .checked(let report) = checked else { throw VisemeError.fault("gave no report") }
        return Report(report)
    }

    /// Uploads one medium and gives the URL under which the service finds it, for seven days.
    ///
    /// - Parameters:
    ///   - medium: what
    ///   - isolation: where `onProgress` is called: where the caller is
    ///   - onProgress: is told how many bytes of how many are out
    /// - Throws: ``VisemeError/upload(_:)`` where it cannot be read or sent; any other ``VisemeError``
    public func upload(
        _ medium: Media,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ sent: Int64, _ total: Int64) throws -> Void = { _, _ in }
    ) async throws -> URL {
        let begin = { [native] in try native.upload(medium: medium.native) }
        let uploaded = try await outcome(isolation: isolation, of: begin) { event in
            if case .uploading(_, let sent, let total) = event {
                try onProgress(Int64(clamping: sent), Int64(clamping: total))
            }
        }
        guard case .uploaded(_, let text) = uploaded, let url = URL(string: text) else {
            throw VisemeError.fault("gave no URL")
        }
        return url
    }

    /// Downloads an output to a file, or into an existing folder under a name taken from the URL.
    ///
    /// - Parameters:
    ///   - url: where it is
    ///   - file: a file URL
    ///   - maxBytes: the largest file that is taken
    ///   - isolation: where `onProgress` is called: where the caller is
    ///   - onProgress: is told how many bytes have come, and of how many where the server says
    /// - Throws: ``VisemeError/download(_:)`` where it cannot be had or written
    @discardableResult
    public func download(
        _ url: URL,
        to file: URL,
        maxBytes: Int64? = nil,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ received: Int64, _ total: Int64?) throws -> Void = { _, _ in }
    ) async throws -> DownloadedFile {
        let begin = { [native] in
            try native.download(
                output: .url(url: url.absoluteString), jobId: nil, to: file.path,
                maxBytes: maxBytes.map { UInt64(clamping: $0) })
        }
        return try await saved(isolation: isolation, of: begin, onProgress: onProgress)
    }

    /// Downloads the first output of a completed prediction, also one that came as base64.
    ///
    /// - Parameters:
    ///   - prediction: of which
    ///   - file: a file URL
    ///   - maxBytes: the largest file that is taken
    ///   - isolation: where `onProgress` is called: where the caller is
    ///   - onProgress: is told how many bytes have come, and of how many where the server says
    /// - Throws: ``VisemeError/download(_:)`` where it cannot be had or written, or there is none
    @discardableResult
    public func download(
        _ prediction: Prediction,
        to file: URL,
        maxBytes: Int64? = nil,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ received: Int64, _ total: Int64?) throws -> Void = { _, _ in }
    ) async throws -> DownloadedFile {
        let begin = { [native] in
            try native.download(
                output: prediction.outputs.first?.native, jobId: prediction.id, to: file.path,
                maxBytes: maxBytes.map { UInt64(clamping: $0) })
        }
        return try await saved(isolation: isolation, of: begin, onProgress: onProgress)
    }

    private func saved(
        isolation: isolated (any Actor)?,
        of begin: () throws -> NativeTask,
        onProgress: (Int64, Int64?) throws -> Void
    ) async throws -> DownloadedFile {
        let saved = try await outcome(isolation: isolation, of: begin) { event in
            if case .downloading(let received, let total) = event {
                try onProgress(Int64(clamping: received), total.map { Int64(clamping: $0) })
            }
        }
        guard case .saved(let path, let bytes) = saved else { throw VisemeError.fault("gave no file") }
        return DownloadedFile(file: URL(fileURLWithPath: path), bytes: Int64(clamping: bytes))
    }

    private func job(_ submitted: NativeEvent) throws(VisemeError) -> Job {
        guard case .submitted(let id, let prediction) = submitted else {
            throw .fault("gave no job")
        }
        return Job(client: self, id: id, prediction: prediction.map(Prediction.init))
    }
}
