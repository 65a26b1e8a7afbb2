import Foundation
import Viseme

/// Keeps the open job of this app in a file. In your app: one for each user, with the user's data.
struct JobStore {
    let file: URL

    struct Damaged: Error, CustomStringConvertible {
        let description: String
    }

    var hasJob: Bool { FileManager.default.fileExists(atPath: file.path) }

    /// Returns the open job, or `nil` if there is none.
    func load() throws -> OpenJob? {
        guard hasJob else { return nil }
        let parts = try String(contentsOf: file, encoding: .utf8).split(separator: " ", maxSplits: 1)
        switch (parts.first, parts.last) {
        case ("job", let id?):
            return .accepted(id: String(id))
        case ("record", let record?):
            return .sent(record: try JSONDecoder().decode(SubmitRecord.self, from: Data(record.utf8)))
        default:
            throw Damaged(description: "\(file.path) contains no job.")
        }
    }

    /// Saves the open job. A kill at this moment leaves the old file.
    func save(_ job: OpenJob) throws {
        var content: Data
        switch job {
        case .accepted(let id):
            content = Data("job \(id)".utf8)
        case .sent(let record):
            content = Data("record ".utf8)
            content.append(try JSONEncoder().encode(record))
        }
        try content.write(to: file, options: .atomic)
    }

    /// Forgets the open job.
    func clear() throws {
        if hasJob { try FileManager.default.removeItem(at: file) }
    }
}
