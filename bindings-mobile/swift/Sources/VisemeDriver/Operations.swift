import Foundation
import Viseme

/// The operations, the clients that they share, and the predictions that they returned.
actor Operations {
    private var clients: [String: Client] = [:]
    private var predictions: [String: Prediction] = [:]

    func close(_ client: String) {
        clients[client] = nil
    }

    func execute(_ message: JSONValue, _ events: Events) async throws -> JSONValue {
        do {
            let client = try client(message["client"] ?? [:])
            return ["value": try await value(client, message, events)]
        } catch let error as VisemeError {
            return ["error": error.asJSON]
        } catch is PreventedError {
            return ["value": ["prevented": true]]
        }
    }

    private func client(_ message: JSONValue) throws -> Client {
        let id = try message.required("id")
        if let client = clients[id] { return client }
        let client = try Client(Settings(message))
        clients[id] = client
        return client
    }

    private func value(
        _ client: Client, _ message: JSONValue, _ events: Events
    ) async throws -> JSONValue {
        let id = try message.required("id")
        let (input, options) = (message["input"] ?? [:], message["options"] ?? [:])
        let onProgress = { (event: VisemeProgress) in
            events.add(event.asJSON)
            if case .submitting(_, let record) = event {
                if options.flag("submit_error") == true { throw PreventedError() }
                if let how = options["save_record"] { try save(record, how) }
            } else if options.flag("progress_error") == true {
                throw DriverError("the progress callback of the case")
            }
        }
        switch message.text("op") {
        case "run":
            let prediction = try await client.run(
                Input(input), options: Options(options), onProgress: onProgress)
            return keep(prediction, of: id)
        case "submit":
            let job = try await client.submit(
                Input(input), options: Options(options), onProgress: onProgress)
            return job.asJSON
        case "check":
            return try await client.check(Input(input)).asJSON
        case "upload":
            return ["url": try await client.upload(Media(input["medium"] ?? [:])).asJSON]
        case "recover":
            return try await client.recover(SubmitRecord(input["record"] ?? [:])).asJSON
        case "download":
            return try await download(client, input, options)
        case "download_outputs":
            guard let prediction = predictions[try input.required("of")] else {
                throw DriverError("no prediction has this id")
            }
            let files = try await client.downloadOutputs(
                prediction, to: URL(fileURLWithPath: try input.required("to")),
                maxBytes: options.int("max_bytes").map(Int64.init))
            return ["files": .array(files.map { .of(["path": $0.path, "bytes": $0.bytes]) })]
        case "job_wait":
            let timeout = options.seconds("deadline")
            let job = client.job(try input.required("job_id"))
            return keep(
                try await job.wait(
                    timeout: timeout, headers: options.headers, onProgress: onProgress), of: id)
        case "job_refresh":
            return keep(
                try await client.job(input.required("job_id")).refresh(headers: options.headers), of: id)
        case "job_updates":
            let timeout = options.seconds("deadline")
            return try await updates(
                client.job(input.required("job_id")).updates(timeout: timeout, headers: options.headers),
                events)
        case "set_api_key":
            try client.setApiKey(try input.required("key"))
            return [:]
        case let other:
            throw DriverError("there is no operation \(other ?? "")")
        }
    }

    private func updates(_ updates: Updates, _ events: Events) async throws -> JSONValue {
        var states: [JSONValue] = []
        for try await update in updates {
            events.add(VisemeProgress.updated(update).asJSON)
            states.append(update.asJSON)
        }
        return ["updates": .array(states)]
    }

    private func download(
        _ client: Client, _ input: JSONValue, _ options: JSONValue
    ) async throws -> JSONValue {
        let to = URL(fileURLWithPath: try input.required("to"))
        let maxBytes = options.int("max_bytes").map(Int64.init)
        let saved: DownloadedFile
        if let url = input.text("url").flatMap(URL.init(string:)) {
            saved = try await client.download(url, to: to, maxBytes: maxBytes)
        } else if let prediction = predictions[try input.required("of")] {
            saved = try await client.download(prediction, to: to, maxBytes: maxBytes)
        } else {
            throw DriverError("no prediction has this id")
        }
        return .of(["path": saved.path, "bytes": saved.bytes])
    }

    /// Keeps a prediction for a later download, and returns it as JSON.
    private func keep(_ prediction: Prediction, of id: String) -> JSONValue {
        predictions[id] = prediction
        return prediction.asJSON
    }
}

/// The error of a callback that prevents the submit.
private struct PreventedError: Error {}

/// Saves a record, and then waits until the harness kills this process.
private func save(_ record: SubmitRecord, _ how: JSONValue) throws {
    let to = URL(fileURLWithPath: try how.required("to"))
    let hold = how.text("hold")
    let content = hold == "before" ? Data() : try JSONEncoder().encode(record.asJSON)
    try content.write(to: to)
    while hold != nil { Thread.sleep(forTimeInterval: 60) }
}
