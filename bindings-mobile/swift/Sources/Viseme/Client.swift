import Foundation
internal import VisemeNative

/// A client of the service. Make one and keep it; it can be used from everywhere at once.
///
/// Cancelling a task that waits here stops requests and polling at once, and the caller gets a
/// `CancellationError`. A submitted job continues and is charged: ``job(_:)`` resumes it.
///
/// `onProgress` runs where the caller runs: on the main actor, if the caller is there. An error that it
/// throws at ``VisemeProgress/submitting(attempt:record:)`` prevents the submit: nothing is sent, and the
/// operation throws this error. At every other event, an error is reported to the client's
/// `onCallbackError`, and the operation continues.
public final class Client: Sendable {
    private let native: NativeClient
    let onCallbackError: @Sendable (any Error) -> Void
    private let onOpenJob: @Sendable (OpenJob) -> Void

    /// Creates a client with these settings.
    ///
    /// - Parameters:
    ///   - settings: the settings
    ///   - onCallbackError: receives each error that an `onProgress` throws, except at
    ///     ``VisemeProgress/submitting(attempt:record:)``. Default: writes it to the log of the system
    ///     (`Logger` on Apple's systems, `NSLog` elsewhere)
    ///   - onOpenJob: receives each job that a cancelled `run` or `submit` leaves open. The log of the
    ///     system also names the job. Default: does nothing
    /// - Throws: ``VisemeError/config(_:)`` if a setting is invalid
    public init(
        _ settings: Settings = Settings(),
        onCallbackError: (@Sendable (any Error) -> Void)? = nil,
        onOpenJob: @escaping @Sendable (OpenJob) -> Void = { _ in }
    ) throws(VisemeError) {
        let config = try settings.config().text()
        native = try translated { try NativeClient.open(config: config) }
        logNativeWarnings()
        self.onCallbackError = onCallbackError ?? logCallbackError
        self.onOpenJob = onOpenJob
    }

    /// Replaces the API key, or the bearer token of your backend, for every later request, including the
    /// requests of operations in progress.
    ///
    /// - Throws: ``VisemeError/config(_:)`` if the key is empty or cannot be sent in a header
    public func setApiKey(_ apiKey: String) throws(VisemeError) {
        try translated { try native.setApiKey(apiKey: apiKey) }
    }

    /// Checks, uploads, submits and waits: from an input to the completed prediction. The POST that costs
    /// money is accepted at most once.
    ///
    /// - Parameters:
    ///   - input: the model and its parameters
    ///   - options: how to run it
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives every progress event. The POST waits until it has returned from
    ///     ``VisemeProgress/submitting(attempt:record:)``; if it throws there, nothing is sent
    /// - Throws: ``VisemeError``, with the job's id once there is one; `CancellationError`; the error that
    ///   `onProgress` throws at ``VisemeProgress/submitting(attempt:record:)``
    public func run(
        _ input: Input,
        options: Options = Options(),
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (VisemeProgress) throws -> Void = { _ in }
    ) async throws -> Prediction {
        let start = { [self] in
            try self.start(
                "run", ["options": try options.json(timeout: true), "progress": true], input: input)
        }
        return try await outcome(isolation: isolation, of: start, onOpenJob: reportOpenJob) {
            (event: VisemeProgress) in
            try deliver(event, to: onProgress)
        }.required()
    }

    /// Checks, uploads and submits, and does not wait for the result. The POST that costs money is accepted
    /// at most once.
    ///
    /// - Parameters:
    ///   - input: the model and its parameters
    ///   - options: how to submit it; `timeout` must be `nil`
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives every progress event, as in
    ///     ``run(_:options:isolation:onProgress:)``
    /// - Throws: ``VisemeError/invalidInput(_:)`` if the input is invalid;
    ///   ``VisemeError/submissionUnknown(_:)`` if the submit got no response and the job was not found; any
    ///   other ``VisemeError``; `CancellationError`; the error of `onProgress` that prevents the submit
    public func submit(
        _ input: Input,
        options: Options = Options(),
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (VisemeProgress) throws -> Void = { _ in }
    ) async throws -> Job {
        let start = { [self] in
            try self.start(
                "submit", ["options": try options.json(timeout: false), "progress": true], input: input)
        }
        let submitted: Outcome<Prediction> = try await outcome(
            isolation: isolation, of: start, onOpenJob: reportOpenJob
        ) { (event: VisemeProgress) in
            try deliver(event, to: onProgress)
        }
        return try job(submitted)
    }

