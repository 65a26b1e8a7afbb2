import Foundation
import Viseme

/// Lip-syncs a video to an audio track, as an app does: `viseme-sample VIDEO AUDIO RESULT`.
///
/// With `VISEME_BASE_URL` and `VISEME_TOKEN`, the token of a user, it uses your backend. Without them it is
/// offline: it starts the mock server, which is the program that `VISEME_MOCK` names.
///
/// The open job is in the file RESULT.job. Start the program again after it was killed: it resumes this job.
@main
struct Sample {
    static func main() async {
        let files = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
        guard files.count == 3 else {
            end("usage: viseme-sample VIDEO AUDIO RESULT", code: 2)
        }
        let store = JobStore(file: files[2].appendingPathExtension("job"))
        do {
            let input = Input.audioToVideo(audio: Media(files[1]), video: Media(files[0]))
            try await lipSync(input, to: files[2], store)
        } catch VisemeError.invalidInput(let info) {
            let problems = info.violations.map { "  \($0.message)" }
            end((["The input is invalid; nothing was sent:"] + problems).joined(separator: "\n"))
        } catch let error as VisemeError {
            let sentence = "\(error.code): \(error.sentenceForUser)"
            guard store.hasJob else { end(sentence) }
            end("\(sentence)\nThe open job is in \(store.file.path). Start again to resume it.")
        } catch {
            end("\(error)")
        }
    }

    /// Runs a complete job, or the rest of an earlier one.
    static func lipSync(_ input: Input, to result: URL, _ store: JobStore) async throws {
        let service = try Service.find()
        // The mock server of the last start has taken its jobs with it.
        if service.isOffline { try store.clear() }
        let client = try Client(Settings(baseURL: service.url, apiKey: service.token))
        let prediction: Prediction
        do {
            let open = try await resume(client, store)
            let job = if let open { open } else { try await submit(input, client, store) }
            prediction = try await job.wait(onProgress: show)
        } catch let error as VisemeError {
            switch error {
            // There is nothing to resume.
            case .jobFailed, .jobCancelled: try store.clear()
            default: break
            }
            throw error
        }
        let saved = try await client.download(prediction, to: result)
        try store.clear()
        say("\(saved.path): \(saved.bytes) bytes")
    }

    /// Returns the job that an earlier start left open, or `nil`.
    static func resume(_ client: Client, _ store: JobStore) async throws -> Job? {
        switch try store.load() {
        case .accepted(let id):
            say("resuming job \(id)")
            let job = client.job(id)
            // A wait gives a new job half a minute to appear. This one must be there.
            _ = try await job.refresh()
            return job
        case .sent(let record):
            say("looking for the job of the last start")
            let job = try await client.recover(record)
            try store.save(.accepted(id: job.id))
            return job
        case nil:
            return nil
        }
    }

    /// Submits a new job, and saves what a later start needs to find it.
    static func submit(_ input: Input, _ client: Client, _ store: JobStore) async throws -> Job {
        do {
            return try await client.submit(input) { progress in
                switch progress {
                // The POST waits until this is saved.
                case .submitting(_, let record): try store.save(.sent(record: record))
                case .submitted(let jobID): try store.save(.accepted(id: jobID))
                default: break
                }
                show(progress)
            }
        } catch let error as VisemeError {
            // Every other error means that there is no job.
            if case .submissionUnknown = error { throw error }
            try store.clear()
            throw error
        }
    }

    static func show(_ progress: VisemeProgress) {
        switch progress {
        case .uploaded(let field, _): say("uploaded \(field)")
        case .submitted(let jobID): say("job \(jobID)")
        case .updated(let prediction): say("\(prediction.status)")
        case .retrying(let error, let pause): say("\(error.sentenceForUser) Trying again in \(pause).")
        default: break
        }
    }

    /// Prints a line at once, also into a file.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }

    static func end(_ message: String, code: Int32 = 1) -> Never {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        exit(code)
    }
}
