import Foundation

/// Your backend, or a mock server that ends with this program.
struct Service {
    let url: URL
    let token: String
    /// The mock server ends when its standard input closes, however this program ends.
    private let input: Pipe?

    /// Whether it is the mock server.
    var isOffline: Bool { input != nil }

    struct NotStarted: Error, CustomStringConvertible {
        let description: String
    }

    static func find() throws -> Service {
        let environment = ProcessInfo.processInfo.environment
        if let text = environment["VISEME_BASE_URL"], let url = URL(string: text) {
            return Service(url: url, token: environment["VISEME_TOKEN"] ?? "", input: nil)
        }
        guard let program = environment["VISEME_MOCK"] else {
            throw NotStarted(description: "Neither VISEME_BASE_URL nor VISEME_MOCK is set.")
        }
        return try mock(program)
    }

    private static func mock(_ program: String) throws -> Service {
        struct Hello: Decodable {
            let url: URL
            let key: String
        }
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--end-with-stdin"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), let first = byte.first,
            first != UInt8(ascii: "\n")
        {
            line.append(first)
        }
        guard let hello = try? JSONDecoder().decode(Hello.self, from: line) else {
            throw NotStarted(description: "\(program) did not start.")
        }
        return Service(url: hello.url, token: hello.key, input: input)
    }
}
