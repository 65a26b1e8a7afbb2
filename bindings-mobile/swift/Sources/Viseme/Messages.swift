import Foundation
internal import VisemeNative

#if canImport(os)
    import os
#endif

/// One message of a native task.
struct Message<Event: Decodable, Value: Decodable>: Decodable {
    let event: Event?
    let value: Value?
    let item: Value?
    let error: ErrorInfo?

    private enum Keys: CodingKey {
        case event, value, item, error
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Keys.self)
        // An unknown event must not end the wait for a paid job.
        event = try? fields.decodeIfPresent(Event.self, forKey: .event)
        value = try fields.decodeIfPresent(Value.self, forKey: .value)
        item = try fields.decodeIfPresent(Value.self, forKey: .item)
        error = try fields.decodeIfPresent(ErrorInfo.self, forKey: .error)
    }
}

/// For tasks without events.
struct NoEvent: Decodable {}

/// The jobs whose results the host has not received.
private struct OpenJobs: Decodable {
    let jobIds: [String]
    let records: [SubmitRecord]
}

/// The result of a native task.
struct Outcome<Value> {
    let value: Value?
    /// The job of a submit.
    let job: NativeJob?

    func required() throws(VisemeError) -> Value {
        guard let value else { throw .bug("ended without a result") }
        return value
    }
}

/// Starts a native task, passes its events to `onEvent`, and returns its result. When this returns or throws,
/// also after cancellation, nothing of the task continues.
func outcome<Event: Decodable, Value: Decodable>(
    isolation: isolated (any Actor)?,
    of start: () throws -> NativeTask,
    onOpenJob: (OpenJob) -> Void = { _ in },
    onEvent: (Event) throws -> Void
) async throws -> Outcome<Value> {
    // Before anything starts.
    try Task.checkCancellation()
    let task = try translated(start)
    defer { task.cancel() }
    var value: Value?
    do {
        while let batch = try await task.batch() {
            let messages: [Message<Event, Value>] = try translated { try decoded(batch) }
            for message in messages {
                if let error = message.error { throw VisemeError(error) }
                if let event = message.event { try onEvent(event) }
                if let result = message.value { value = result }
            }
            // A callback may have taken long.
            if value == nil { try Task.checkCancellation() }
        }
    } catch let cancelled as CancellationError {
        task.cancel()
        task.jobsLeftOpen().forEach(onOpenJob)
        throw cancelled
    }
    return Outcome(value: value, job: task.job())
}

/// The same for a task without events.
func outcome<Value: Decodable>(of start: () throws -> NativeTask) async throws -> Outcome<Value> {
    try await outcome(isolation: nil, of: start) { (_: NoEvent) in }
}

extension NativeTask {
    /// Returns the jobs whose results did not arrive.
    func jobsLeftOpen() -> [OpenJob] {
        guard let open: OpenJobs = try? decoded(openJobs()) else { return [] }
        return open.jobIds.map(OpenJob.accepted(id:)) + open.records.map(OpenJob.sent(record:))
    }

    /// Returns the next messages as JSON; `nil` at the end. Cancelling the caller ends the task at once.
    func batch() async throws -> String? {
        defer { logNativeWarnings() }
        let batch = await withTaskCancellationHandler {
            await next()
        } onCancel: {
            cancel()
        }
        // A cancelled task ends without a result.
        if batch == nil { try Task.checkCancellation() }
        return batch
    }
}

/// Runs code that calls the native library, and translates its errors.
func translated<Value>(_ work: () throws -> Value) throws(VisemeError) -> Value {
    do {
        return try work()
    } catch let error as VisemeError {
        throw error
    } catch NativeError.Failed(let json) {
        let message: Message<NoEvent, NoEvent>? = try? decoded(json)
        guard let error = message?.error else { throw .bug("failed: \(json)") }
        throw VisemeError(error)
    } catch {
        throw .bug("sent an unexpected message: \(error)")
    }
}

/// Reads JSON of the native library. Its names differ from Swift's in a regular way: `jobId`, `resultUrl` and
/// `executionTimeMs` are `jobID`, `resultURL` and `executionTime`.
func decoded<Value: Decodable>(_ json: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .millisecondsSince1970
    decoder.keyDecodingStrategy = .custom { path in SwiftKey(native: path.last?.stringValue ?? "") }
    return try decoder.decode(Value.self, from: Data(json.utf8))
}

