import Foundation
internal import VisemeNative

/// How to run or submit. What is `nil` is the library's default.
public struct Options: Sendable, Hashable {
    /// How long to wait for the result, counted from the submit. A submit alone has no use for it.
    public var timeout: Duration?
    /// Whether media are judged before anything is sent; `true` by default.
    public var checkMedia: Bool?
    /// Whether warnings of the check are errors.
    public var strict: Bool?
    /// Whether the service shall answer the submit with the result itself.
    public var sync: Bool?
    /// Whether outputs shall come as base64 instead of URLs.
    public var base64: Bool?
    /// The URL of your server which the service shall tell of the result.
    public var webhook: String?

    /// The library's defaults but for what is named.
    public init(
        timeout: Duration? = nil,
        checkMedia: Bool? = nil,
        strict: Bool? = nil,
        sync: Bool? = nil,
        base64: Bool? = nil,
        webhook: String? = nil
    ) {
        self.timeout = timeout
        self.checkMedia = checkMedia
        self.strict = strict
        self.sync = sync
        self.base64 = base64
        self.webhook = webhook
    }

    func native() throws(VisemeError) -> NativeOptions {
        NativeOptions(
            timeout: try timeout?.native("timeout"),
            checkMedia: checkMedia,
            strict: strict,
            sync: sync,
            base64: base64,
            webhook: webhook
        )
    }
}
