import Foundation

/// The value of a parameter. Write it as a literal: `["text": "Good evening", "voice_speed": 1.5]`.
public enum JSONValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// Any other number. JSON has no form for infinity and for what is no number.
    case number(Double)
    /// Text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Values by name.
    case object([String: JSONValue])
}

extension JSONValue {
    /// It as JSON text; an error where JSON has no form for it.
    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension JSONValue: Codable {
    /// Reads any JSON.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let it = try? value.decode(Bool.self) {
            self = .bool(it)
        } else if let it = try? value.decode(Int64.self) {
            self = .integer(it)
        } else if let it = try? value.decode(Double.self) {
            self = .number(it)
        } else if let it = try? value.decode(String.self) {
            self = .string(it)
        } else if let it = try? value.decode([JSONValue].self) {
            self = .array(it)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    /// Writes it as JSON.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .bool(let it): try value.encode(it)
        case .integer(let it): try value.encode(it)
        case .number(let it): try value.encode(it)
        case .string(let it): try value.encode(it)
        case .array(let it): try value.encode(it)
        case .object(let it): try value.encode(it)
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// ``null``.
    public init(nilLiteral: ()) { self = .null }
    /// A ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An ``integer(_:)``.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A ``number(_:)``.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An ``array(_:)``.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An ``object(_:)``; of two values with one name, the last.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
