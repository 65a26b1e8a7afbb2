import Foundation
import Viseme

/// A mock server and its client, for one test.
struct World {
    let server: MockServer
    let voice: URL
    let face: URL
    let input: Input

    init() throws {
        server = try MockServer()
        let samples = try MockServer.checkout().appendingPathComponent("samples")
        voice = samples.appendingPathComponent("voice.mp3")
        face = samples.appendingPathComponent("face.mp4")
        input = .audioToVideo(audio: Media(voice), video: Media(face))
    }

    func settings(apiKey: String? = nil, every pause: Duration = .milliseconds(100)) -> Settings {
        var settings = Settings(baseURL: server.url, apiKey: apiKey ?? server.key)
        settings.pacing = .every(pause)
        return settings
    }

    func client(apiKey: String? = nil, every pause: Duration = .milliseconds(100)) throws -> Client {
        try Client(settings(apiKey: apiKey, every: pause))
    }
}

/// Runs a test with a temporary folder.
func withFolder<Value>(_ work: (URL) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await work(folder)
}

func size(of file: URL) throws -> Int64 {
    Int64(try Data(contentsOf: file).count)
}
