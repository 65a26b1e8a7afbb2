import Foundation
import Testing

@testable import Viseme

/// The errors match conformance/errors.yaml.
@Suite struct ErrorTests {
    let table: String

    init() throws {
        let file = try MockServer.checkout().appendingPathComponent("conformance/errors.yaml")
        table = try String(contentsOf: file, encoding: .utf8)
    }

    private func error(_ code: String) -> VisemeError {
        VisemeError(ErrorInfo(code: code, message: "Why."))
    }

    /// `rateLimit` for `rate_limit`.
    private func caseName(_ code: Substring) -> String {
        let words = code.split(separator: "_")
        return String(words[0]) + words.dropFirst().map(\.capitalized).joined()
    }

    @Test func everyCodeHasItsCaseAndCategory() throws {
        let classes = table.matches(of: /name: (\w+),.* category: (\w+)/)
        let categories = Dictionary(uniqueKeysWithValues: classes.map { ($0.1, $0.2) })
        let rows = table.matches(of: /- code: (\w+)\s+kind: \w+\s+class: (\w+)\n/)
        #expect(rows.count == table.matches(of: /- code:/).count)
        #expect(rows.count > 15)
        // Webhooks and ledgers are for servers, so an app never gets these errors.
        for row in rows where !["webhook", "ledger"].contains(row.1) {
            let error = error(String(row.1))
            #expect(error.code == row.1)
            #expect(Mirror(reflecting: error).children.first?.label == caseName(row.1))
            #expect(try error.category.rawValue == #require(categories[row.2]))
        }
    }

    @Test func theCategoriesAreThoseOfTheTable() {
        let named = Set(table.matches(of: /name: \w+,.* category: (\w+)/).map { String($0.1) })
        let ours = Set(VisemeError.Category.allCases.map(\.rawValue))
        #expect(ours.union(["webhook"]) == named)
    }

    @Test func anErrorShowsItsMessage() {
        let error = error("server")
        #expect(error.localizedDescription == "Why.")
        #expect("\(error)" == "server: Why.")
    }

    @Test func anUnknownCodeIsKept() {
        let error = error("unknown_code")
        #expect(error.code == "unknown_code")
        #expect(error.category == .api)
    }

    @Test func aNativeTaskWithoutAResultIsAnErrorAndNoTrap() async throws {
        // Nothing listens on this port.
        let client = try Client(Settings(baseURL: URL(string: "http://127.0.0.1:9"), apiKey: "key"))
        let thrown = await visemeError {
            let result: Outcome<Prediction> = try await outcome(of: {
                let task = try client.job("job").start("wait", [:])
                task.cancel()
                return task
            })
            _ = try result.required()
        }
        #expect(thrown?.info.message.contains("report this") == true)
    }

    @Test func anUnknownEventIsIgnored() throws {
        let json = #"[{"event": {"event": "later"}}, {"event": {"event": "recovering"}}]"#
        let messages: [Message<VisemeProgress, Prediction>] = try decoded(json)
        #expect(messages.map(\.event) == [nil, .recovering])
    }

    @Test func namesAndUnitsOfTheNativeLibraryAreTranslated() throws {
        let json = """
            {"id": "a", "model": "m", "status": "later", "isTerminal": false, "outputs": [{"json": {"aMs": 1}}],
            "resultUrl": "https://x/a", "createdAt": 1500, "executionTimeMs": 2300, "timingsMs": {"runMs": 5},
            "input": {"fooUrl": 1, "fooId": true}, "extra": {"barMs": 1.5}}
            """
        let prediction: Prediction = try decoded(json)
        #expect(prediction.outputs == [.json(["aMs": 1])])
        #expect(prediction.resultURL == URL(string: "https://x/a"))
        #expect(prediction.createdAt == Date(timeIntervalSince1970: 1.5))
        #expect(prediction.executionTime == .milliseconds(2300))
        #expect(prediction.timings == ["runMs": .milliseconds(5)])
        #expect(prediction.input == ["fooUrl": 1, "fooId": true])
        #expect(prediction.extra == ["barMs": 1.5])
    }

    @Test func absentListsAreEmpty() throws {
        let info: ErrorInfo = try decoded(#"{"code": "server", "message": "a", "attempts": 1, "jobId": "j"}"#)
        #expect(info.jobID == "j")
        #expect(info.violations.isEmpty && info.candidates.isEmpty && info.causes.isEmpty)
    }

    @Test func settingsInErrorsHaveTheirNamesInSwift() {
        let info = ErrorInfo(
            code: "config", message: "Set `WAVE_KEY`, `api_key`, `base_url` or `max_polls_a`.")
        #expect(info.withSwiftNames().message == "Set `WAVE_KEY`, `apiKey`, `baseURL` or `maxPollsA`.")
    }

    @Test func durationsNeverTrap() throws {
        #expect(try Duration.seconds(2.3).milliseconds("a") == .number(2300))
        #expect(Duration(milliseconds: 2300) == .milliseconds(2300))
        #expect(Duration(milliseconds: .infinity).components.seconds > 9_000_000_000_000_000_000)
        #expect(throws: VisemeError.self) { try Duration.seconds(-1).milliseconds("a") }
    }
}
