package dev.viseme

import kotlinx.serialization.json.JsonObject
import kotlin.time.Duration

/** One progress event of a run. Later versions add events: keep an `else` in every `when`. */
public sealed interface Progress {
    /** The input was checked; [report] contains warnings. */
    public data class Checked(val report: Report) : Progress

    /** The medium for [field] is being uploaded: [sent] of [total] bytes so far. */
    public data class Uploading(val field: String, val sent: Long, val total: Long) : Progress

    /** The medium for [field] was uploaded. The service reads it at [url]. */
    public data class Uploaded(val field: String, val url: String) : Progress

    /**
     * The POST that costs money is sent as soon as the callback returns, for the [attempt]th time.
     * Save [record]: [Client.recover] finds the job with it, even if the app dies before the
     * response arrives. If the callback throws, nothing is sent, and the caller gets the exception.
     */
    public data class Submitting(val attempt: Int, val record: SubmitRecord) : Progress

    /** The submit got no response; the client searches the history for the job. */
    public data object Recovering : Progress

    /** The service accepted the job. Save [jobId]: [Client.job] resumes it in another process. */
    public data class Submitted(val jobId: String) : Progress

    /** The state of the job changed. */
    public data class Updated(val prediction: Prediction) : Progress

    /** A step failed with [error] and is retried [after] a pause. */
    public data class Retrying(val error: VisemeException, val after: Duration) : Progress
}

/** A job that a cancelled operation leaves open. It continues at the service and is charged. */
public sealed interface OpenJob {
    /** The service accepted the job. [Client.job] resumes it. */
    public data class Accepted(val id: String) : OpenJob

    /** The submit was sent and got no response yet. [Client.recover] finds the job. */
    public data class Sent(val record: SubmitRecord) : OpenJob
}

/** Returns the event, or `null` if this version does not know it. */
internal fun progressOf(event: JsonObject): Progress? = when (event.text("event")) {
    "checked" -> Progress.Checked(report(event.fields("report")))

    "uploading" ->
        Progress.Uploading(event.text("field"), event.long("sent"), event.long("total"))

    "uploaded" -> Progress.Uploaded(event.text("field"), event.text("url"))

    "submitting" -> Progress.Submitting(
        event.long("attempt").toInt(),
        submitRecord(event.fields("record")),
    )

    "recovering" -> Progress.Recovering

    "submitted" -> Progress.Submitted(event.text("jobId"))

    "update" -> Progress.Updated(prediction(event.fields("prediction")))

    "retrying" -> Progress.Retrying(
        exception(event.fields("error")),
        event.durationOrNull("afterMs") ?: Duration.ZERO,
    )

    else -> null
}
