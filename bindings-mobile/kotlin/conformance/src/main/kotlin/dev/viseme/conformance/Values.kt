// Values of the client, as the protocol describes them.
package dev.viseme.conformance

import dev.viseme.ApiException
import dev.viseme.ConfigException
import dev.viseme.DownloadException
import dev.viseme.DownloadedFile
import dev.viseme.InputException
import dev.viseme.Job
import dev.viseme.JobException
import dev.viseme.Output
import dev.viseme.Prediction
import dev.viseme.Progress
import dev.viseme.Report
import dev.viseme.SubmissionUnknownException
import dev.viseme.SubmitRecord
import dev.viseme.UploadException
import dev.viseme.Violation
import dev.viseme.VisemeException
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

internal fun prediction(it: Prediction): JsonElement = json(
    "id" to it.id,
    "model" to it.model,
    "status" to it.status.word,
    "outputs" to it.outputs.map { output ->
        when (output) {
            is Output.Url -> output.url
            is Output.Text -> output.text
            is Output.Json -> output.json
        }
    },
    "output_url" to it.outputUrl,
    "error" to it.error,
    "code" to it.code,
    "execution_time" to it.executionTime,
    "created_at" to it.createdAt,
    "recovered" to it.recovered,
    "request_id" to it.requestId,
)

internal fun job(it: Job): JsonElement = json(
    "job_id" to it.id,
    "status" to it.prediction?.status?.word,
    "recovered" to it.prediction?.recovered,
)

internal fun report(it: Report): JsonElement = json(
    "ok" to it.isOk,
    "violations" to it.violations.map(::violation),
    "media" to JsonObject(
        it.media.mapValues { (_, info) ->
            json(
                "container" to info.container,
                "seconds" to info.duration,
                "width" to info.width,
                "height" to info.height,
                "bytes" to info.bytes,
            )
        },
    ),
)

private fun violation(it: Violation) = json(
    "field" to it.field,
    "rule" to it.rule,
    "level" to if (it.isError) "error" else "warning",
    "actual" to it.actual,
    "allowed" to it.allowed,
    "message" to it.message,
    "fix" to it.fix?.let { fix -> json("kind" to fix.kind, "description" to fix.description) },
)

internal fun error(thrown: VisemeException): JsonElement {
    val unknown = thrown as? SubmissionUnknownException
    val attributes = json(
        "job_id" to thrown.jobId,
        "attempts" to thrown.attempts,
        "app_code" to thrown.appCode,
        "prediction" to thrown.prediction?.let(::prediction),
        "status" to thrown.status,
        "request_id" to thrown.requestId,
        "retry_after" to thrown.retryAfter,
        "body" to thrown.body,
        "violations" to (thrown as? InputException)?.violations?.map(::violation),
        "record" to unknown?.record?.let(::record),
        "candidates" to unknown?.candidates?.map(::prediction),
    )
    return json(
        "code" to thrown.code,
        "classes" to classes(thrown),
        "category" to category(thrown),
        "message" to thrown.message,
        "text" to "$thrown\n${thrown.stackTraceToString()}\n$attributes",
        "attributes" to attributes,
    )
}

/** The names of its classes, from its own to the root of the client's exceptions. */
private fun classes(thrown: VisemeException): List<String> =
    generateSequence<Class<*>>(thrown::class.java) { it.superclass }
        .takeWhile { it != Exception::class.java }
        .map { it.simpleName }
        .toList()

private fun category(thrown: VisemeException): String = when (thrown) {
    is ConfigException -> "config"
    is InputException -> "input"
    is ApiException -> "api"
    is SubmissionUnknownException -> "submission"
    is UploadException -> "upload"
    is DownloadException -> "download"
    is JobException -> "job"
}

internal fun file(it: DownloadedFile): JsonElement =
    json("path" to it.path.toString(), "bytes" to it.bytes)

internal fun record(it: SubmitRecord) =
    json("model" to it.model, "input" to it.input, "sent_at" to it.sentAt)

internal fun event(event: Progress): JsonElement = when (event) {
    is Progress.Checked -> json("event" to "checked", "report" to report(event.report))

    is Progress.Uploading ->
        json(
            "event" to "uploading",
            "field" to event.field,
            "sent" to event.sent,
            "total" to event.total,
        )

    is Progress.Uploaded -> json("event" to "uploaded", "field" to event.field, "url" to event.url)

    is Progress.Submitting ->
        json("event" to "submitting", "attempt" to event.attempt, "record" to record(event.record))

    is Progress.Recovering -> json("event" to "recovering")

    is Progress.Submitted -> json("event" to "submitted", "job_id" to event.jobId)

    is Progress.Updated -> json("event" to "update", "prediction" to prediction(event.prediction))

    is Progress.Retrying ->
        json("event" to "retrying", "error" to error(event.error), "after" to event.after)
}
