import Foundation

/// The longest time that both sides have.
private let longest = Double(Int64.max).nextDown

extension Duration {
    /// Seconds, as the native part takes them: never negative.
    func native(_ name: String) throws(VisemeError) -> TimeInterval {
        if self < .zero { throw .negative(name) }
        let (whole, parts) = components
        // The native part cuts off what is less than a nanosecond; half of one makes that a rounding.
        return min(Double(whole) + Double(parts) / 1e18 + 0.5e-9, longest)
    }

    /// The time that the native part says.
    init(native seconds: TimeInterval) {
        self = .nanoseconds(0)
        let bounded = min(max(seconds, 0), longest)
        let whole = bounded.rounded(.down)
        self = .seconds(Int64(whole)) + .nanoseconds(Int64(((bounded - whole) * 1e9).rounded()))
    }
}

extension VisemeError {
    static func negative(_ name: String) -> VisemeError {
        .config(ErrorInfo(code: "config", message: "`\(name)` is negative; it must be 0 or more."))
    }
}
