import Foundation
import Viseme

// Values of the protocol, read from and written as JSON.

extension JSONValue {
    var members: [String: JSONValue] {
        if case .object(let members) = self { members } else { [:] }
    }

    /// Returns a member; `nil` if it is absent or `null`, which mean the same.
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

    func required(_ name: String) throws -> String {
        guard let text = text(name) else { throw DriverError("the message has no `\(name)`") }
        return text
    }

    /// Creates an object without the members that are `nil`.
    static func of(_ members: [String: (any ProtocolValue)?]) -> JSONValue {
        .object(members.compactMapValues { $0?.asJSON })
    }
}

/// A type with a form in the protocol.
protocol ProtocolValue {
    var asJSON: JSONValue { get }
}

extension JSONValue: ProtocolValue {
    var asJSON: JSONValue { self }
}

extension String: ProtocolValue {
    var asJSON: JSONValue { .string(self) }
}

extension Bool: ProtocolValue {
    var asJSON: JSONValue { .bool(self) }
}

extension Int: ProtocolValue {
    var asJSON: JSONValue { .integer(Int64(self)) }
}

extension Int64: ProtocolValue {
    var asJSON: JSONValue { .integer(self) }
}

extension Duration: ProtocolValue {
    /// Seconds.
    var asJSON: JSONValue { .number(Double(components.seconds) + Double(components.attoseconds) / 1e18) }
}

extension Date: ProtocolValue {
    /// RFC 3339, to the millisecond.
    var asJSON: JSONValue {
        .string(formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}

extension URL: ProtocolValue {
    var asJSON: JSONValue { .string(absoluteString) }
}

extension Array: ProtocolValue where Element: ProtocolValue {
    var asJSON: JSONValue { .array(map(\.asJSON)) }
}

// What the client returns, as the protocol describes it.

extension Prediction: ProtocolValue {
    var asJSON: JSONValue {
        .of([
            "id": id, "model": model, "status": status.rawValue, "outputs": outputs,
            "output_url": outputURL, "error": error, "code": code, "execution_time": executionTime,
            "created_at": createdAt, "recovered": recovered,
            "request_id": requestID,
        ])
    }
}

extension Output: ProtocolValue {
    var asJSON: JSONValue {
        switch self {
        case .url(let url): url.asJSON
        case .text(let text): text.asJSON
        case .json(let json): json
        }
    }
}

extension Job: ProtocolValue {
    var asJSON: JSONValue {
        .of([
            "job_id": id, "status": prediction?.status.rawValue, "recovered": prediction?.recovered,
        ])
    }
}

extension Report: ProtocolValue {
    var asJSON: JSONValue {
        .of(["ok": isOK, "violations": violations, "media": JSONValue.object(media.mapValues(\.asJSON))])
    }
}

extension MediaInfo: ProtocolValue {
    var asJSON: JSONValue {
        .of([
            "container": container, "seconds": duration, "width": width, "height": height,
            "bytes": bytes,
        ])
    }
}

extension Violation: ProtocolValue {
    var asJSON: JSONValue {
        .of([
            "field": field, "rule": rule, "level": level.rawValue, "actual": actual,
            "allowed": allowed, "message": message, "fix": fix,
        ])
    }
}

extension Fix: ProtocolValue {
    var asJSON: JSONValue { .of(["kind": kind, "description": description]) }
}

extension SubmitRecord: ProtocolValue {
    var asJSON: JSONValue { .of(["model": model, "input": input, "sent_at": sentAt]) }
}

extension VisemeError: ProtocolValue {
    var asJSON: JSONValue {
        var dumped = ""
        dump(self, to: &dumped)
        let texts = ["\(self)", String(reflecting: self), localizedDescription, dumped]
        let attributes = JSONValue.of([
            "job_id": info.jobID, "attempts": info.attempts, "app_code": info.appCode,
            "prediction": info.prediction, "status": info.status, "request_id": info.requestID,
            "retry_after": info.retryAfter, "body": info.body, "violations": info.violations,
            "record": info.record, "candidates": info.candidates,
        ])
        return .of([
            "code": code, "classes": [String](), "category": category.rawValue,
            "message": localizedDescription, "text": texts.joined(separator: "\n"),
            "attributes": attributes,
        ])
    }
}

extension VisemeProgress: ProtocolValue {
    var asJSON: JSONValue {
        switch self {
        case .checked(let report): .of(["event": "checked", "report": report])
        case .uploading(let field, let sent, let total):
            .of(["event": "uploading", "field": field, "sent": sent, "total": total])
        case .uploaded(let field, let url): .of(["event": "uploaded", "field": field, "url": url])
        case .submitting(let attempt, let record):
            .of(["event": "submitting", "attempt": attempt, "record": record])
        case .recovering: .of(["event": "recovering"])
        case .submitted(let jobID): .of(["event": "submitted", "job_id": jobID])
        case .updated(let prediction): .of(["event": "update", "prediction": prediction])
        case .retrying(let error, let after):
            .of(["event": "retrying", "error": error, "after": after])
        }
    }
}
