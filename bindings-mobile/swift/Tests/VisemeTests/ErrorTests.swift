import Foundation
import Testing
import VisemeNative

@testable import Viseme

/// The errors are those of the one table, conformance/errors.yaml.
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

    @Test func everyCodeHasItsCaseAndItsCategory() throws {
        let classes = table.matches(of: /name: (\w+),.* category: (\w+)/)
        let categories = Dictionary(uniqueKeysWithValues: classes.map { ($0.1, $0.2) })
        let rows = table.matches(of: /- code: (\w+)\s+kind: \w+\s+class: (\w+)\n/)
        #expect(rows.count == table.matches(of: /- code:/).count)
        #expect(rows.count > 15)
        // Webhooks are for servers, so an app never sees that one.
        for row in rows where row.1 != "webhook" {
            let error = error(String(row.1))
            #expect(error.code == row.1)
            #expect(Mirror(reflecting: error).children.first?.label == caseName(row.1))
            #expect(try error.category.rawValue == #require(categories[row.2]))
        }
    }

    @Test func everyCategoryIsOfTheTable() {
        let named = Set(table.matches(of: /name: \w+,.* category: (\w+)/).map { String($0.1) })
        let ours = Set(VisemeError.Category.allCases.map(\.rawValue))
        #expect(ours.union(["webhook"]) == named)
    }

    @Test func anErrorShowsItsSentence() {
        let error = error("server")
        #expect(error.localizedDescription == "Why.")
        #expect("\(error)" == "server: Why.")
    }

    @Test func theCodeOfANewerNativePartIsKept() {
        let error = error("of_tomorrow")
        #expect(error.code == "of_tomorrow")
        #expect(error.category == .api)
    }

    @Test func aNativeTaskWithoutAnOutcomeIsAnErrorAndNoTrap() async throws {
        let client = try Client(Settings(token: "token"))
        let why = await visemeError {
            _ = try await outcome(
                isolation: nil,
                of: {
                    let task = try client.native.wait(jobId: "job", timeout: nil)
                    task.cancel()
                    return task
                })
        }
        #expect(why?.info.message.contains("ended without an outcome") == true)
    }

    @Test func timesOfBothSidesNeverTrap() throws {
        #expect(try Duration.seconds(2.3).native("it") == 2.3000000005)
        #expect(Duration(native: 2.3) == .milliseconds(2300))
        #expect(Duration(native: .infinity).components.seconds > 9_000_000_000_000_000_000)
        #expect(try Duration.seconds(Int64.max).native("it") < Double(Int64.max))
        #expect(throws: VisemeError.self) { try Duration.seconds(-1).native("it") }
    }
}
