import Foundation

/// The settings of a client. `nil` means the default. Environment variables are ignored.
public struct Settings: Sendable, Hashable {
    /// The URL of your backend. Default: the API of WaveSpeedAI.
    public var baseURL: URL?
    /// The API key, or the bearer token of your backend. ``Client/setApiKey(_:)`` replaces it. Never put an
    /// API key of the service into an app. Without a key, a client can only check media and download outputs.
    public var apiKey: String?
    /// How long to wait for a job, counted from the submit. Default: one hour.
    public var timeout: Duration?
    /// How long one request may take, including its response body. Default: 60 seconds.
    public var requestTimeout: Duration?
    /// How long connecting may take. Default: 10 seconds.
    public var connectTimeout: Duration?
    /// How long an upload or a download may make no progress. Default: 60 seconds.
    public var stallTimeout: Duration?
    /// When to poll. Default: depends on the model, and the client learns.
    public var pacing: Pacing?
    /// Whether the client learns how long the jobs of each model take, and polls when they end. It starts with
    /// ``pacing`` and needs five jobs of a model. Default: true, but false if ``pacing`` is the only one of these
    /// settings.
    public var learnedPacing: Bool?
    /// How many polls a job takes on average once its duration is learned, from 1 to 1000. Default: about one
    /// for every two seconds that jobs take, up to 66, but at least 6.75, and as many as without learning.
    public var pollsPerJob: Double?
    /// A file that keeps the learned durations for later clients. It is created if it does not exist. Default:
    /// none.
    public var pacingFile: URL?
    /// How many polls a second the client sends at most, over all jobs. Default: 100.
    public var maxPollsPerSecond: Double?
    /// How many requests the client sends at the same time. Default: 100.
    public var maxConnections: Int?
    /// How often a request is retried after a temporary failure. A submit that the service may have
    /// accepted is never sent again. Default: 11 for the polls of a wait, 4 for other requests.
    public var maxRetries: Int?
    /// The pauses before retries. Default: 1 second, doubling up to 30 seconds.
    public var backoff: Backoff?
    /// The longest `Retry-After` that the client obeys. Default: 300 seconds.
    public var maxRetryAfter: Duration?
    /// How long to search for a job whose submit got no response. Default: 120 seconds; zero turns the search
    /// off.
    public var recoveryWindow: Duration?
    /// The limits of the account: submits wait until the limits allow them. Default: no limits.
    public var submitLimits: SubmitLimits?
    /// Whether to read media behind a URL to check them before a run. Default: true.
    public var checkRemoteMedia: Bool?
    /// How long reading one medium behind a URL may take. Default: 15 seconds.
    public var remoteCheckTimeout: Duration?
    /// Allows reading media from URLs that lead to a private address. Default: false.
    public var allowPrivateAddresses: Bool?
    /// Allows plain `http` to other machines, where others can read the key on the way. Default: false.
    public var allowHTTP: Bool?
    /// The client's name in the header `X-Client-Name`. Default: `viseme`.
    public var clientName: String?
    /// The product that precedes `viseme/VERSION` in `User-Agent`, such as `MyApp/1.2`.
    public var userAgent: String?

    /// Uses the clock of the mock server's world. Only a library built for tests accepts it.
    @_spi(Testing) public var virtualClock: Bool?

    /// Creates the default settings with this backend and this key.
    public init(baseURL: URL? = nil, apiKey: String? = nil) {
        self.baseURL = baseURL
        self.apiKey = apiKey
    }
}

extension Settings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the key.
    public var description: String {
        let url = baseURL.map(\.absoluteString) ?? "nil"
        return "Settings(baseURL: \(url), apiKey: \(apiKey == nil ? "nil" : "***"))"
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// For `dump` and debuggers, also without the key.
    public var customMirror: Mirror { Mirror(self, children: ["settings": description]) }
}

/// When to poll a job.
public struct Pacing: Sendable, Hashable {
    /// The time from the submit to the first poll.
    public var first: Duration
    /// The time from the first poll to the second.
    public var interval: Duration
    /// The factor that lengthens each further pause.
    public var growth: Double
    /// The longest pause.
    public var max: Duration
    /// The random share of a pause, from 0 (none) to 1.
    public var jitter: Double

    /// Creates a pacing whose pauses grow from `interval` to `max`, which is `interval` by default.
    public init(
        first: Duration,
        interval: Duration,
        growth: Double = 1,
        max: Duration? = nil,
        jitter: Double = 0.1
    ) {
        self.first = first
        self.interval = interval
        self.growth = growth
        self.max = max ?? interval
        self.jitter = jitter
    }

    /// Returns a pacing with one poll in every interval, with 10% of randomness.
    public static func every(_ interval: Duration) -> Pacing {
        Pacing(first: interval, interval: interval)
    }
}

/// The pauses before retries: each is twice as long as the one before.
public struct Backoff: Sendable, Hashable {
    /// The first pause.
    public var base: Duration
    /// The longest pause.
    public var max: Duration

    /// Creates pauses from `base` to `max`.
    public init(base: Duration, max: Duration) {
        self.base = base
        self.max = max
    }
}

/// What the account may submit.
public struct SubmitLimits: Sendable, Hashable {
    /// Submits a minute.
    public var perMinute: Int
    /// Jobs that run at the same time.
    public var concurrent: Int

    /// Creates limits.
    public init(perMinute: Int, concurrent: Int) {
        self.perMinute = perMinute
        self.concurrent = concurrent
    }
}

