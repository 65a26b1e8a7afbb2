import Foundation
import Viseme

#if canImport(Darwin)
    import Darwin
    private let stream = SOCK_STREAM
#else
    import Glibc
    private let stream = Int32(SOCK_STREAM.rawValue)
#endif

/// The connection to the harness.
final class Line: Sendable {
    private let socket: FileHandle
    private let writing = NSLock()

    /// - Parameter address: such as `127.0.0.1:40123`
    init(to address: String) throws {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else { throw Unable("no address: \(address)") }
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
        guard connected == 0 else { throw Unable("\(address) is not reached: \(errno)") }
        socket = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// What the harness says, until it hangs up. Read on a thread of its own, as reading blocks.
    func messages() -> AsyncStream<Data> {
        let (stream, to) = AsyncStream.makeStream(of: Data.self)
        let socket = socket
        Thread.detachNewThread {
            var (pending, buffer) = (Data(), [UInt8](repeating: 0, count: 65536))
            while true {
                // Not that of FileHandle, which waits until the buffer is full.
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
        // Where the harness has hung up, the reading ends the program.
        try? socket.write(contentsOf: text)
    }
}

/// What went on in an operation, as it came.
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
