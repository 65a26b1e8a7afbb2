import Foundation
import Viseme

// What the client gives, in the words of the protocol.

func parsed(_ json: String) -> JSONValue {
    (try? JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))) ?? .string(json)
}

extension Prediction: Sayable {
    var said: JSONValue {
        .of([
            "id": id, "model": model, "status": status.rawValue, "outputs": outputs,
            "output_url": outputURL, "error": error, "code": code, "execution_time": executionTime,
            "created_at": createdAt, "recovered": recoveredBy,
        ])
    }
}

extension Output: Sayable {
    var said: JSONValue {
        switch self {
        case .url(let url): url.said
        case .text(let text): text.said
        case .json(let json): parsed(json)
        }
    }
}

extension Job: Sayable {
    var said: JSONValue {
        .of([
            "job_id": id, "status": prediction?.status.rawValue, "recovered": prediction?.recoveredBy,
        ])
    }
}

extension Report: Sayable {
    var said: JSONValue {
        .of(["ok": isOK, "violations": violations, "media": JSONValue.object(media.mapValues(\.said))])
    }
}

extension MediaInfo: Sayable {
    var said: JSONValue {
        .of([
            "container": container, "seconds": duration, "width": width, "height": height,
            "bytes": bytes,
        ])
    }
}

extension Violation: Sayable {
    var said: JSONValue {
        .of([
            "field": field, "rule": rule, "level": isError ? "error" : "warning", "actual": actual,
            "allowed": allowed, "message": message,
        ])
    }
}

extension SubmitRecord: Sayable {
    var said: JSONValue { parsed(json) }
}

extension VisemeError: Sayable {
    var said: JSONValue {
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

extension VisemeProgress: Sayable {
    var said: JSONValue {
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
