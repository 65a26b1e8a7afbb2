package dev.viseme

import dev.viseme.ffi.NativeException
import dev.viseme.ffi.NativeJob
import dev.viseme.ffi.NativeTask
import dev.viseme.ffi.takeNativeWarnings
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import java.util.logging.Level
import java.util.logging.Logger
import kotlin.time.Duration
import kotlin.time.DurationUnit

/** The result of a native task, and the job of a submit. */
internal class Outcome(val value: JsonElement, val job: NativeJob?) {
    fun fields(): JsonObject = value as? JsonObject ?: throw bug("ended without a result")

    fun prediction(): Prediction = prediction(fields())
}

/** Passes each event of a native task to [onEvent], and returns the result. */
internal suspend fun NativeTask.outcome(
    onOpenJob: (OpenJob) -> Unit = {},
    onEvent: suspend (JsonObject) -> Unit = {},
): Outcome {
    var value: JsonElement = JsonNull
    var job: NativeJob? = null
    messages(onOpenJob) { message ->
        message.fieldsOrNull("event")?.let { onEvent(it) }
        message["value"]?.let {
            value = it
            job = this@outcome.job()
        }
    }
    return Outcome(value, job)
}

/**
 * Passes each message of a native task to [onMessage], and throws its error. When this returns or
 * throws, also after cancellation, nothing of the task continues.
 */
internal suspend fun NativeTask.messages(
    onOpenJob: (OpenJob) -> Unit = {},
    onMessage: suspend (JsonObject) -> Unit,
) {
    try {
        while (true) {
            val batch = next() ?: break
            for (message in Json.parseToJsonElement(batch).jsonArray) {
                message.jsonObject.fieldsOrNull("error")?.let { throw exception(it) }
                onMessage(message.jsonObject)
            }
        }
        // A cancelled task ends without a result.
        currentCoroutineContext().ensureActive()
    } catch (cancelled: CancellationException) {
        cancel()
        readOpenJobs(openJobs()).forEach(onOpenJob)
        throw cancelled
    } finally {
        cancel()
        close()
        logNativeWarnings()
    }
}

private fun readOpenJobs(json: String): List<OpenJob> {
    val jobs = Json.parseToJsonElement(json).jsonObject
    val accepted = jobs.texts("jobIds").map { OpenJob.Accepted(it) }
    return accepted + jobs.objects("records") { OpenJob.Sent(submitRecord(it)) }
}

/** Runs [block] and translates the exceptions of the native library. */
internal inline fun <T> translated(block: () -> T): T = try {
    block()
} catch (failed: NativeException.Failed) {
    val error = Json.parseToJsonElement(failed.json).jsonObject.fieldsOrNull("error")
    throw error?.let { exception(it) } ?: bug("failed: ${failed.json}")
}

/** Runs a callback of the user and reports what it throws, unless the coroutine is cancelled. */
internal suspend fun reportErrors(handler: (Throwable) -> Unit, callback: suspend () -> Unit) {
    try {
        callback()
    } catch (thrown: Throwable) {
        currentCoroutineContext().ensureActive()
        handler(thrown)
    }
}

internal fun logOpenJob(job: OpenJob) {
    val text = when (job) {
        is OpenJob.Accepted ->
            "The operation was cancelled, and job ${job.id} continues. Resume it with " +
                "client.job(\"${job.id}\")."

        is OpenJob.Sent ->
            "The operation was cancelled after its submit was sent. Find the job with " +
                "client.recover(SubmitRecord.fromJson(...)) and this record: ${job.record.toJson()}"
    }
    Logger.getLogger("dev.viseme").warning(text)
}

/** Logs the warnings of the native library, such as one about a file that cannot be written. */
internal fun logNativeWarnings() {
    takeNativeWarnings().forEach(Logger.getLogger("dev.viseme")::warning)
}

internal fun logCallbackError(thrown: Throwable) {
    val text = "onProgress threw an exception, and the operation continues."
    Logger.getLogger("dev.viseme").log(Level.WARNING, text, thrown)
}

/** Milliseconds for the native library. */
internal fun Duration.milliseconds(parameter: String): Double {
    if (isNegative()) throw invalidParameter(parameter, "must not be negative, got $this")
    // JSON has no infinity, which is what Kotlin makes of more than 146 years.
    return toDouble(DurationUnit.MILLISECONDS).coerceAtMost(Double.MAX_VALUE)
}

internal fun checkAtLeast(minimum: Long, value: Long, parameter: String) {
    if (value < minimum) {
        throw invalidParameter(parameter, "must be at least $minimum, got $value")
    }
}
