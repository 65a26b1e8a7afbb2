import Foundation
import Viseme

#if canImport(Darwin)
    import Darwin
    private let stream = SOCK_STREAM
#else
    import Glibc
    private let stream = Int32(SOCK_STREAM.rawValue)
#endif

/// The driver of the conformance suite: executes its operations and reports the outcomes.
@main
struct Driver {
    static let features = [
        "run", "check", "upload", "presigned_uploads", "submit", "job_wait", "job_updates", "job_refresh",
        "download", "download_outputs", "recover", "any_model", "media_path", "media_bytes",
        "media_url", "media_checks", "sync", "base64", "webhook", "request_headers", "prediction_request_id",
        "deadline",
        "request_timeout", "pacing", "learned_pacing", "retry_settings",
        "recovery", "submit_limits", "client_name", "set_api_key", "progress", "progress_errors",
        "before_submit", "save_record",
        "error_codes", "error_category", "error_attributes", "cancel", "virtual_clock", "parallel",
    ]

    static func main() async throws {
        guard let address = ProcessInfo.processInfo.environment["VISEME_CONFORMANCE"] else {
            throw DriverError("VISEME_CONFORMANCE is not set")
        }
        let connection = try Connection(to: address)
        let running = RunningOperations(connection)
        let hello: JSONValue = [
            "type": "hello", "protocol": 1, "name": "swift", "version": "0.1.0", "language": "swift",
            "features": .array(features.map(JSONValue.string)),
        ]
        connection.send(hello)
        for await text in connection.messages() {
            let message = try JSONDecoder().decode(JSONValue.self, from: text)
            switch message.text("type") {
            case "run": try await running.start(message)
            case "cancel": await running.cancel(try message.required("id"))
            case "close": await running.operations.close(try message.required("client"))
            case "bye": exit(0)
            default: break
            }
        }
    }
}

/// A request that this driver cannot execute.
struct DriverError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The operations in progress.
actor RunningOperations {
    let operations = Operations()
    private let connection: Connection
    private var tasks: [String: Task<JSONValue, any Error>] = [:]

    init(_ connection: Connection) {
        self.connection = connection
    }

    func start(_ message: JSONValue) throws {
        let (id, events, operations) = (try message.required("id"), Events(), operations)
        let cancelled = message.flag("cancelled_before") == true
        let task = Task {
            // A task starts at once, so this one waits until it is cancelled.
            while cancelled && !Task.isCancelled { await Task.yield() }
            return try await operations.execute(message, events)
        }
        tasks[id] = task
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
            tasks[id] = nil
            connection.send(.object(outcome))
        }
    }

    func cancel(_ id: String) {
        tasks[id]?.cancel()
    }
}

/// The connection to the harness.
final class Connection: Sendable {
    private let socket: FileHandle
    private let writing = NSLock()

    /// - Parameter address: such as `127.0.0.1:40123`
    init(to address: String) throws {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw DriverError("invalid address: \(address)")
        }
        var to = sockaddr_in()
        to.sin_family = sa_family_t(AF_INET)
        to.sin_port = port.bigEndian
        to.sin_addr.s_addr = inet_addr(String(parts[0]))
        let descriptor = Foundation.socket(AF_INET, stream, 0)
        let connected = withUnsafePointer(to: &to) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw DriverError("\(address) cannot be reached: \(errno)") }
        socket = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Returns the messages of the harness until it closes the connection. A thread reads them, because
    /// reading blocks.
    func messages() -> AsyncStream<Data> {
        let (stream, to) = AsyncStream.makeStream(of: Data.self)
        let socket = socket
        Thread.detachNewThread {
            var (pending, buffer) = (Data(), [UInt8](repeating: 0, count: 65536))
            while true {
                // `FileHandle.read` would wait until the buffer is full.
                let count = read(socket.fileDescriptor, &buffer, buffer.count)
                if count <= 0 { break }
                pending.append(contentsOf: buffer[..<count])
                while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    to.yield(Data(pending[..<end]))
                    pending = Data(pending[(end + 1)...])
                }
            }
            to.finish()
        }
        return stream
    }

    func send(_ message: JSONValue) {
        guard var text = try? JSONEncoder().encode(message) else { return }
        text.append(UInt8(ascii: "\n"))
        writing.lock()
        defer { writing.unlock() }
        // If the harness has closed the connection, reading ends the program.
        try? socket.write(contentsOf: text)
    }
}

/// The events of an operation, in order.
final class Events: @unchecked Sendable {
    private let lock = NSLock()
    private var events: [JSONValue] = []

    func add(_ event: JSONValue) {
        lock.withLock { events.append(event) }
    }

    func all() -> [JSONValue] {
        lock.withLock { events }
    }
}
