import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The mock server as a process of its own, on a free port of this machine. It ends with its owner.
final class MockServer: Sendable {
    struct Hello: Decodable {
        let url: URL
        let key: String
    }

    struct Refused: Error {
        let answer: String
    }

    let url: URL
    let key: String
    private let program: OwnedProcess

    init() throws {
        program = try OwnedProcess(path: try required("VISEME_MOCK"), ["--end-with-stdin"])
        let hello = try JSONDecoder().decode(Hello.self, from: program.firstLine())
        (url, key) = (hello.url, hello.key)
    }

    /// The root of the checkout.
    static func checkout() throws -> URL {
        URL(fileURLWithPath: try required("VISEME_ROOT"))
    }

    private func ask(_ path: String, _ change: String? = nil) async throws -> String {
        var request = URLRequest(url: url.appendingPathComponent("_mock/v1/worlds/default/\(path)"))
        if let change {
            request.httpMethod = "POST"
            request.httpBody = Data(change.utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, answer) = try await URLSession.shared.data(for: request)
        let text = String(decoding: data, as: UTF8.self)
        guard let answer = answer as? HTTPURLResponse, answer.statusCode / 100 == 2 else {
            throw Refused(answer: text)
        }
        return text
    }

    /// Everything that was sent and answered, as JSON text.
    func journal() async throws -> String { try await ask("journal") }

    /// Every charge, as JSON text.
    func ledger() async throws -> String { try await ask("ledger") }

    /// Changes the world's clock.
    func clock(_ change: String) async throws { _ = try await ask("clock", change) }

    /// Breaks something, once.
    func fault(_ what: String) async throws { _ = try await ask("faults", what) }

    /// How many times a job's state was asked for.
    func polls() async throws -> Int {
        try await journal().matches(of: /"method":"GET","path":"[^"]*\/predictions\//).count
    }
}

/// A process whose standard input closes with this object.
final class OwnedProcess: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(path: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        process.terminate()
    }

    func firstLine() throws -> Data {
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), let first = byte.first,
            first != UInt8(ascii: "\n")
        {
            line.append(first)
        }
        return line
    }
}

struct Missing: Error, CustomStringConvertible {
    let description: String
}

private func required(_ name: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else {
        throw Missing(description: "\(name) is missing: run the tests by `cargo xtask swift test`.")
    }
    return value
}