/// Options shared by `run` and `submit`. `nil` means the default.
public struct Options: Sendable, Hashable {
    /// How long to wait for the result, counted from the submit. Only for `run`. Default: the timeout of the
    /// client's settings.
    public var timeout: Duration?
    /// Whether to check the media against the model's rules before anything is sent. Default: true.
    public var checkMedia: Bool?
    /// Treats warnings of the check as errors. Default: false.
    public var strict: Bool?
    /// Sync mode: the response to the submit waits for the result, up to 90 seconds. Default: false.
    public var sync: Bool?
    /// Whether outputs come as base64 in the prediction itself. Default: false.
    public var base64: Bool?
    /// A URL that the service calls when the job has completed or failed.
    public var webhook: String?
    /// Additional headers for the requests to the API. Other hosts never receive them.
    public var headers: [String: String]

    /// Creates options; those that are not named have their defaults.
    public init(
        timeout: Duration? = nil,
        checkMedia: Bool? = nil,
        strict: Bool? = nil,
        sync: Bool? = nil,
        base64: Bool? = nil,
        webhook: String? = nil,
        headers: [String: String] = [:]
    ) {
        self.timeout = timeout
        self.checkMedia = checkMedia
        self.strict = strict
        self.sync = sync
        self.base64 = base64
        self.webhook = webhook
        self.headers = headers
    }

    func json(timeout allowed: Bool) throws(VisemeError) -> JSONValue {
        if timeout != nil, !allowed {
            throw .invalidParameter(
                "options.timeout", "must be nil, because `submit` does not wait. Pass it to `wait`")
        }
        return .from([
            "timeoutMs": try timeout?.milliseconds("options.timeout"),
            "checkMedia": checkMedia.map(JSONValue.bool), "strict": strict.map(JSONValue.bool),
            "sync": sync.map(JSONValue.bool), "base64": base64.map(JSONValue.bool),
            "webhook": webhook.map(JSONValue.string), "headers": .strings(headers),
        ])
    }
}

extension Settings {
    /// Returns the configuration for the native library.
    func config() throws(VisemeError) -> JSONValue {
        let settings = JSONValue.from([
            "baseUrl": (baseURL?.absoluteString).map(JSONValue.string),
            "apiKey": apiKey.map(JSONValue.string),
            "anonymous": apiKey == nil ? true : nil,
            "allowHttp": allowHTTP.map(JSONValue.bool),
            "connectTimeoutMs": try connectTimeout?.milliseconds("connectTimeout"),
            "requestTimeoutMs": try requestTimeout?.milliseconds("requestTimeout"),
            "stallTimeoutMs": try stallTimeout?.milliseconds("stallTimeout"),
            "timeoutMs": try timeout?.milliseconds("timeout"),
            "pacing": try pacing?.json(),
            "learnedPacing": learnedPacing.map(JSONValue.bool),
            "pollsPerJob": try pollsPerJob?.json("pollsPerJob"),
            "pacingFile": try pacingFile?.filePath("pacingFile"),
            "maxPollsPerSecond": try maxPollsPerSecond?.json("maxPollsPerSecond"),
            "maxConnections": try maxConnections?.json("maxConnections"),
            "maxRetries": try maxRetries?.json("maxRetries", atLeast: 0),
            "backoff": try backoff?.json(),
            "maxRetryAfterMs": try maxRetryAfter?.milliseconds("maxRetryAfter"),
            "recoveryWindowMs": try recoveryWindow?.milliseconds("recoveryWindow"),
            "submitLimits": try submitLimits?.json(),
            "checkRemoteMedia": checkRemoteMedia.map(JSONValue.bool),
            "remoteCheckTimeoutMs": try remoteCheckTimeout?.milliseconds("remoteCheckTimeout"),
            "allowPrivateAddresses": allowPrivateAddresses.map(JSONValue.bool),
            "clientName": clientName.map(JSONValue.string),
            "userAgent": userAgent.map(JSONValue.string),
            "virtualClock": virtualClock.map(JSONValue.bool),
        ])
        return ["env": [:], "settings": settings]
    }
}

extension Pacing {
    fileprivate func json() throws(VisemeError) -> JSONValue {
        [
            "firstMs": try first.milliseconds("pacing.first"),
            "intervalMs": try interval.milliseconds("pacing.interval"),
            "growth": try growth.json("pacing.growth"),
            "maxMs": try max.milliseconds("pacing.max"),
            "jitter": try jitter.json("pacing.jitter"),
        ]
    }
}

extension Backoff {
    fileprivate func json() throws(VisemeError) -> JSONValue {
        ["baseMs": try base.milliseconds("backoff.base"), "maxMs": try max.milliseconds("backoff.max")]
    }
}

extension SubmitLimits {
    fileprivate func json() throws(VisemeError) -> JSONValue {
        [
            "perMinute": try perMinute.json("submitLimits.perMinute"),
            "concurrent": try concurrent.json("submitLimits.concurrent"),
        ]
    }
}

extension Int {
    fileprivate func json(
        _ parameter: String, atLeast minimum: Int = 1
    ) throws(VisemeError) -> JSONValue {
        try checkAtLeast(minimum, self, parameter)
        return .integer(Int64(UInt32(clamping: self)))
    }
}

extension Double {
    fileprivate func json(_ parameter: String) throws(VisemeError) -> JSONValue {
        if !isFinite || self < 0 {
            throw .invalidParameter(parameter, "must be a non-negative number, got \(self)")
        }
        return .number(self)
    }
}

extension URL {
    fileprivate func filePath(_ parameter: String) throws(VisemeError) -> JSONValue {
        if !isFileURL {
            throw .invalidParameter(parameter, "must be the URL of a file, got \(self)")
        }
        return .string(path)
    }
}
