package dev.viseme

import dev.viseme.ffi.NativeEvent
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** What goes on. More kinds may come: leave room for an `else`. */
public sealed interface Progress {
    /** The input was checked; [report] may hold warnings. */
    public data class Checked(val report: Report) : Progress

    /** Of the medium for [field], [sent] of [total] bytes are out. */
    public data class Uploading(val field: String, val sent: Long, val total: Long) : Progress

    /** The medium for [field] is with the service, at [url]. */
    public data class Uploaded(val field: String, val url: String) : Progress

    /**
     * The POST that costs money goes out, for the [attempt]th time. Save [record]: with it
     * [Client.recover] finds the job even if the app dies before the answer comes.
     */
    public data class Submitting(val attempt: Int, val record: SubmitRecord) : Progress

    /** The answer to the submit was lost; the job is looked for. */
    public data object Recovering : Progress

    /** There is a job. Save [jobId]: with it [Client.job] goes on in another process. */
    public data class Submitted(val jobId: String) : Progress

    /** The job's state changed. */
    public data class Updated(val prediction: Prediction) : Progress

    /** A step failed with [error] in a way that may pass, and is tried again [after] a pause. */
    public data class Retrying(val error: VisemeException, val after: Duration) : Progress
}

/**
 * What was submitted and when: enough to find the job again.
 *
 * @property json all of it as JSON text, to be saved
 */
public data class SubmitRecord(val json: String)

internal fun NativeEvent.toProgress(): Progress? = when (this) {
    is NativeEvent.Checked -> Progress.Checked(report.toReport())
    is NativeEvent.Uploading -> Progress.Uploading(field, sent.toLong(), total.toLong())
    is NativeEvent.Uploaded -> Progress.Uploaded(field, url)
    is NativeEvent.Submitting -> Progress.Submitting(attempt.toInt(), SubmitRecord(record))
    is NativeEvent.Recovering -> Progress.Recovering
    is NativeEvent.Submitted -> Progress.Submitted(jobId)
    is NativeEvent.Updated -> Progress.Updated(prediction.toPrediction())
    is NativeEvent.Retrying -> Progress.Retrying(error.toException(), after.toKotlinDuration())
    is NativeEvent.Downloading, is NativeEvent.Saved -> null
}
