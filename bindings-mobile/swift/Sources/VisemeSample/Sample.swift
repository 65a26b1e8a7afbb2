import Foundation
import Viseme

/// Moves the lips of a face to a voice: `viseme-sample FACE VOICE RESULT`.
///
/// With `VISEME_BASE_URL` and `VISEME_TOKEN` it talks to your backend. Without, it is offline: it starts the
/// mock server, which is the program that `VISEME_MOCK` names.
@main
struct Sample {
    static func main() async {
        let files = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
        guard files.count == 3 else {
            end("usage: viseme-sample FACE VOICE RESULT", code: 2)
        }
        do {
            try await lipSync(face: files[0], voice: files[1], to: files[2])
        } catch VisemeError.invalidInput(let info) {
            let broken = info.violations.map { "  \($0.message)" }
            end((["This input is refused; nothing was sent:"] + broken).joined(separator: "\n"))
        } catch {
            end("\(error)")
        }
    }

    /// The whole job.
    static func lipSync(face: URL, voice: URL, to result: URL) async throws {
        let service = try Service.find()
        let client = try Client(Settings(baseURL: service.url, token: service.token))
        let input = Input.audioToVideo(audio: Media(voice), video: Media(face))
        let prediction = try await client.run(input, onProgress: tell)
        let saved = try await client.download(prediction, to: result)
        print("\(saved.file.path): \(saved.bytes) bytes")
    }

    static func tell(_ progress: VisemeProgress) {
        switch progress {
        case .uploaded(let field, _): print("uploaded \(field)")
        case .submitted(let jobID): print("job \(jobID)")
        case .updated(let prediction): print(prediction.status)
        case .retrying(let error, let pause):
            print("\(error.localizedDescription) Trying again in \(pause).")
        default: break
        }
    }

    static func end(_ why: String, code: Int32 = 1) -> Never {
        FileHandle.standardError.write(Data("\(why)\n".utf8))
        exit(code)
    }
}
