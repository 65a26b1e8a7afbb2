import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The mock server as a separate process, on a free port of this machine. It ends with this object.
final class MockServer: Sendable {
    struct Hello: Decodable {
        let url: URL
        let key: String
    }

    struct Rejected: Error {
        let response: String
    }

    let url: URL
    let key: String
    private let process: OwnedProcess

    init() throws {
        process = try OwnedProcess(path: try required("VISEME_MOCK"), ["--end-with-stdin"])
        let hello = try JSONDecoder().decode(Hello.self, from: process.firstLine())
        (url, key) = (hello.url, hello.key)
    }

    /// The root of the checkout.
    static func checkout() throws -> URL {
        URL(fileURLWithPath: try required("VISEME_ROOT"))
    }

    private func request(_ path: String, _ change: String? = nil) async throws -> String {
        var urlRequest = URLRequest(url: url.appendingPathComponent("_mock/v1/worlds/default/\(path)"))
        if let change {
            urlRequest.httpMethod = "POST"
            urlRequest.httpBody = Data(change.utf8)
            urlRequest.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, response) = try await URLSession.shared.data(for: urlRequest)
        let text = String(decoding: data, as: UTF8.self)
        guard let response = response as? HTTPURLResponse, response.statusCode / 100 == 2 else {
            throw Rejected(response: text)
        }
        return text
    }

    /// Returns all requests and responses as JSON text.
    func journal() async throws -> String { try await request("journal") }

    /// Returns all charges as JSON text.
    func ledger() async throws -> String { try await request("ledger") }

    /// Changes the world's clock.
    func clock(_ change: String) async throws { _ = try await request("clock", change) }

    /// Adds a fault.
    func fault(_ fault: String) async throws { _ = try await request("faults", fault) }

    /// Returns the number of polls.
    func polls() async throws -> Int {
        try await journal().matches(of: /"method":"GET","path":"[^"]*\/predictions\//).count
    }
}

/// A process that ends with this object.
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
