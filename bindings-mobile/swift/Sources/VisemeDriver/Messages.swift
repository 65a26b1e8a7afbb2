import Foundation
import Viseme

// Reading and writing the protocol's JSON.

extension JSONValue {
    var members: [String: JSONValue] {
        if case .object(let members) = self { members } else { [:] }
    }

    /// A member; `nil` where it is absent or `null`, which mean the same.
    subscript(_ name: String) -> JSONValue? {
        let member = members[name]
        return member == .null ? nil : member
    }

    func text(_ name: String) -> String? {
        if case .string(let text)? = self[name] { text } else { nil }
    }

    func flag(_ name: String) -> Bool? {
        if case .bool(let flag)? = self[name] { flag } else { nil }
    }

    func double(_ name: String) -> Double? {
        switch self[name] {
        case .integer(let number)?: Double(number)
        case .number(let number)?: number
        default: nil
        }
    }

    func int(_ name: String) -> Int? {
        double(name).map { Int($0) }
    }

    func seconds(_ name: String) -> Duration? {
        double(name).map { .seconds($0) }
    }

    func needed(_ name: String) throws -> String {
        guard let text = text(name) else { throw Unable("there is no \(name) in the message") }
        return text
    }

    /// An object of these; what is `nil` is left out.
    static func of(_ members: [String: (any Sayable)?]) -> JSONValue {
        .object(members.compactMapValues { $0?.said })
    }
}

/// What has a form in the protocol.
protocol Sayable {
    var said: JSONValue { get }
}

extension JSONValue: Sayable {
    var said: JSONValue { self }
}

extension String: Sayable {
    var said: JSONValue { .string(self) }
}

extension Bool: Sayable {
    var said: JSONValue { .bool(self) }
}

extension Int: Sayable {
    var said: JSONValue { .integer(Int64(self)) }
}

extension Int64: Sayable {
    var said: JSONValue { .integer(self) }
}

extension Duration: Sayable {
    /// Seconds.
    var said: JSONValue { .number(Double(components.seconds) + Double(components.attoseconds) / 1e18) }
}

extension Date: Sayable {
    /// RFC 3339, to the millisecond.
    var said: JSONValue {
        .string(formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}

extension URL: Sayable {
    var said: JSONValue { .string(absoluteString) }
}

extension Array: Sayable where Element: Sayable {
    var said: JSONValue { .array(map(\.said)) }
}
