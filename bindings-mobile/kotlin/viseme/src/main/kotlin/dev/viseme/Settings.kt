package dev.viseme

import kotlinx.serialization.json.JsonObject
import kotlin.time.Duration

/**
 * The settings of a client. `null` means the default. Environment variables are ignored.
 *
 * @property baseUrl the URL of your backend. Default: the API of WaveSpeedAI
 * @property apiKey the API key, or the bearer token of your backend; [Client.setApiKey] replaces
 *   it. Never put an API key of the service into an app. Without a key, a client can only check
 *   media and download outputs
 * @property timeout how long to wait for a job, counted from the submit. Default: one hour
 * @property requestTimeout how long one request may take, including its response body. Default: 60
 *   seconds
 * @property connectTimeout how long connecting may take. Default: 10 seconds
 * @property stallTimeout how long an upload or a download may make no progress. Default: 60 seconds
 * @property pacing when to poll. Default: depends on the model, and the client learns
 * @property learnedPacing whether the client learns how long the jobs of each model take, and polls
 *   when they end. It starts with [pacing] and needs five jobs of a model. Default: true, but false
 *   if [pacing] is the only one of these settings
 * @property pollsPerJob how many polls a job takes on average once its duration is learned, from 1
 *   to 1000. Default: about one for every two seconds that jobs take, up to 66, but at least 6.75,
 *   and as many as without learning
 * @property pacingFile the path of a file that keeps the learned durations for later clients, in a
 *   folder that only your app can write. It is created if it does not exist. Default: none
 * @property maxPollsPerSecond how many polls a second the client sends at most, over all jobs.
 *   Default: 100
 * @property maxConnections how many requests the client sends at the same time. Default: 100
 * @property maxRetries how often a request is retried after a temporary failure. A submit that the
 *   service may have accepted is never sent again. Default: 11 for the polls of a wait, 4 for other
 *   requests
 * @property backoff the pauses before retries. Default: 1 second, doubling up to 30 seconds
 * @property maxRetryAfter the longest `Retry-After` that the client obeys. Default: 300 seconds
 * @property recoveryWindow how long to search for a job whose submit got no response. Default: 120
 *   seconds; zero turns the search off
 * @property submitLimits the limits of the account: submits wait until the limits allow them.
 *   Default: no limits
 * @property checkRemoteMedia whether to read media behind a URL to check them before a run.
 *   Default: true
 * @property remoteCheckTimeout how long reading one medium behind a URL may take. Default: 15
 *   seconds
 * @property allowPrivateAddresses allows reading media from URLs that lead to a private address.
 *   Default: false
 * @property allowHttp allows plain `http` to other machines, where others can read the key on the
 *   way. Default: false
 * @property clientName the client's name in the header `X-Client-Name`. Default: `viseme`
 * @property userAgent the product that precedes `viseme/VERSION` in `User-Agent`, such as
 *   `MyApp/1.2`
 */
public data class Settings(
    val baseUrl: String? = null,
    val apiKey: String? = null,
    val timeout: Duration? = null,
    val requestTimeout: Duration? = null,
    val connectTimeout: Duration? = null,
    val stallTimeout: Duration? = null,
    val pacing: Pacing? = null,
    val learnedPacing: Boolean? = null,
    val pollsPerJob: Double? = null,
    val pacingFile: String? = null,
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
    /** Uses the clock of the mock server's world. Only a library built for tests accepts it. */
    @InternalVisemeApi
    public var virtualClock: Boolean? = null

    /** Without the key. */
    override fun toString(): String = "Settings(baseUrl=$baseUrl, apiKey=${apiKey?.let { "***" }})"

    /** Returns the configuration for the native library. */
    @OptIn(InternalVisemeApi::class)
    internal fun config(): JsonObject {
        val settings = jsonObject(
            "baseUrl" to baseUrl,
            "apiKey" to apiKey,
            "anonymous" to (apiKey == null),
            "allowHttp" to allowHttp,
            "connectTimeoutMs" to connectTimeout?.milliseconds("connectTimeout"),
            "requestTimeoutMs" to requestTimeout?.milliseconds("requestTimeout"),
            "stallTimeoutMs" to stallTimeout?.milliseconds("stallTimeout"),
            "timeoutMs" to timeout?.milliseconds("timeout"),
            "pacing" to pacing?.json(),
            "learnedPacing" to learnedPacing,
            "pollsPerJob" to pollsPerJob?.finite("pollsPerJob"),
            "pacingFile" to pacingFile,
            "maxPollsPerSecond" to maxPollsPerSecond?.finite("maxPollsPerSecond"),
            "maxConnections" to maxConnections?.atLeast(1, "maxConnections"),
            "maxRetries" to maxRetries?.atLeast(0, "maxRetries"),
            "backoff" to backoff?.json(),
            "maxRetryAfterMs" to maxRetryAfter?.milliseconds("maxRetryAfter"),
            "recoveryWindowMs" to recoveryWindow?.milliseconds("recoveryWindow"),
            "submitLimits" to submitLimits?.json(),
            "checkRemoteMedia" to checkRemoteMedia,
            "remoteCheckTimeoutMs" to remoteCheckTimeout?.milliseconds("remoteCheckTimeout"),
            "allowPrivateAddresses" to allowPrivateAddresses,
            "clientName" to clientName,
            "userAgent" to userAgent,
            "virtualClock" to virtualClock,
        )
        return jsonObject("env" to emptyMap<String, String>(), "settings" to settings)
    }
}