    /// Finds the job of a submit that got no response, in this process or in one that died.
    ///
    /// - Parameters:
    ///   - record: the record of ``VisemeProgress/submitting(attempt:record:)`` or
    ///     ``VisemeError/submissionUnknown(_:)``
    ///   - exclude: ids of jobs that belong to other submits
    ///   - sentWithin: how long after the time of the record the submit may have been sent
    ///   - matchByTime: adopts the only job of the same model and time if the history contains no inputs
    /// - Throws: ``VisemeError/submissionUnknown(_:)`` if no job, or more than one, matches
    public func recover(
        _ record: SubmitRecord,
        exclude: [String] = [],
        sentWithin: Duration? = nil,
        matchByTime: Bool = false
    ) async throws -> Job {
        let start = { [self] in
            var parameters: [String: JSONValue] = [
                "record": record.json, "exclude": .array(exclude.map(JSONValue.string)),
                "matchByTime": .bool(matchByTime),
            ]
            parameters["sentWithinMs"] = try sentWithin?.milliseconds("sentWithin")
            return try self.start("recover", parameters)
        }
        return try job(await outcome(of: start))
    }

    /// Returns a handle on a job that was submitted before, here or in another process. Sends nothing.
    public func job(_ id: String) -> Job {
        Job(client: self, native: native.job(id: id), id: id, prediction: nil)
    }

    /// Checks an input and its media against the rules of its model. Sends nothing, except requests for
    /// parts of media behind URLs, and costs nothing.
    ///
    /// - Throws: ``VisemeError`` if a medium cannot be read
    public func check(_ input: Input) async throws -> Report {
        try await outcome(of: { try start("check", [:], input: input) }).required()
    }

