import Foundation
@_spi(Testing) import Viseme

// Requests of the harness, as values of the client.

extension Settings {
    /// Reads the settings of a message's client.
    init(_ client: JSONValue) {
        let from = client["settings"] ?? [:]
        self.init(baseURL: client.text("base_url").flatMap(URL.init(string:)), apiKey: client.text("key"))
        timeout = from.seconds("deadline")
        requestTimeout = from.seconds("request_timeout")
        connectTimeout = from.seconds("connect_timeout")
        stallTimeout = from.seconds("stall_timeout")
        maxRetryAfter = from.seconds("max_retry_after")
        recoveryWindow = from.seconds("recovery_window")
        remoteCheckTimeout = from.seconds("remote_check_timeout")
        maxRetries = from.int("max_retries")
        maxConnections = from.int("max_connections")
        learnedPacing = from.flag("learned_pacing")
        pollsPerJob = from.double("polls_per_job")
        pacingFile = from.text("pacing_file").map { URL(fileURLWithPath: $0) }
        maxPollsPerSecond = from.double("max_polls_per_second")
        if let backoff = from["backoff"], let base = backoff.seconds("base") {
            self.backoff = Backoff(base: base, max: backoff.seconds("max") ?? base)
        }
        if let pacing = from["pacing"], let first = pacing.seconds("first") {
            self.pacing = Pacing(
                first: first,
                interval: pacing.seconds("interval") ?? first,
                growth: pacing.double("growth") ?? 1,
                max: pacing.seconds("max"),
                jitter: pacing.double("jitter") ?? 0
            )
        }
        if let limits = from["submit_limits"], let perMinute = limits.int("per_minute") {
            submitLimits = SubmitLimits(
                perMinute: perMinute, concurrent: limits.int("concurrent") ?? perMinute)
        }
        checkRemoteMedia = from.flag("check_remote_media") ?? false
        allowPrivateAddresses = from.flag("allow_private_addresses") ?? true
        allowHTTP = from.flag("allow_http")
        clientName = from.text("client_name")
        userAgent = from.text("user_agent")
        virtualClock = client.flag("virtual_clock")
    }
}

extension JSONValue {
    var headers: [String: String] {
        (self["headers"] ?? [:]).members.compactMapValues {
            if case .string(let text) = $0 { text } else { nil }
        }
    }
}

extension Options {
    init(_ from: JSONValue) {
        self.init(
            timeout: from.seconds("deadline"),
            checkMedia: from.flag("check_media"),
            strict: from.flag("strict"),
            sync: from.flag("sync"),
            base64: from.flag("base64"),
            webhook: from.text("webhook"),
            headers: from.headers
        )
    }
}

extension Media {
    init(_ from: JSONValue) throws {
        if let path = from.text("path") {
            self = .file(URL(fileURLWithPath: path))
        } else if let path = from.text("bytes") {
            let content = try Data(contentsOf: URL(fileURLWithPath: path))
            self = .data(content, name: from.text("name") ?? "file")
        } else if let url = URL(string: try from.required("url")) {
            self = .remote(url)
        } else {
            throw DriverError("the medium has no valid URL")
        }
    }
}

extension Input {
    init(_ from: JSONValue) throws {
        let model = try from.required("model")
        let media = try (from["media"] ?? [:]).members.mapValues { try Media($0) }
        let parameters = (from["params"] ?? [:]).members
        let typed = from.flag("untyped") != true
        if typed, model.hasSuffix("/audio-to-video"), parameters.isEmpty, media.count == 2,
            let audio = media["audio"], let video = media["video"]
        {
            self = .audioToVideo(audio: audio, video: video)
        } else if typed, model.hasSuffix("/kling-effects"), parameters.count == 1, media.count == 1,
            case .string(let scene)? = parameters["effect_scene"], let image = media["image"]
        {
            self = .klingEffects(effectScene: scene, image: image)
        } else if typed, model.hasSuffix("/kling-lipsync/text-to-video"), media.count == 1,
            Set(parameters.keys) == ["text", "voice_id"], let video = media["video"],
            case .string(let text)? = parameters["text"],
            case .string(let voice)? = parameters["voice_id"]
        {
            self = .textToVideo(video: video, text: text, voiceID: voice)
        } else {
            self.init(model: model, media: media, parameters: parameters)
        }
    }
}

extension SubmitRecord {
    init(_ from: JSONValue) throws {
        self.init(
            model: try from.required("model"), input: from["input"] ?? [:],
            sentAt: try from.required("sent_at"))
    }
}
