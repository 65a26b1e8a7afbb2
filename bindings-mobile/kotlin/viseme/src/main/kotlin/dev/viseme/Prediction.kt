package dev.viseme

import dev.viseme.ffi.NativeOutput
import dev.viseme.ffi.NativePrediction
import java.nio.file.Path
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * What the service says of a job at one moment.
 *
 * @property id the job's id
 * @property model the model's id; empty where the service did not say
 * @property status the state of the job
 * @property isTerminal whether nothing more will happen to it
 * @property outputs what came out; empty until the job is completed
 * @property outputUrl the URL of the first output that has one; it can be downloaded for seven days
 * @property error what the service says went wrong; `null` where nothing did
 * @property code the service's application code
 * @property createdAt when the job was made, by the service's clock
 * @property executionTime how long the job ran, as the service measured it
 * @property recoveredBy how the job was found where the answer to its submit was lost: `input`, or
 *   `model_and_time` where the history did not tell inputs
 * @property json all of it as JSON, with what this version does not know
 */
public data class Prediction(
    val id: String,
    val model: String,
    val status: Status,
    val isTerminal: Boolean,
    val outputs: List<Output>,
    val outputUrl: String?,
    val error: String?,
    val code: Long?,
    val createdAt: Instant?,
    val executionTime: Duration?,
    val recoveredBy: String?,
    val json: String,
)

/**
 * The state of a job: the service's word for it, also one that this version does not know.
 *
 * @property word as the service says it
 */
@JvmInline
public value class Status(public val word: String) {
    override fun toString(): String = word

    public companion object {
        /** It is known and has not begun. */
        public val CREATED: Status = Status("created")

        /** It runs. */
        public val PROCESSING: Status = Status("processing")

        /** It is done. */
        public val COMPLETED: Status = Status("completed")

        /** The service could not do it; such jobs are refunded. */
        public val FAILED: Status = Status("failed")

        /** The service cancelled it. */
        public val CANCELLED: Status = Status("cancelled")

        /** The service gave it up. */
        public val TIMEOUT: Status = Status("timeout")

        /** It was deleted. */
        public val DELETED: Status = Status("deleted")
    }
}

/** What came out of a job. */
public sealed interface Output {
    /** It can be downloaded from [url] for seven days. */
    public data class Url(val url: String) : Output

    /** Text, or base64 where that was asked for. */
    public data class Text(val text: String) : Output {
        /** How much of it, not what: it may be a whole video. */
        override fun toString(): String = "Text(${text.length} characters)"
    }

    /** Anything else, as JSON. */
    public data class Json(val json: String) : Output
}

/**
 * An output on disk.
 *
 * @property path where it is
 * @property bytes how large it is
 */
public data class DownloadedFile(val path: Path, val bytes: Long)

internal fun NativePrediction.toPrediction() = Prediction(
    id = id,
    model = model,
    status = Status(status),
    isTerminal = isTerminal,
    outputs = outputs.map { it.toOutput() },
    outputUrl = outputUrl,
    error = failure,
    code = appCode,
    createdAt = createdAt,
    executionTime = executionTime?.toKotlinDuration(),
    recoveredBy = recoveredBy,
    json = json,
)

private fun NativeOutput.toOutput(): Output = when (this) {
    is NativeOutput.Url -> Output.Url(url)
    is NativeOutput.Text -> Output.Text(text)
    is NativeOutput.Json -> Output.Json(json)
}

internal fun Output.toNative(): NativeOutput = when (this) {
    is Output.Url -> NativeOutput.Url(url)
    is Output.Text -> NativeOutput.Text(text)
    is Output.Json -> NativeOutput.Json(json)
}
