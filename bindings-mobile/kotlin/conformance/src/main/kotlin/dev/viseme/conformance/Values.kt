// What the client gives, in the words of the protocol.
package dev.viseme.conformance

import dev.viseme.ApiException
import dev.viseme.ConfigException
import dev.viseme.DownloadException
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
import kotlinx.serialization.json.Json
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
            is Output.Json -> Json.parseToJsonElement(output.json)
        }
    },
    "output_url" to it.outputUrl,
    "error" to it.error,
    "code" to it.code,
    "execution_time" to it.executionTime,
    "created_at" to it.createdAt,
    "recovered" to it.recoveredBy,
)

internal fun job(it: Job): JsonElement = json(
    "job_id" to it.id,
    "status" to it.prediction?.status?.word,
    "recovered" to it.prediction?.recoveredBy,
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
)

internal fun error(why: VisemeException): JsonElement {
    val unknown = why as? SubmissionUnknownException
    val attributes = json(
        "job_id" to why.jobId,
        "attempts" to why.attempts,
        "app_code" to why.appCode,
        "prediction" to why.prediction?.let(::prediction),
        "status" to why.status,
        "request_id" to why.requestId,
        "retry_after" to why.retryAfter,
        "body" to why.body,
        "violations" to (why as? InputException)?.violations?.map(::violation),
        "record" to unknown?.record?.let(::record),
        "candidates" to unknown?.candidates?.map(::prediction),
    )
    return json(
        "code" to why.code,
        "classes" to classes(why),
        "category" to category(why),
        "message" to why.message,
        "text" to "$why\n${why.stackTraceToString()}\n$attributes",
        "attributes" to attributes,
    )
}

/** The names of its classes, from its own to the root of the client's exceptions. */
private fun classes(why: VisemeException): List<String> =
    generateSequence<Class<*>>(why::class.java) { it.superclass }
        .takeWhile { it != Exception::class.java }
        .map { it.simpleName }
        .toList()

private fun category(why: VisemeException): String = when (why) {
    is ConfigException -> "config"
    is InputException -> "input"
    is ApiException -> "api"
    is SubmissionUnknownException -> "submission"
    is UploadException -> "upload"
    is DownloadException -> "download"
    is JobException -> "job"
}

private fun record(it: SubmitRecord) = Json.parseToJsonElement(it.json)

internal fun event(news: Progress): JsonElement = when (news) {
    is Progress.Checked -> json("event" to "checked", "report" to report(news.report))

    is Progress.Uploading ->
        json(
            "event" to "uploading",
            "field" to news.field,
            "sent" to news.sent,
            "total" to news.total,
        )

    is Progress.Uploaded -> json("event" to "uploaded", "field" to news.field, "url" to news.url)

    is Progress.Submitting ->
        json("event" to "submitting", "attempt" to news.attempt, "record" to record(news.record))

    is Progress.Recovering -> json("event" to "recovering")

    is Progress.Submitted -> json("event" to "submitted", "job_id" to news.jobId)

    is Progress.Updated -> json("event" to "update", "prediction" to prediction(news.prediction))

    is Progress.Retrying ->
        json("event" to "retrying", "error" to error(news.error), "after" to news.after)
}
