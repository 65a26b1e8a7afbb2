import Foundation
import Viseme

/// Lip-syncs a video to an audio track: `viseme-sample VIDEO AUDIO RESULT`.
///
/// With `VISEME_BASE_URL` and `VISEME_TOKEN` it uses your backend. Without them it is offline: it starts the
/// mock server, which is the program that `VISEME_MOCK` names.
@main
struct Sample {
    static func main() async {
        let files = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
        guard files.count == 3 else {
            end("usage: viseme-sample VIDEO AUDIO RESULT", code: 2)
        }
        do {
            try await lipSync(video: files[0], audio: files[1], to: files[2])
        } catch VisemeError.invalidInput(let info) {
            let problems = info.violations.map { "  \($0.message)" }
            end((["The input is invalid; nothing was sent:"] + problems).joined(separator: "\n"))
        } catch {
            end("\(error)")
        }
    }

    /// Runs a complete job.
    static func lipSync(video: URL, audio: URL, to result: URL) async throws {
        let service = try Service.find()
        let client = try Client(Settings(baseURL: service.url, apiKey: service.token))
        let input = Input.audioToVideo(audio: Media(audio), video: Media(video))
        let prediction = try await client.run(input, onProgress: show)
        let saved = try await client.download(prediction, to: result)
        print("\(saved.path): \(saved.bytes) bytes")
    }

    static func show(_ progress: VisemeProgress) {
        switch progress {
        case .uploaded(let field, _): print("uploaded \(field)")
        case .submitted(let jobID): print("job \(jobID)")
        case .updated(let prediction): print(prediction.status)
        case .retrying(let error, let pause):
            print("\(error.localizedDescription) Trying again in \(pause).")
        default: break
        }
    }

    static func end(_ message: String, code: Int32 = 1) -> Never {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        exit(code)
    }
}
