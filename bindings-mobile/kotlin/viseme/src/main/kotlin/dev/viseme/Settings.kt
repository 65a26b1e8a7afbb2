package dev.viseme

import dev.viseme.ffi.NativeBackoff
import dev.viseme.ffi.NativePacing
import dev.viseme.ffi.NativeSettings
import dev.viseme.ffi.NativeSubmitLimits
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/**
 * The set-up of a client. What is `null` is the library's default. The environment is not read.
 *
 * @property baseUrl where your own backend is; WaveSpeedAI itself where `null`
 * @property token the bearer token, which [Client.setToken] can replace; never put an API key into
 *   an app. Without one, a client can check media and download outputs, no more
 * @property timeout how long to wait for a result, counted from the submit; 1 hour by default
 * @property requestTimeout how long one request may take, its body included; 30 seconds by default
 * @property connectTimeout how long connecting may take; 10 seconds by default
 * @property stallTimeout how long an upload or a download may stand still
 * @property pacing when a job is asked after; the model's own pacing by default
 * @property maxPollsPerSecond how many polls all jobs of the client may make a second
 * @property maxConnections how many connections may be open at once
 * @property maxRetries how often a request is retried after a temporary failure; 11 for the polls
 *   of a wait and 4 for other requests by default. A submit that the service may have accepted is
 *   never sent again.
 * @property backoff the pauses before what failed is tried again
 * @property maxRetryAfter the longest `Retry-After` that is obeyed
 * @property recoveryWindow how long a submit whose answer was lost is looked for; zero switches it
 *   off
 * @property submitLimits what the account may submit; not limited by default
 * @property checkRemoteMedia whether media behind URLs are looked into before a submit
 * @property remoteCheckTimeout how long looking into one of them may take
 * @property allowPrivateAddresses whether URLs that lead into a private network are looked into
 * @property allowHttp whether `http` to other machines is allowed; the token is then sent in the
 *   clear
 * @property clientName the client's name, as the service's statistics show it
 * @property userAgent the app's name and version (`MyApp/1.2`), put before the library's own in
 *   the `User-Agent`
 */
public data class Settings(
    val baseUrl: String? = null,
    val token: String? = null,
    val timeout: Duration? = null,
    val requestTimeout: Duration? = null,
    val connectTimeout: Duration? = null,
    val stallTimeout: Duration? = null,
    val pacing: Pacing? = null,
    val maxPollsPerSecond: Double? = null,
    val maxConnections: Int? = null,
    val maxRetries: Int? = null,
    val backoff: Backoff? = null,
    val maxRetryAfter: Duration? = null,
    val recoveryWindow: Duration? = null,
    val submitLimits: SubmitLimits? = null,
    val checkRemoteMedia: Boolean? = null,
    val remoteCheckTimeout: Duration? = null,
    val allowPrivateAddresses: Boolean? = null,
    val allowHttp: Boolean? = null,
    val clientName: String? = null,
    val userAgent: String? = null,
) {
    /** Whether the client keeps the mock server's time; only a library built for tests can. */
    @InternalVisemeApi
    public var virtualClock: Boolean? = null

    /** Without the token. */
    override fun toString(): String = "Settings(baseUrl=$baseUrl, token=${token?.let { "***" }})"

    internal fun toNative() = NativeSettings(
        baseUrl = baseUrl,
        token = token,
        allowHttp = allowHttp,
        connectTimeout = connectTimeout?.native("connectTimeout"),
        requestTimeout = requestTimeout?.native("requestTimeout"),
        stallTimeout = stallTimeout?.native("stallTimeout"),
        timeout = timeout?.native("timeout"),
        pacing = pacing?.toNative(),
        maxPollsPerSecond = maxPollsPerSecond,
        maxConnections = maxConnections?.native("maxConnections"),
        maxRetries = maxRetries?.native("maxRetries"),
        backoff = backoff?.run {
            NativeBackoff(base.native("backoff.base"), max.native("backoff.max"))
        },
        maxRetryAfter = maxRetryAfter?.native("maxRetryAfter"),
        recoveryWindow = recoveryWindow?.native("recoveryWindow"),
        submitLimits = submitLimits?.toNative(),
        checkRemoteMedia = checkRemoteMedia,
        remoteCheckTimeout = remoteCheckTimeout?.native("remoteCheckTimeout"),
        allowPrivateAddresses = allowPrivateAddresses,
        clientName = clientName,
        userAgent = userAgent,
        virtualClock = @OptIn(InternalVisemeApi::class) virtualClock,
    )
}

/**
 * When a job is asked after.
 *
 * @property first the pause from the submit to the first poll
 * @property interval the pause from the first poll to the second
 * @property growth what each further pause is multiplied by; 1 keeps it even
 * @property max the longest pause
 * @property jitter the random share of a pause, from 0 (none) to 1
 */
public data class Pacing(
    val first: Duration,
    val interval: Duration,
    val growth: Double = 1.0,
    val max: Duration = interval,
    val jitter: Double = 0.1,
) {
    internal fun toNative() = NativePacing(
        first.native("pacing.first"),
        interval.native("pacing.interval"),
        growth,
        max.native("pacing.max"),
        jitter,
    )

    public companion object {
        /** A poll every [interval], give or take a tenth. */
        public fun every(interval: Duration): Pacing = Pacing(interval, interval)
    }
}

/**
 * The pauses before what failed is tried again: each is about twice the one before.
 *
 * @property base after the first failure
 * @property max the longest
 */
public data class Backoff(val base: Duration, val max: Duration)

/**
 * What the account may submit.
 *
 * @property perMinute submits a minute
 * @property concurrent jobs under way at once
 */
public data class SubmitLimits(val perMinute: Int, val concurrent: Int) {
    internal fun toNative() = NativeSubmitLimits(
        perMinute.native("submitLimits.perMinute"),
        concurrent.native("submitLimits.concurrent"),
    )
}

/** For the tests of the project itself; it may change or go at any time. */
@RequiresOptIn("This is for the tests of the project itself.", RequiresOptIn.Level.ERROR)
@Retention(AnnotationRetention.BINARY)
public annotation class InternalVisemeApi

/** Durations of the native part are never negative. */
internal fun Duration.native(name: String): java.time.Duration {
    if (isNegative()) throw configException("`$name` is negative; it must be 0 or more.")
    return toJavaDuration()
}

private fun Int.native(name: String): UInt {
    if (this < 0) throw configException("`$name` is negative; it must be 0 or more.")
    return toUInt()
}
