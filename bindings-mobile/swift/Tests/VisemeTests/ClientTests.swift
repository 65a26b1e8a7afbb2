import Foundation
import Testing
import Viseme

@Suite struct ClientTests {
    let world: World
    let client: Client

    init() throws {
        world = try World()
        client = try world.client()
    }

    @Test func aRunEndsWithAnOutputThatCanBeDownloaded() async throws {
        var seen: [VisemeProgress] = []
        let prediction = try await client.run(world.input) { seen.append($0) }
        #expect(prediction.status == .completed)
        #expect(prediction.isTerminal)
        guard case .checked(let report)? = seen.first else {
            Issue.record("\(seen)")
            return
        }
        #expect(report.media["video"]?.width == 1280)
        let video = try size(of: world.face)
        #expect(seen.contains(.uploading(field: "video", sent: video, total: video)))
        #expect(seen.contains(.submitted(jobID: prediction.id)))
        #expect(seen.contains(.updated(prediction)))
        try await withFolder { folder in
            var received: Int64 = 0
            let file = folder.appendingPathComponent("result.mp4")
            let saved = try await client.download(prediction, to: file) { sum, _ in received = sum }
            #expect(saved.file.path == file.path)
            #expect(try size(of: file) == saved.bytes)
            #expect(received == saved.bytes)
            let url = try #require(prediction.outputURL)
            #expect(try await client.download(url, to: folder).bytes == saved.bytes)
        }
    }

    @Test func mediaCanBeFilesBytesAndURLs() async throws {
        var sent: Int64 = 0
        let url = try await client.upload(Media(world.voice)) { sum, _ in sent = sum }
        #expect(try size(of: world.voice) == sent)
        #expect(try await client.upload(Media(url)) == url)
        let bytes = try Data(contentsOf: world.voice)
        _ = try await client.upload(.data(bytes, name: "voice.mp3"))
        let input = Input.audioToVideo(audio: .data(bytes, name: "voice.mp3"), video: Media(world.face))
        #expect(try await client.run(input).status == .completed)
    }

    @Test func aJobIsResumedByItsID() async throws {
        let id = try await client.submit(world.input).id
        let later = try world.client()
        var states: [Prediction] = []
        for try await state in later.job(id).updates() { states.append(state) }
        let last = try #require(states.last)
        #expect(last.status == .completed)
        let refreshed = try await later.job(id).refresh()
        #expect(refreshed.requestID != nil)
        #expect(refreshed.outputs == last.outputs)
        #expect(refreshed.createdAt == last.createdAt)
        #expect(try await later.job(id).wait().id == id)
    }

    @Test func anIterationMayEndBeforeTheJob() async throws {
        let job = try await client.submit(world.input)
        for try await state in job.updates() {
            #expect(!state.isTerminal)
            break
        }
        #expect(try await job.wait().status == .completed)
    }

    @Test func anInvalidInputIsRejectedBeforeAnythingIsSent() async throws {
        let audio = Media.data(Data("no sound".utf8), name: "voice.mp3")
        let bad = Input.audioToVideo(audio: audio, video: Media(world.face))
        let report = try await client.check(bad)
        #expect(!report.isOK)
        let thrown = await visemeError { _ = try await client.run(bad) }
        guard case .invalidInput(let info)? = thrown else {
            Issue.record("\(String(describing: thrown))")
            return
        }
        #expect(info.violations.contains { $0.field == "audio" && $0.isError })
        #expect(try await !world.server.journal().contains("\"method\""))
    }

    @Test func anyModelAcceptsItsParametersAsLiterals() async throws {
        let input = Input(
            model: "kwaivgi/kling-lipsync/text-to-video",
            media: ["video": Media(world.face)],
            parameters: ["text": "Good \"evening\" 😀", "voice_id": "uk_man2", "voice_speed": 1.5]
        )
        let job = try await client.submit(input)
        #expect(try await job.wait().model == "kwaivgi/kling-lipsync/text-to-video")
        #expect(try await world.server.journal().contains("uk_man2"))
        let wrong = Input(model: "a/b", parameters: ["number": .number(.infinity)])
        #expect(await visemeError { _ = try await client.submit(wrong) }?.code == "invalid_input")
    }

    @Test func theApiKeyCanBeReplacedAtAnyTime() async throws {
        let app = try world.client(apiKey: "expired")
        let thrown = await visemeError { _ = try await app.submit(world.input) }
        guard case .authentication(let info)? = thrown else {
            Issue.record("\(String(describing: thrown))")
            return
        }
        #expect(info.status == 401)
        #expect(info.body != nil)
        try app.setApiKey(world.server.key)
        #expect(try await app.run(world.input).status == .completed)
        #expect(await visemeError { try app.setApiKey("") }?.category == .config)
    }

    @Test func aTimeoutNamesTheJobAndTheJobContinues() async throws {
        let options = Options(timeout: .milliseconds(1))
        let thrown = await visemeError { _ = try await client.run(world.input, options: options) }
        guard case .waitTimeout(let info)? = thrown else {
            Issue.record("\(String(describing: thrown))")
            return
        }
        let id = try #require(info.jobID)
        #expect(info.message.contains(id))
        #expect(thrown?.localizedDescription == info.message)
        #expect(try await client.job(id).wait().status == .completed)
    }

