package dev.viseme

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.double
import java.nio.file.Path
import java.time.Instant
import kotlin.io.path.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * The state of a job as the service describes it at one moment.
 *
 * The service is lenient about most fields: a value that is missing or of an unexpected type is
 * `null` or empty here.
 *
 * @property id the job's id
 * @property model the model's id; empty if the service did not say
 * @property status the status of the job
 * @property isTerminal whether the job has ended: no further status will follow
 * @property outputs the outputs; empty until the job completes
 * @property resultUrl the URL at which the service returns the result
 * @property hasNsfwContents for each output, whether the service classified it as not safe for work
 * @property createdAt when the job was created, by the service's clock
 * @property error what went wrong
 * @property code the service's application code
 * @property executionTime how long the job ran, as measured by the service
 * @property timings parts of that time by name
 * @property input the job's input, if the service repeats it
 * @property recovered how the job was found if its submit got no response: `input`, or
 *   `model_and_time` if the history has no inputs
 * @property requestId the id of the request whose response this is; include it when you contact the
 *   support of the service
 * @property extra all other fields of the service's response
 * @property outputUrl the URL of the first output that has one; you can download it for seven days
 */
public data class Prediction(
    val id: String,
    val model: String,
    val status: Status,
    val isTerminal: Boolean,
    val outputs: List<Output>,
    val resultUrl: String?,
    val hasNsfwContents: List<Boolean>?,
    val createdAt: Instant?,
    val error: String?,
    val code: Long?,
    val executionTime: Duration?,
    val timings: Map<String, Duration>,
    val input: JsonElement?,
    val recovered: String?,
    val requestId: String?,
    val extra: JsonObject,
    val outputUrl: String?,
)

internal fun prediction(from: JsonObject) = Prediction(
    id = from.text("id"),
    model = from.text("model"),
    status = Status(from.text("status")),
    isTerminal = from.flag("isTerminal"),
    outputs = from.objects("outputs", ::output),
    resultUrl = from.textOrNull("resultUrl"),
    hasNsfwContents = from.elementOrNull("hasNsfwContents")?.let {
        from.list("hasNsfwContents").map { flag -> (flag as JsonPrimitive).boolean }
    },
    createdAt = from.instantOrNull("createdAt"),
    error = from.textOrNull("error"),
    code = from.longOrNull("code"),
    executionTime = from.durationOrNull("executionTimeMs"),
    timings = from.fieldsOrNull("timingsMs").orEmpty()
        .mapValues { (it.value as JsonPrimitive).double.milliseconds },
    input = from.elementOrNull("input"),
    recovered = from.textOrNull("recovered"),
    requestId = from.textOrNull("requestId"),
    extra = from.fieldsOrNull("extra") ?: JsonObject(emptyMap()),
    outputUrl = from.list("outputUrls")
        .firstNotNullOfOrNull { (it as? JsonPrimitive)?.contentOrNull },
)

/**
 * The status of a job, in the service's own word. One that is not listed means that the job still
 * runs.
 *
 * @property word the service's word
 */
@JvmInline
public value class Status(public val word: String) {
    override fun toString(): String = word

    public companion object {
        /** The service has the job and has not started it. */
        public val CREATED: Status = Status("created")

        /** The job runs. */
        public val PROCESSING: Status = Status("processing")

        /** The job is done. */
        public val COMPLETED: Status = Status("completed")

        /** The job failed; the service refunds failed jobs. */
        public val FAILED: Status = Status("failed")

        /** The job was cancelled. */
        public val CANCELLED: Status = Status("cancelled")

        /** The service stopped the job because it took too long. */
        public val TIMEOUT: Status = Status("timeout")

        /** The job was deleted. */
        public val DELETED: Status = Status("deleted")
    }
}

/** One output of a job. */
public sealed interface Output {
    /** A [url] that you can download for seven days. */
    public data class Url(val url: String) : Output

    /** Text, or base64. */
    public data class Text(val text: String) : Output {
        /** The size of the text, which may be a whole video. */
        override fun toString(): String = "Text(${text.length} characters)"
    }

    /** Any other JSON. */
    public data class Json(val json: JsonElement) : Output
}

private fun output(from: JsonObject): Output = from.textOrNull("url")?.let { Output.Url(it) }
    ?: from.textOrNull("text")?.let { Output.Text(it) }
    ?: Output.Json(from.getValue("json"))

internal fun Output.json(): JsonObject = when (this) {
    is Output.Url -> jsonObject("url" to url)
    is Output.Text -> jsonObject("text" to text)
    is Output.Json -> jsonObject("json" to json)
}

/**
 * A file that was downloaded.
 *
 * @property path the path of the file
 * @property bytes its size
 */
public data class DownloadedFile(val path: Path, val bytes: Long)

internal fun downloadedFile(from: JsonObject) =
    DownloadedFile(Path(from.text("path")), from.long("bytes"))

/**
 * What was submitted and when: enough for [Client.recover]. Save it as text with [toJson].
 *
 * @property model the model's id
 * @property input the body that was sent, with the URLs of uploaded media
 * @property sentAt when it was sent, by this device's clock, such as `2026-01-01T00:00:00Z`
 */
public data class SubmitRecord(val model: String, val input: JsonElement, val sentAt: String) {
    /** Returns the record as JSON text. */
    public fun toJson(): String = json().toString()

    internal fun json() = jsonObject("model" to model, "input" to input, "sentAt" to sentAt)

    public companion object {
        /**
         * Reads a record that [toJson] wrote.
         *
         * @throws IllegalArgumentException if [text] is not a record
         */
        public fun fromJson(text: String): SubmitRecord {
            val fields = Json.parseToJsonElement(text) as? JsonObject
            val model = fields?.textOrNull("model")
            val input = fields?.elementOrNull("input")
            val sentAt = fields?.textOrNull("sentAt")
            require(model != null && input != null && sentAt != null) {
                "A submit record must be a JSON object with `model`, `input` and `sentAt`."
            }
            return SubmitRecord(model, input, sentAt)
        }
    }
}

internal fun submitRecord(from: JsonObject) =
    SubmitRecord(from.text("model"), from.getValue("input"), from.text("sentAt"))
