internal import VisemeNative

/// A handle on a submitted job.
public struct Job: Sendable, Identifiable {
    let client: Client
    let native: NativeJob
    /// The job's id: it is all you need to resume the job in another process, on another day.
    public let id: String
    /// The response to the submit, if this handle comes from one.
    public let prediction: Prediction?

    /// Waits for the completed prediction.
    ///
    /// The service may not know a new job yet, so an unknown id throws ``VisemeError/notFound(_:)`` only
    /// after 30 seconds to a minute. ``refresh(headers:)`` throws it at once.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait from now. Default: the timeout of the client's settings
    ///   - headers: additional headers for the requests to the API
    ///   - isolation: where `onProgress` runs. Default: where the caller runs
    ///   - onProgress: receives every progress event; its errors go to the client's `onCallbackError`
    /// - Throws: ``VisemeError`` if the job does not complete, or not in time, or if polling failed too often.
    ///   The job continues in the last two cases. `CancellationError`
    public func wait(
        timeout: Duration? = nil,
        headers: [String: String] = [:],
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (VisemeProgress) throws -> Void = { _ in }
    ) async throws -> Prediction {
        let start = { [self] in
            try self.start(
                "wait",
                [
                    "timeoutMs": try timeout?.milliseconds("timeout"), "headers": .strings(headers),
                    "progress": true,
                ])
        }
        return try await outcome(isolation: isolation, of: start) { (event: VisemeProgress) in
            client.report { try onProgress(event) }
        }.required()
    }

    /// Returns the states of the job as they change. The last one is terminal, and not always `completed`.
    /// Polling starts and ends with the iteration.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait from the start of the iteration. Default: the timeout of the client's
    ///     settings
    ///   - headers: additional headers for the requests to the API
    public func updates(timeout: Duration? = nil, headers: [String: String] = [:]) -> Updates {
        Updates(job: self, timeout: timeout, headers: headers)
    }

    /// Asks once for the job's state.
    ///
    /// - Parameter headers: additional headers for the request
    /// - Throws: ``VisemeError/notFound(_:)`` if there is no such job, or no longer
    public func refresh(headers: [String: String] = [:]) async throws -> Prediction {
        try await outcome(of: { try start("refresh", ["headers": .strings(headers)]) }).required()
    }

    func start(_ operation: String, _ parameters: [String: JSONValue?]) throws -> NativeTask {
        var request = parameters.compactMapValues { $0 }
        request["op"] = .string(operation)
        return try native.start(request: JSONValue.object(request).text())
    }
}

extension Job: CustomStringConvertible {
    /// The id.
    public var description: String { "Job(\(id))" }
}

/// The states of a job. Each iteration polls on its own.
///
/// It throws ``VisemeError/waitTimeout(_:)`` if the job does not end in time, and `CancellationError`.
public struct Updates: AsyncSequence, Sendable {
    /// One state.
    public typealias Element = Prediction

    let job: Job
    let timeout: Duration?
    let headers: [String: String]

    /// Starts polling at the first `next()`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(updates: self)
    }

    /// Iterates over the states of a job.
    public struct Iterator: AsyncIteratorProtocol {
        let updates: Updates
        // Its deinitializer cancels it: an iteration that ends early leaves no polling behind.
        private var task: NativeTask?
        private var pending: [Message<NoEvent, Prediction>] = []

        init(updates: Updates) {
            self.updates = updates
        }

        /// Returns the next state; `nil` after the last.
        public mutating func next() async throws -> Prediction? {
            try Task.checkCancellation()
            let task = try self.task ?? start()
            self.task = task
            while pending.isEmpty {
                guard let batch = try await task.batch() else { return nil }
                pending = try translated { try decoded(batch) }
            }
            let message = pending.removeFirst()
            if let error = message.error { throw VisemeError(error) }
            return message.item
        }

        private func start() throws(VisemeError) -> NativeTask {
            let updates = updates
            return try translated {
                try updates.job.start(
                    "updates",
                    [
                        "timeoutMs": try updates.timeout?.milliseconds("timeout"),
                        "headers": .strings(updates.headers),
                    ])
            }
        }
    }
}
