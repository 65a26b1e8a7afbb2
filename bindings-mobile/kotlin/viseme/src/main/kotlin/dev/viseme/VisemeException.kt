package dev.viseme

import dev.viseme.ffi.NativeErrorInfo
import dev.viseme.ffi.NativeException
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * Whatever Viseme refuses or fails at. `docs/errors.md` says of every [code] what it means and what
 * to do. A cancelled coroutine gets a `CancellationException` instead.
 */
public sealed class VisemeException(private val info: NativeErrorInfo) :
    Exception(info.explanation, causeOf(info.causes)) {
    /** The stable code, the same in every language. */
    public val code: String get() = info.code

    /** How many times the failed step was tried. */
    public val attempts: Int get() = info.attempts.toInt()

    /** The job's id, on every exception raised after it was known. */
    public val jobId: String? get() = info.jobId

    /** The service's application code (1200, 1402, …). */
    public val appCode: Long? get() = info.appCode

    /** The last state of the job that was seen. */
    public val prediction: Prediction? get() = info.prediction?.toPrediction()

    /** The HTTP status, where an HTTP answer came. */
    public val status: Int? get() = info.status?.toInt()

    /** The service's id of the request, worth quoting to its support. */
    public val requestId: String? get() = info.requestId

    /** How long the service asks to wait. */
    public val retryAfter: Duration? get() = info.retryAfter?.toKotlinDuration()

    /** The answer's body as text, at most 4096 bytes, without the token. */
    public val body: String? get() = info.body
}

/** The client was set up with something it cannot use, or has no token. Nothing was sent. */
public class ConfigException internal constructor(info: NativeErrorInfo) : VisemeException(info)

/** The input or its media break the model's rules. Nothing was submitted, nothing was spent. */
public class InputException internal constructor(info: NativeErrorInfo) : VisemeException(info) {
    /** Every broken rule. */
    public val violations: List<Violation> = info.violations.map { it.toViolation() }
}

/** A request got no answer that can be used. */
public sealed class ApiException(info: NativeErrorInfo) : VisemeException(info)

/** The service could not be reached, or the connection broke. */
public open class ApiConnectionException internal constructor(info: NativeErrorInfo) :
    ApiException(info)

/** One request took longer than the request timeout. */
public class ApiTimeoutException internal constructor(info: NativeErrorInfo) :
    ApiConnectionException(info)

/** The service answered with an HTTP status that is no success. */
public open class ApiStatusException internal constructor(info: NativeErrorInfo) :
    ApiException(info)

/** HTTP 400 or 422: the service refused the request as wrong. It was not taken. */
public class BadRequestException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** HTTP 401: the token is not accepted; replace it with [Client.setToken]. */
public class AuthenticationException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** The account is out of credits. */
public class InsufficientCreditsException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** HTTP 403: the token may not do this. */
public class PermissionDeniedException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** HTTP 404: there is no such job, model or file, or no longer. */
public class NotFoundException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** HTTP 429, and trying again as often as allowed did not help; wait for [retryAfter]. */
public class RateLimitException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** HTTP 5xx: the service failed. */
public class ServerException internal constructor(info: NativeErrorInfo) :
    ApiStatusException(info)

/** The service answered with something that cannot be understood. */
public class ApiResponseException internal constructor(info: NativeErrorInfo) :
    ApiException(info)

/**
 * The answer to the submit was lost, and no job, or more than one, could be it. It is not sent
 * again, as that might pay twice.
 */
public class SubmissionUnknownException internal constructor(info: NativeErrorInfo) :
    VisemeException(info) {
    /** What was submitted and when: save it, and call [Client.recover] later. */
    public val record: SubmitRecord? = info.record?.let { SubmitRecord(it) }

    /** The jobs of the history that could be the lost one. */
    public val candidates: List<Prediction> = info.candidates.map { it.toPrediction() }
}

/** A file could not be uploaded. Nothing was submitted. */
public class UploadException internal constructor(info: NativeErrorInfo) : VisemeException(info)

/** An output could not be downloaded or saved. The job is done and paid. */
public class DownloadException internal constructor(info: NativeErrorInfo) : VisemeException(info)

/** The job did not end well, or not in time. */
public sealed class JobException(info: NativeErrorInfo) : VisemeException(info)

/** The job ended as `failed`. The service refunds failed jobs. */
public class JobFailedException internal constructor(info: NativeErrorInfo) : JobException(info)

/** The job ended as `cancelled`, `timeout` or `deleted` on the service's side. */
public class JobCancelledException internal constructor(info: NativeErrorInfo) : JobException(info)

/** The wait ended before the job, which goes on and is paid: wait for it again by [jobId]. */
public class WaitTimeoutException internal constructor(info: NativeErrorInfo) : JobException(info)

internal fun NativeException.toViseme(): VisemeException = when (this) {
    is NativeException.Config -> info
    is NativeException.Input -> info
    is NativeException.Api -> info
    is NativeException.Submission -> info
    is NativeException.Upload -> info
    is NativeException.Download -> info
    is NativeException.Job -> info
}.toException()

internal fun NativeErrorInfo.toException(): VisemeException = when (code) {
    "config" -> ConfigException(this)

    "invalid_input" -> InputException(this)

    "connection" -> ApiConnectionException(this)

    "request_timeout" -> ApiTimeoutException(this)

    "bad_request" -> BadRequestException(this)

    "authentication" -> AuthenticationException(this)

    "insufficient_credits" -> InsufficientCreditsException(this)

    "permission_denied" -> PermissionDeniedException(this)

    "not_found" -> NotFoundException(this)

    "rate_limit" -> RateLimitException(this)

    "server" -> ServerException(this)

    "unexpected_response" -> ApiResponseException(this)

    "submission_unknown" -> SubmissionUnknownException(this)

    "upload" -> UploadException(this)

    "download" -> DownloadException(this)

    "job_failed" -> JobFailedException(this)

    "job_cancelled" -> JobCancelledException(this)

    "wait_timeout" -> WaitTimeoutException(this)

    // "api_status", and codes of a native part that is newer than this.
    else -> ApiStatusException(this)
}

/** A refusal of this layer itself. */
internal fun configException(message: String): ConfigException = ConfigException(
    NativeErrorInfo(
        code = "config",
        explanation = message,
        causes = emptyList(),
        attempts = 1u,
        jobId = null,
        appCode = null,
        prediction = null,
        status = null,
        requestId = null,
        retryAfter = null,
        body = null,
        violations = emptyList(),
        record = null,
        candidates = emptyList(),
    ),
)

/** What the errors behind one say, as a chain of causes. */
private fun causeOf(texts: List<String>): Throwable? =
    texts.foldRight(null as Throwable?) { text, behind -> NativeCause(text, behind) }

/** An error of the native part, of which only the words are known. */
private class NativeCause(message: String, cause: Throwable?) : Exception(message, cause) {
    // Its stack would be that of this layer, which tells nothing.
    override fun fillInStackTrace(): Throwable = this
}
