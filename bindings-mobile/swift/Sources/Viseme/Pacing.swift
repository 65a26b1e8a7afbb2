internal import VisemeNative

/// When a job is asked after.
public struct Pacing: Sendable, Hashable {
    /// The pause from the submit to the first poll.
    public var first: Duration
    /// The pause from the first poll to the second.
    public var interval: Duration
    /// What each further pause is multiplied by; 1 keeps it even.
    public var growth: Double
    /// The longest pause.
    public var max: Duration
    /// The random share of a pause, from 0 (none) to 1.
    public var jitter: Double

    /// Pauses that begin with `first` and `interval`, and grow to `max`, which is `interval` where `nil`.
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

    /// A poll at every such interval, give or take a tenth.
    public static func every(_ interval: Duration) -> Pacing {
        Pacing(first: interval, interval: interval)
    }

    func native() throws(VisemeError) -> NativePacing {
        NativePacing(
            first: try first.native("pacing.first"),
            interval: try interval.native("pacing.interval"),
            growth: growth,
            max: try max.native("pacing.max"),
            jitter: jitter
        )
    }
}

/// The pauses before what failed is tried again: each is about twice the one before.
public struct Backoff: Sendable, Hashable {
    /// After the first failure.
    public var base: Duration
    /// The longest.
    public var max: Duration

    /// Pauses from `base` to `max`.
    public init(base: Duration, max: Duration) {
        self.base = base
        self.max = max
    }

    func native() throws(VisemeError) -> NativeBackoff {
        NativeBackoff(base: try base.native("backoff.base"), max: try max.native("backoff.max"))
    }
}

/// What the account may submit.
public struct SubmitLimits: Sendable, Hashable {
    /// Submits a minute.
    public var perMinute: Int
    /// Jobs under way at once.
    public var concurrent: Int

    /// At most so many.
    public init(perMinute: Int, concurrent: Int) {
        self.perMinute = perMinute
        self.concurrent = concurrent
    }

    func native() throws(VisemeError) -> NativeSubmitLimits {
        NativeSubmitLimits(
            perMinute: try perMinute.native("submitLimits.perMinute"),
            concurrent: try concurrent.native("submitLimits.concurrent")
        )
    }
}

extension Int {
    /// A number as the native part takes it: never negative.
    func native(_ name: String) throws(VisemeError) -> UInt32 {
        if self < 0 { throw .negative(name) }
        return UInt32(clamping: self)
    }
}
