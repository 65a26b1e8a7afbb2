import Foundation
internal import VisemeNative

/// The set-up of a client. What is `nil` is the library's default. The environment is not read.
public struct Settings: Sendable, Hashable {
    /// Where your own backend is; WaveSpeedAI itself where `nil`.
    public var baseURL: URL?
    /// The bearer token, which ``Client/setToken(_:)`` can replace. Never put an API key into an app.
    /// Without one, a client can check media and download outputs, no more.
    public var token: String?
    /// How long to wait for a result, counted from the submit; 1 hour by default.
    public var timeout: Duration?
    /// How long one request may take, its body included; 30 seconds by default.
    public var requestTimeout: Duration?
    /// How long connecting may take; 10 seconds by default.
    public var connectTimeout: Duration?
    /// How long an upload or a download may stand still.
    public var stallTimeout: Duration?
    /// When a job is asked after; the model's own pacing by default.
    public var pacing: Pacing?
    /// How many polls all jobs of the client may make a second.
    public var maxPollsPerSecond: Double?
    /// How many connections may be open at once.
    public var maxConnections: Int?
    /// How often a request is retried after a temporary failure. A submit that the service may have
    /// accepted is never sent again. Default: 11 for the polls of a wait, 4 for other requests.
    public var maxRetries: Int?
    /// The pauses before what failed is tried again.
    public var backoff: Backoff?
    /// The longest `Retry-After` that is obeyed.
    public var maxRetryAfter: Duration?
    /// How long a submit whose answer was lost is looked for; zero switches it off.
    public var recoveryWindow: Duration?
    /// What the account may submit; not limited by default.
    public var submitLimits: SubmitLimits?
    /// Whether media behind URLs are looked into before a submit.
    public var checkRemoteMedia: Bool?
    /// How long looking into one of them may take.
    public var remoteCheckTimeout: Duration?
    /// Whether URLs that lead into a private network are looked into.
    public var allowPrivateAddresses: Bool?
    /// Whether `http` to other machines is allowed; the token is then sent in the clear.
    public var allowHTTP: Bool?
    /// The client's name, as the service's statistics show it.
    public var clientName: String?
    /// The app's name and version (`MyApp/1.2`), put before the library's own in the `User-Agent`.
    public var userAgent: String?

    /// Whether the client keeps the mock server's time; only a library built for tests can.
    @_spi(Testing) public var virtualClock: Bool?

    /// The library's defaults, for this backend and this token.
    public init(baseURL: URL? = nil, token: String? = nil) {
        self.baseURL = baseURL
        self.token = token
    }
}

extension Settings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the token.
    public var description: String {
        let url = baseURL.map(\.absoluteString) ?? "nil"
        return "Settings(baseURL: \(url), token: \(token == nil ? "nil" : "***"))"
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// For `dump` and debuggers: without the token too.
    public var customMirror: Mirror { Mirror(self, children: ["settings": description]) }
}

extension Settings {
    func native() throws(VisemeError) -> NativeSettings {
        NativeSettings(
            baseUrl: baseURL?.absoluteString,
            token: token,
            allowHttp: allowHTTP,
            connectTimeout: try connectTimeout?.native("connectTimeout"),
            requestTimeout: try requestTimeout?.native("requestTimeout"),
            stallTimeout: try stallTimeout?.native("stallTimeout"),
            timeout: try timeout?.native("timeout"),
            pacing: try pacing?.native(),
            maxPollsPerSecond: maxPollsPerSecond,
            maxConnections: try maxConnections?.native("maxConnections"),
            maxRetries: try maxRetries?.native("maxRetries"),
            backoff: try backoff?.native(),
            maxRetryAfter: try maxRetryAfter?.native("maxRetryAfter"),
            recoveryWindow: try recoveryWindow?.native("recoveryWindow"),
            submitLimits: try submitLimits?.native(),
            checkRemoteMedia: checkRemoteMedia,
            remoteCheckTimeout: try remoteCheckTimeout?.native("remoteCheckTimeout"),
            allowPrivateAddresses: allowPrivateAddresses,
            clientName: clientName,
            userAgent: userAgent,
            virtualClock: virtualClock
        )
    }
}
