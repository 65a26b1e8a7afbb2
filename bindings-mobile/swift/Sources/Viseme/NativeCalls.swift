internal import VisemeNative

/// Runs what calls the native part, with its errors as those of this module.
func translated<Value>(_ work: () throws -> Value) throws(VisemeError) -> Value {
    do {
        return try work()
    } catch {
        throw VisemeError(thrown: error)
    }
}

extension VisemeError {
    init(thrown error: any Error) {
        switch error {
        case let error as VisemeError: self = error
        case let error as NativeError: self.init(error)
        default: self = .fault("failed in a way it must not (\(error))")
        }
    }
}

extension NativeTask {
    /// What happened next; `nil` at the end. Cancelling the caller ends the task at once.
    func news() async throws -> NativeEvent? {
        let event: NativeEvent?
        do {
            event = try await withTaskCancellationHandler {
                try await next()
            } onCancel: {
                cancel()
            }
        } catch {
            throw VisemeError(thrown: error)
        }
        // A task that was cancelled has an end, but no outcome.
        if event == nil { try Task.checkCancellation() }
        return event
    }
}

/// Begins a native task and gives each of its events to `each`, the last one as the result. However this
/// ends, cancellation included, nothing of the task goes on afterwards.
func outcome(
    isolation: isolated (any Actor)?,
    of begin: () throws -> NativeTask,
    each: (NativeEvent) throws -> Void = { _ in }
) async throws -> NativeEvent {
    // Before anything is begun that would have to be ended.
    try Task.checkCancellation()
    let task = try translated(begin)
    defer { task.cancel() }
    var last: NativeEvent?
    while let event = try await task.news() {
        if let last { try each(last) }
        last = event
    }
    guard let last else { throw VisemeError.fault("ended without an outcome") }
    return last
}

extension NativeEvent {
    /// The prediction, where the task must have ended with one.
    func prediction() throws(VisemeError) -> Prediction {
        guard case .updated(let prediction) = self else { throw .fault("gave no prediction") }
        return Prediction(prediction)
    }

    /// The last prediction, where the task must have ended with that.
    func lastPrediction() throws(VisemeError) -> Prediction {
        let prediction = try prediction()
        // Otherwise this was news on the way, and what should have come after it did not.
        guard prediction.isTerminal else { throw .fault("ended without an outcome") }
        return prediction
    }
}
