package dev.viseme

import kotlinx.serialization.json.JsonObject
import kotlin.time.Duration

/**
 * An error of Viseme. `docs/errors.md` explains every [code] and what to do about it. A cancelled
 * coroutine throws a `CancellationException` instead.
 */
public sealed class VisemeException(info: JsonObject) :
    Exception(info.text("message"), causeOf(info.texts("causes"))) {
    /** The stable code, the same in every language. */
    public val code: String = info.text("code")

    /** How many times the failed step was tried. */
    public val attempts: Int = info.long("attempts").toInt()

    /** The job's id, on every exception after it was known. */
    public val jobId: String? = info.textOrNull("jobId")

    /** The service's application code (1200, 1402, …). */
    public val appCode: Long? = info.longOrNull("appCode")

    /** The last state of the job that was seen. */
    public val prediction: Prediction? = info.fieldsOrNull("prediction")?.let { prediction(it) }

    /** The HTTP status, if there was an HTTP response. */
    public val status: Int? = info.intOrNull("status")

    /** The service's id of the request; quote it to the service's support. */
    public val requestId: String? = info.textOrNull("requestId")

    /** How long the service asks to wait. */
    public val retryAfter: Duration? = info.durationOrNull("retryAfterMs")

    /** The response body as text, at most 4096 bytes, without the key. */
    public val body: String? = info.textOrNull("body")
}

/** A setting or a parameter is invalid, or there is no API key. Nothing was sent. */
public class ConfigException internal constructor(info: JsonObject) : VisemeException(info)

/** The input or its media break the model's rules. Nothing was submitted. */
public class InputException internal constructor(info: JsonObject) : VisemeException(info) {
    /** The rules that the input breaks. */
    public val violations: List<Violation> = info.objects("violations", ::violation)
}

/** A request got no usable response. */
public sealed class ApiException(info: JsonObject) : VisemeException(info)

/** The service could not be reached, or the connection broke. */
public open class ApiConnectionException internal constructor(info: JsonObject) :
    ApiException(info)

/** One request took longer than the request timeout. */
public class ApiTimeoutException internal constructor(info: JsonObject) :
    ApiConnectionException(info)

/** The service sent an HTTP status that is not a success. */
public open class ApiStatusException internal constructor(info: JsonObject) : ApiException(info)

/** HTTP 400 or 422: the service rejected the request. It was not accepted. */
public class BadRequestException internal constructor(info: JsonObject) :
    ApiStatusException(info)

/** HTTP 401: the key is not accepted; replace it with [Client.setApiKey]. */
public class AuthenticationException internal constructor(info: JsonObject) :
    ApiStatusException(info)

/** The account is out of credits. */
public class InsufficientCreditsException internal constructor(info: JsonObject) :
    ApiStatusException(info)

/** HTTP 403: the key does not allow this. */
public class PermissionDeniedException internal constructor(info: JsonObject) :
    ApiStatusException(info)

/** HTTP 404: there is no such job, model or file, or no longer. */
public class NotFoundException internal constructor(info: JsonObject) : ApiStatusException(info)

/** HTTP 429, also after retries; wait for [retryAfter]. */
public class RateLimitException internal constructor(info: JsonObject) :
    ApiStatusException(info)

/** HTTP 5xx: the service failed. */
public class ServerException internal constructor(info: JsonObject) : ApiStatusException(info)

/** The service sent a response that cannot be understood. */
public class ApiResponseException internal constructor(info: JsonObject) : ApiException(info)

/**
 * The submit got no response, and no job, or more than one, matches it. It is not sent again,
 * because that could charge you twice.
 */
public class SubmissionUnknownException internal constructor(info: JsonObject) :
    VisemeException(info) {
    /** What was submitted and when: save it, and call [Client.recover] later. */
    public val record: SubmitRecord? = info.fieldsOrNull("record")?.let(::submitRecord)

    /** The jobs of the history that could be the lost one. */
    public val candidates: List<Prediction> = info.objects("candidates", ::prediction)
}

/** A file could not be uploaded. Nothing was submitted. */
public class UploadException internal constructor(info: JsonObject) : VisemeException(info)

/** An output could not be downloaded or saved. The job is done and paid. */
public class DownloadException internal constructor(info: JsonObject) : VisemeException(info)

/** The job did not complete, or not in time. */
public sealed class JobException(info: JsonObject) : VisemeException(info)

/** The job ended as `failed`. The service refunds failed jobs. */
public class JobFailedException internal constructor(info: JsonObject) : JobException(info)

/** The job ended as `cancelled`, `timeout` or `deleted` on the service's side. */
public class JobCancelledException internal constructor(info: JsonObject) : JobException(info)

/** The wait ended before the job, which continues and is charged: wait again with [jobId]. */
public class WaitTimeoutException internal constructor(info: JsonObject) : JobException(info)

internal fun exception(info: JsonObject): VisemeException = when (info.text("code")) {
    "config" -> ConfigException(withKotlinNames(info))

    "invalid_input" -> InputException(info)

    "connection" -> ApiConnectionException(info)

    "request_timeout" -> ApiTimeoutException(info)

    "bad_request" -> BadRequestException(info)

    "authentication" -> AuthenticationException(info)

    "insufficient_credits" -> InsufficientCreditsException(info)

    "permission_denied" -> PermissionDeniedException(info)

    "not_found" -> NotFoundException(info)

    "rate_limit" -> RateLimitException(info)

    "server" -> ServerException(info)

    "unexpected_response" -> ApiResponseException(info)

    "submission_unknown" -> SubmissionUnknownException(info)

    "upload" -> UploadException(info)

    "download" -> DownloadException(info)

    "job_failed" -> JobFailedException(info)

    "job_cancelled" -> JobCancelledException(info)

    "wait_timeout" -> WaitTimeoutException(info)

    // "api_status", and codes that this version does not know.
    else -> ApiStatusException(info)
}

/** Names settings in a message as [Settings] does: `baseUrl` for `base_url`. */
private fun withKotlinNames(info: JsonObject): JsonObject {
    val message = info.text("message").replace(Regex("`[a-z]+(_[a-z]+)+`")) { name ->
        name.value.replace(Regex("_([a-z])")) { it.groupValues[1].uppercase() }
    }
    return JsonObject(info + ("message" to json(message)))
}

/** An error about a parameter, before anything reaches the native library. */
internal fun invalidParameter(parameter: String, problem: String): ConfigException =
    ConfigException(errorInfo("config", "Invalid value for `$parameter`: $problem."))

/** An error of something that the native library must never do. */
internal fun bug(problem: String): VisemeException = ApiResponseException(
    errorInfo(
        "unexpected_response",
        "The native library $problem. Please report this as a bug.",
    ),
)

private fun errorInfo(code: String, message: String) =
    jsonObject("code" to code, "message" to message, "attempts" to 1)

/** The messages of the errors behind one, as a chain of causes. */
private fun causeOf(messages: List<String>): Throwable? =
    messages.foldRight(null as Throwable?) { message, behind -> NativeCause(message, behind) }

/** An error of the native library, of which only the message is known. */
private class NativeCause(message: String, cause: Throwable?) : Exception(message, cause) {
    // Its stack trace would only show this library.
    override fun fillInStackTrace(): Throwable = this
}