/**
 * When to poll a job.
 *
 * @property first the time from the submit to the first poll
 * @property interval the time from the first poll to the second
 * @property growth the factor that lengthens each further pause
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
    internal fun json() = jsonObject(
        "firstMs" to first.milliseconds("pacing.first"),
        "intervalMs" to interval.milliseconds("pacing.interval"),
        "growth" to growth.finite("pacing.growth"),
        "maxMs" to max.milliseconds("pacing.max"),
        "jitter" to jitter.finite("pacing.jitter"),
    )

    public companion object {
        /** Returns a pacing with one poll in every [interval], with 10% of randomness. */
        public fun every(interval: Duration): Pacing = Pacing(interval, interval)
    }
}

/**
 * The pauses before retries: each is twice as long as the one before.
 *
 * @property base the first pause
 * @property max the longest pause
 */
public data class Backoff(val base: Duration, val max: Duration) {
    internal fun json() = jsonObject(
        "baseMs" to base.milliseconds("backoff.base"),
        "maxMs" to max.milliseconds("backoff.max"),
    )
}

/**
 * What the account may submit.
 *
 * @property perMinute submits a minute
 * @property concurrent jobs that run at the same time
 */
public data class SubmitLimits(val perMinute: Int, val concurrent: Int) {
    internal fun json() = jsonObject(
        "perMinute" to perMinute.atLeast(1, "submitLimits.perMinute"),
        "concurrent" to concurrent.atLeast(1, "submitLimits.concurrent"),
    )
}

/**
 * Options shared by `run` and `submit`. `null` means the default.
 *
 * @property timeout how long to wait for the result, counted from the submit. Only for `run`.
 *   Default: the timeout of the client's settings
 * @property checkMedia whether to check the media against the model's rules before anything is
 *   sent. Default: true
 * @property strict treats warnings of the check as errors. Default: false
 * @property sync sync mode: the response to the submit waits for the result, up to 90 seconds.
 *   Default: false
 * @property base64 whether outputs come as base64 in the prediction itself. Default: false
 * @property webhook a URL that the service calls when the job has completed or failed
 * @property headers additional headers for the requests to the API. Other hosts never receive them
 */
public data class Options(
    val timeout: Duration? = null,
    val checkMedia: Boolean? = null,
    val strict: Boolean? = null,
    val sync: Boolean? = null,
    val base64: Boolean? = null,
    val webhook: String? = null,
    val headers: Map<String, String> = emptyMap(),
) {
    internal fun json() = jsonObject(
        "timeoutMs" to timeout?.milliseconds("options.timeout"),
        "checkMedia" to checkMedia,
        "strict" to strict,
        "sync" to sync,
        "base64" to base64,
        "webhook" to webhook,
        "headers" to headers,
    )
}

/** For the project's own tests. It may change or be removed at any time. */
@RequiresOptIn("This is for the project's own tests.", RequiresOptIn.Level.ERROR)
@Retention(AnnotationRetention.BINARY)
public annotation class InternalVisemeApi

private fun Int.atLeast(minimum: Long, parameter: String): Int {
    checkAtLeast(minimum, toLong(), parameter)
    return this
}

private fun Double.finite(parameter: String): Double {
    if (!isFinite() || this < 0) {
        throw invalidParameter(parameter, "must be a non-negative number, got $this")
    }
    return this
}