private struct SwiftKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(native: String) {
        if native.hasSuffix("Id") {
            stringValue = native.dropLast(2) + "ID"
        } else if native.hasSuffix("Url") {
            stringValue = native.dropLast(3) + "URL"
        } else if native.hasSuffix("Ms") {
            stringValue = String(native.dropLast(2))
        } else {
            stringValue = native
        }
    }

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

// The compiler prefers these to the general methods in the decoding that it writes.
extension KeyedDecodingContainer {
    /// Milliseconds.
    func decode(_ type: Duration.Type, forKey key: Key) throws -> Duration {
        Duration(milliseconds: try decode(Double.self, forKey: key))
    }

    /// Milliseconds.
    func decodeIfPresent(_ type: Duration.Type, forKey key: Key) throws -> Duration? {
        try decodeIfPresent(Double.self, forKey: key).map { Duration(milliseconds: $0) }
    }

    /// Milliseconds by name; none if absent.
    func decode(_ type: [String: Duration].Type, forKey key: Key) throws -> [String: Duration] {
        let times = try decodeIfPresent([String: Double].self, forKey: key) ?? [:]
        return times.mapValues { Duration(milliseconds: $0) }
    }

    /// Empty if absent.
    func decode<Element: Decodable>(_ type: [Element].Type, forKey key: Key) throws -> [Element] {
        try decodeIfPresent(type, forKey: key) ?? []
    }

    /// Empty if absent.
    func decode<Element: Decodable>(
        _ type: [String: Element].Type, forKey key: Key
    ) throws -> [String: Element] {
        try decodeIfPresent(type, forKey: key) ?? [:]
    }

    /// `nil` if it is no URL.
    func decodeIfPresent(_ type: URL.Type, forKey key: Key) throws -> URL? {
        try decodeIfPresent(String.self, forKey: key).flatMap { URL(string: $0) }
    }
}

/// The longest time that `Duration` and the native library both have, in seconds.
private let longest = Double(Int64.max).nextDown

extension Duration {
    /// Returns milliseconds for the native library.
    func milliseconds(_ parameter: String) throws(VisemeError) -> JSONValue {
        let (seconds, attoseconds) = components
        let time = Double(seconds) + Double(attoseconds) / 1e18
        if self < .zero {
            throw .invalidParameter(parameter, "must not be negative, got \(time) seconds")
        }
        return .number(time * 1000)
    }

    init(milliseconds: Double) {
        let seconds = min(max(milliseconds / 1000, 0), longest)
        let whole = seconds.rounded(.down)
        self = .seconds(Int64(whole)) + .nanoseconds(Int64(((seconds - whole) * 1e9).rounded()))
    }
}

/// Throws an error that names the parameter if the number is too small.
func checkAtLeast<Number: BinaryInteger>(
    _ minimum: Number, _ value: Number, _ parameter: String
) throws(VisemeError) {
    if value < minimum {
        throw .invalidParameter(parameter, "must be at least \(minimum), got \(value)")
    }
}

/// Reports an error of a callback if the client has no `onCallbackError`.
@Sendable func logCallbackError(_ error: any Error) {
    log("onProgress threw an error, and the operation continues: \(error)")
}

/// Names a job that a cancelled operation leaves open.
func logOpenJob(_ job: OpenJob) {
    switch job {
    case .accepted(let id):
        log(
            """
            The operation was cancelled, and job \(id) continues. Resume it with client.job("\(id)").
            """)
    case .sent(let record):
        let record = (try? JSONEncoder().encode(record)).map { String(decoding: $0, as: UTF8.self) }
        log(
            """
            The operation was cancelled after its submit was sent. Find the job with client.recover and \
            this record: \(record ?? "")
            """)
    }
}

/// Logs the warnings of the native library, such as one about a file that cannot be written.
func logNativeWarnings() {
    for text in takeNativeWarnings() { log(text) }
}

private func log(_ text: String) {
    #if canImport(os)
        Logger(subsystem: "dev.viseme", category: "client").warning("\(text)")
    #else
        NSLog(text.replacingOccurrences(of: "%", with: "%%"))
    #endif
}
