import Foundation
import Viseme

/// The driver of the conformance suite: does what it is told, and reports what it saw.
@main
struct Driver {
    static let features = [
        "run", "check", "upload", "presigned_uploads", "submit", "job_wait", "job_updates", "job_refresh",
        "download", "recover", "any_model", "media_path", "media_bytes", "media_url", "media_checks",
        "sync", "base64", "webhook", "deadline", "request_timeout", "pacing", "retry_settings",
        "recovery", "submit_limits", "client_name", "progress", "error_codes", "error_category",
        "error_attributes", "cancel", "virtual_clock", "parallel",
    ]

    static func main() async throws {
        guard let address = ProcessInfo.processInfo.environment["VISEME_CONFORMANCE"] else {
            throw Unable("VISEME_CONFORMANCE is not set")
        }
        let line = try Line(to: address)
        let desk = Desk(line)
        let hello: JSONValue = [
            "type": "hello", "protocol": 1, "name": "swift", "version": "0.1.0", "language": "swift",
            "features": .array(features.map(JSONValue.string)),
        ]
        line.send(hello)
        for await text in line.messages() {
            let message = try JSONDecoder().decode(JSONValue.self, from: text)
            switch message.text("type") {
            case "run": try await desk.begin(message)
            case "cancel": await desk.cancel(try message.needed("id"))
            case "close": await desk.operations.close(try message.needed("client"))
            case "bye": exit(0)
            default: break
            }
        }
    }
}

/// Something that this driver cannot do.
struct Unable: Error, CustomStringConvertible {
    let description: String

    init(_ why: String) {
        description = why
    }
}

/// The operations that are under way.
actor Desk {
    let operations = Operations()
    private let line: Line
    private var open: [String: Task<JSONValue, any Error>] = [:]

    init(_ line: Line) {
        self.line = line
    }

    func begin(_ message: JSONValue) throws {
        let (id, events, operations) = (try message.needed("id"), Events(), operations)
        let cancelled = message.flag("cancelled_before") == true
        let task = Task {
            // A task begins at once, so this one waits until it is cancelled.
            while cancelled && !Task.isCancelled { await Task.yield() }
            return try await operations.carryOut(message, events)
        }
        open[id] = task
        if cancelled { task.cancel() }
        Task {
            var outcome: [String: JSONValue]
            do {
                outcome = try await task.value.members
            } catch is CancellationError {
                outcome = ["cancelled": ["class": "CancellationError"]]
            } catch {
                outcome = ["driver_error": .string("\(error)")]
            }
            outcome["type"] = "outcome"
            outcome["id"] = .string(id)
            outcome["events"] = .array(events.all())
            open[id] = nil
            line.send(.object(outcome))
        }
    }

    func cancel(_ id: String) {
        open[id]?.cancel()
    }
}
