internal import VisemeNative

/// A handle on a submitted job.
public struct Job: Sendable, Identifiable {
    let client: Client
    /// The job's id: all that is needed to go on in another process, on another day.
    public let id: String
    /// What the service answered to the submit, where this handle comes from one.
    public let prediction: Prediction?

    /// Waits for the completed prediction.
    ///
    /// - Parameters:
    ///   - timeout: how long, from now; that of the client's settings where `nil`
    ///   - isolation: where `onProgress` is called: where the caller is
    ///   - onProgress: is told what goes on
    /// - Throws: ``VisemeError`` where the job does not complete, or not in time, and where polling failed too
    ///   often; the job goes on after the last two. `CancellationError`
    public func wait(
        timeout: Duration? = nil,
        isolation: isolated (any Actor)? = #isolation,
        onProgress: (VisemeProgress) throws -> Void = { _ in }
    ) async throws -> Prediction {
        let begin = { [client, id] in
            try client.native.wait(jobId: id, timeout: try timeout?.native("timeout"))
        }
        return try await outcome(isolation: isolation, of: begin) { event in
            if let news = VisemeProgress(event) { try onProgress(news) }
        }.prediction()
    }

    /// The states of the job as they change, the last of them terminal, also where that is not `completed`.
    /// Polling begins with the iteration and ends with it.
    ///
    /// - Parameter timeout: how long, from the iteration's beginning on; that of the client's settings where
    ///   `nil`
    public func updates(timeout: Duration? = nil) -> Updates {
        Updates(job: self, timeout: timeout)
    }

    /// Asks once for the state.
    ///
    /// - Throws: ``VisemeError/notFound(_:)`` where there is no such job, or no longer
    public func refresh() async throws -> Prediction {
        try await outcome(isolation: nil, of: { try client.native.refresh(jobId: id) }).prediction()
    }
}

extension Job: CustomStringConvertible {
    /// The id.
    public var description: String { "Job(\(id))" }
}

/// The states of a job. Each iteration polls for itself.
///
/// It throws ``VisemeError/waitTimeout(_:)`` where the job is not over in time, and `CancellationError`.
public struct Updates: AsyncSequence, Sendable {
    /// One state.
    public typealias Element = Prediction

    let job: Job
    let timeout: Duration?

    /// Polls from the first `next()` on, until the last state, the cancellation of the task, or its own end.
    public func makeAsyncIterator() -> Iterator {
        Iterator(updates: self)
    }

    /// Goes through the states of a job.
    public struct Iterator: AsyncIteratorProtocol {
        let updates: Updates
        // Its end cancels it: an iteration that is left early leaves no polling behind.
        private var task: NativeTask?

        init(updates: Updates) {
            self.updates = updates
        }

        /// The next state; `nil` after the last.
        public mutating func next() async throws -> Prediction? {
            try Task.checkCancellation()
            let task = try self.task ?? begin()
            self.task = task
            return try await task.news()?.prediction()
        }

        private func begin() throws(VisemeError) -> NativeTask {
            let (client, id) = (updates.job.client.native, updates.job.id)
            let timeout = try updates.timeout?.native("timeout")
            return try translated { try client.updates(jobId: id, timeout: timeout) }
        }
    }
}