    @Test func aLostSubmitIsFoundByItsRecord() async throws {
        try await world.server.fault(#"{"at": "submit", "when": "after_accept", "do": "reset"}"#)
        var settings = world.settings()
        settings.recoveryWindow = .zero
        let app = try Client(settings)
        let thrown = await visemeError { _ = try await app.submit(world.input) }
        let record = try #require(thrown?.info.record)
        // As an app would save it until its next start.
        let saved = try JSONDecoder().decode(SubmitRecord.self, from: JSONEncoder().encode(record))
        #expect(try await client.recover(saved).wait().status == .completed)
        #expect(try await world.server.ledger().matches(of: /"job_id"/).count == 1)
    }

    @Test func anErrorOfACallbackIsReportedAndTheRunContinues() async throws {
        struct CallbackError: Error {}
        let reported = Counter()
        let app = try Client(world.settings()) { error in
            #expect(error is CallbackError)
            reported.increment()
        }
        var events = 0
        let prediction = try await app.run(world.input) { event in
            if case .submitting = event { return }
            events += 1
            throw CallbackError()
        }
        #expect(prediction.status == .completed)
        #expect(events > 3)
        #expect(reported.count == events)
        let job = app.job(prediction.id)
        #expect(try await job.wait { _ in throw CallbackError() }.status == .completed)
    }

    @Test func anErrorOfACallbackWithoutAHandlerIsLogged() async throws {
        struct CallbackError: Error {}
        let prediction = try await client.run(world.input) { event in
            if case .submitting = event { return }
            throw CallbackError()
        }
        #expect(prediction.status == .completed)
    }

    @Test func anErrorAtSubmittingPreventsTheSubmit() async throws {
        struct SaveError: Error {}
        let callback = { (event: VisemeProgress) throws in
            if case .submitting = event { throw SaveError() }
        }
        await #expect(throws: SaveError.self) {
            _ = try await client.run(world.input, onProgress: callback)
        }
        await #expect(throws: SaveError.self) {
            _ = try await client.submit(world.input, onProgress: callback)
        }
        #expect(try await !world.server.journal().contains("/audio-to-video"))
        #expect(try await !world.server.ledger().contains("\"job_id\""))
    }

    @Test func allOutputsOfAJobAreDownloaded() async throws {
        let prediction = try await client.run(world.input)
        try await withFolder { folder in
            let saved = try await client.downloadOutputs(prediction, to: folder)
            #expect(saved.count == prediction.outputs.count)
            for file in saved { #expect(try size(of: file.file) == file.bytes) }
        }
    }

    @Test func theCallbackRunsWhereTheCallerRuns() async throws {
        try await OnMainActor().run(client, world.input)
    }

    @Test func anInvalidSettingIsAnErrorAndNoTrap() {
        var settings = world.settings()
        settings.timeout = .seconds(-1)
        #expect(messageOf(settings) == "Invalid value for `timeout`: must not be negative, got -1.0 seconds.")
        settings.timeout = .seconds(Int64.max)
        #expect(messageOf(settings) == nil)
        settings.maxConnections = 0
        #expect(messageOf(settings) == "Invalid value for `maxConnections`: must be at least 1, got 0.")
        settings.maxConnections = nil
        settings.pollsPerJob = 0.5
        #expect(
            messageOf(settings)
                == "Invalid value for `pollsPerJob`: must be a number from 1 to 1000, got 0.5.")
        settings.pollsPerJob = nil
        settings.pacingFile = URL(string: "https://example.com/pacing.json")
        #expect(
            messageOf(settings)?.hasPrefix(
                "Invalid value for `pacingFile`: must be the URL of a file") == true)
        settings = Settings(baseURL: URL(string: "ftp://host"), apiKey: "key")
        #expect(messageOf(settings)?.hasPrefix("Invalid value for `baseURL`: ") == true)
    }

    @Test func anOptionThatDoesNotApplyIsAnError() async throws {
        let options = Options(timeout: .seconds(1))
        let thrown = await visemeError { _ = try await client.submit(world.input, options: options) }
        #expect(thrown?.info.message.contains("`options.timeout`") == true)
    }

    @Test func theApiKeyIsNeverPrinted() async throws {
        let settings = world.settings(apiKey: "a-secret-token")
        let app = try Client(settings)
        let why = try #require(await visemeError { _ = try await app.submit(world.input) })
        #expect(why.code == "authentication")
        var dumped = ""
        dump(settings, to: &dumped)
        dump(app, to: &dumped)
        dump(why, to: &dumped)
        let texts = [
            "\(settings)", String(reflecting: settings), "\(app)", String(reflecting: app), "\(why)",
            String(reflecting: why), why.localizedDescription, dumped,
        ]
        for text in texts { #expect(!text.contains("a-secret-token")) }
    }
}

/// Returns the message of the error that these settings cause.
private func messageOf(_ settings: Settings) -> String? {
    do throws(VisemeError) {
        _ = try Client(settings)
        return nil
    } catch {
        return error.info.message
    }
}

/// Counts from any thread.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0

    var count: Int { lock.withLock { value } }

    func increment() { lock.withLock { value += 1 } }
}

/// Like a view model: it changes its own state in a callback.
@MainActor private final class OnMainActor {
    private var last: VisemeProgress?

    func run(_ client: Client, _ input: Input) async throws {
        let prediction = try await client.run(input) { progress in
            MainActor.assertIsolated()
            last = progress
        }
        #expect(last == VisemeProgress.updated(prediction))
    }
}

/// Returns the error of `work`, which must be one of Viseme's.
func visemeError(_ work: () async throws -> Void) async -> VisemeError? {
    do {
        try await work()
        Issue.record("There was no error.")
    } catch let why as VisemeError {
        return why
    } catch {
        Issue.record(error)
    }
    return nil
}
