import Foundation
import Viseme

/// The operations, the clients that they share, and what they gave.
actor Operations {
    private var clients: [String: Client] = [:]
    private var given: [String: Prediction] = [:]

    func close(_ client: String) {
        clients[client] = nil
    }

    func carryOut(_ message: JSONValue, _ events: Events) async throws -> JSONValue {
        do {
            let client = try client(message["client"] ?? [:])
            return ["value": try await value(client, message, events)]
        } catch let why as VisemeError {
            return ["error": why.said]
        }
    }

    private func client(_ wanted: JSONValue) throws -> Client {
        let id = try wanted.needed("id")
        if let client = clients[id] { return client }
        let client = try Client(Settings(wanted))
        clients[id] = client
        return client
    }

    private func value(
        _ client: Client, _ message: JSONValue, _ events: Events
    ) async throws -> JSONValue {
        let id = try message.needed("id")
        let (input, told) = (message["input"] ?? [:], message["options"] ?? [:])
        switch message.text("op") {
        case "run":
            let ran = try await client.run(Input(input), options: Options(told)) { events.add($0.said) }
            return keep(ran, of: id)
        case "submit":
            let input = try Input(input)
            return try await client.submit(input, options: Options(told)) { events.add($0.said) }.said
        case "check":
            return try await client.check(Input(input)).said
        case "upload":
            return ["url": try await client.upload(Media(input["medium"] ?? [:])).said]
        case "recover":
            let record = try JSONEncoder().encode(input["record"] ?? [:])
            return try await client.recover(SubmitRecord(json: String(decoding: record, as: UTF8.self)))
                .said
        case "download":
            return try await download(client, input, told)
        case "job_wait":
            let timeout = told.seconds("deadline")
            let job = client.job(try input.needed("job_id"))
            return keep(try await job.wait(timeout: timeout) { events.add($0.said) }, of: id)
        case "job_refresh":
            return keep(try await client.job(input.needed("job_id")).refresh(), of: id)
        case "job_updates":
            let timeout = told.seconds("deadline")
            return try await updates(client.job(input.needed("job_id")).updates(timeout: timeout), events)
        case let other:
            throw Unable("there is no operation \(other ?? "")")
        }
    }

    private func updates(_ updates: Updates, _ events: Events) async throws -> JSONValue {
        var said: [JSONValue] = []
        for try await update in updates {
            events.add(VisemeProgress.updated(update).said)
            said.append(update.said)
        }
        return ["updates": .array(said)]
    }

    private func download(
        _ client: Client, _ input: JSONValue, _ told: JSONValue
    ) async throws -> JSONValue {
        let to = URL(fileURLWithPath: try input.needed("to"))
        let maxBytes = told.int("max_bytes").map(Int64.init)
        let saved: DownloadedFile
        if let url = input.text("url").flatMap(URL.init(string:)) {
            saved = try await client.download(url, to: to, maxBytes: maxBytes)
        } else if let prediction = given[try input.needed("of")] {
            saved = try await client.download(prediction, to: to, maxBytes: maxBytes)
        } else {
            throw Unable("there is no prediction to download from")
        }
        return .of(["path": saved.file.path, "bytes": saved.bytes])
    }

    /// Keeps a prediction for a later download, and tells it.
    private func keep(_ prediction: Prediction, of id: String) -> JSONValue {
        given[id] = prediction
        return prediction.said
    }
}