    /// Uploads one medium and returns the URL at which the service reads it for seven days.
    ///
    /// - Parameters:
    ///   - media: the medium
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives the bytes sent so far and the size
    /// - Throws: ``VisemeError/upload(_:)`` if it cannot be read or sent; any other ``VisemeError``
    public func upload(
        _ media: Media,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ sent: Int64, _ total: Int64) throws -> Void = { _, _ in }
    ) async throws -> URL {
        let start = { [self] in
            var contents: [Data] = []
            let medium = media.json(&contents)
            return try self.start("upload", ["medium": medium, "progress": true], contents)
        }
        let url: String = try await outcome(isolation: isolation, of: start) { (event: UploadEvent) in
            report { try onProgress(event.sent, event.total) }
        }.required()
        guard let url = URL(string: url) else { throw VisemeError.bug("returned no URL") }
        return url
    }

    /// Downloads an output to a file, or into an existing folder under a name taken from the URL.
    ///
    /// - Parameters:
    ///   - url: the URL of the output
    ///   - file: a file URL
    ///   - maxBytes: the largest size to accept
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives the bytes received so far, and the size if the server says it
    /// - Throws: ``VisemeError/download(_:)`` if it cannot be downloaded or written
    @discardableResult
    public func download(
        _ url: URL,
        to file: URL,
        maxBytes: Int64? = nil,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ received: Int64, _ total: Int64?) throws -> Void = { _, _ in }
    ) async throws -> DownloadedFile {
        try await download(
            ["output": Output.url(url).json], to: file, maxBytes: maxBytes, isolation: isolation,
            onProgress: onProgress)
    }

    /// Downloads the first output of a completed prediction, also base64 output.
    ///
    /// - Parameters:
    ///   - prediction: the prediction
    ///   - file: a file URL
    ///   - maxBytes: the largest size to accept
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives the bytes received so far, and the size if the server says it
    /// - Throws: ``VisemeError/download(_:)`` if it cannot be downloaded or written, or if there is none
    @discardableResult
    public func download(
        _ prediction: Prediction,
        to file: URL,
        maxBytes: Int64? = nil,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ received: Int64, _ total: Int64?) throws -> Void = { _, _ in }
    ) async throws -> DownloadedFile {
        let output = prediction.outputs.first?.json ?? .null
        return try await download(
            ["output": output, "jobId": .string(prediction.id)], to: file, maxBytes: maxBytes,
            isolation: isolation, onProgress: onProgress)
    }

    /// Downloads all outputs of a completed prediction, one after the other, into an existing folder or to a
    /// file; the others are then saved next to it.
    ///
    /// - Parameters:
    ///   - prediction: the prediction
    ///   - file: a file URL
    ///   - maxBytes: the largest size of one output to accept
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives the bytes of the current output received so far, and its size if the server
    ///     says it
    /// - Returns: the files, in the order of the outputs
    /// - Throws: ``VisemeError/download(_:)`` if an output cannot be downloaded or written, or if there is
    ///   none. The message names the files that were saved before
    @discardableResult
    public func downloadOutputs(
        _ prediction: Prediction,
        to file: URL,
        maxBytes: Int64? = nil,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (_ received: Int64, _ total: Int64?) throws -> Void = { _, _ in }
    ) async throws -> [DownloadedFile] {
        try await save(
            "downloadOutputs",
            ["outputs": .array(prediction.outputs.map(\.json)), "jobId": .string(prediction.id)],
            to: file, maxBytes: maxBytes, isolation: isolation, onProgress: onProgress)
    }

    private func download(
        _ request: [String: JSONValue],
        to file: URL,
        maxBytes: Int64?,
        isolation: isolated (any Actor)?,
        onProgress: (Int64, Int64?) throws -> Void
    ) async throws -> DownloadedFile {
        try await save(
            "download", request, to: file, maxBytes: maxBytes, isolation: isolation, onProgress: onProgress)
    }

    private func save<Saved: Decodable>(
        _ operation: String,
        _ request: [String: JSONValue],
        to file: URL,
        maxBytes: Int64?,
        isolation: isolated (any Actor)?,
        onProgress: (Int64, Int64?) throws -> Void
    ) async throws -> Saved {
        let start = { [self] in
            var request = request
            request["to"] = .string(file.path)
            request["progress"] = true
            if let maxBytes {
                try checkAtLeast(0, maxBytes, "maxBytes")
                request["maxBytes"] = .integer(maxBytes)
            }
            return try self.start(operation, request)
        }
        return try await outcome(isolation: isolation, of: start) { (event: DownloadEvent) in
            report { try onProgress(event.received, event.total) }
        }.required()
    }

    private func start(
        _ operation: String,
        _ parameters: [String: JSONValue],
        input: Input
    ) throws -> NativeTask {
        var (parameters, contents) = (parameters, [Data]())
        parameters["input"] = try input.json(&contents)
        return try start(operation, parameters, contents)
    }

    private func start(
        _ operation: String,
        _ parameters: [String: JSONValue],
        _ contents: [Data] = []
    ) throws -> NativeTask {
        let request = JSONValue.object(parameters.merging(["op": .string(operation)]) { _, op in op })
        return try native.start(request: request.text(), contents: contents)
    }

    private func job(_ submitted: Outcome<Prediction>) throws -> Job {
        guard let job = submitted.job else { throw VisemeError.bug("returned no job") }
        return Job(client: self, native: job, id: job.id(), prediction: submitted.value)
    }

    /// Calls the callback of the user with an event. An error at `submitting` ends the operation before it
    /// sends anything.
    private func deliver(
        _ event: VisemeProgress, to onProgress: (VisemeProgress) throws -> Void
    ) throws {
        if case .submitting = event {
            try onProgress(event)
        } else {
            report { try onProgress(event) }
        }
    }

    private func reportOpenJob(_ job: OpenJob) {
        logOpenJob(job)
        onOpenJob(job)
    }

    /// Calls a callback of the user.
    func report(_ callback: () throws -> Void) {
        do {
            try callback()
        } catch {
            onCallbackError(error)
        }
    }
}

/// The size of an upload so far.
private struct UploadEvent: Decodable {
    let sent: Int64
    let total: Int64
}

/// The size of a download so far.
private struct DownloadEvent: Decodable {
    let received: Int64
    let total: Int64?
}
