package dev.viseme

import kotlinx.serialization.json.JsonObject
import kotlin.time.Duration

/**
 * The result of a check.
 *
 * @property isOk whether the input can run; warnings do not matter
 * @property violations every broken rule, both errors and warnings
 * @property media what was read from each medium, by parameter
 */
public data class Report(
    val isOk: Boolean,
    val violations: List<Violation>,
    val media: Map<String, MediaInfo>,
)

internal fun report(from: JsonObject) = Report(
    isOk = from.flag("ok"),
    violations = from.objects("violations", ::violation),
    media = from.fields("media").mapValues { mediaInfo(it.value as JsonObject) },
)

/**
 * One broken rule.
 *
 * @property field the model's parameter, such as `video`
 * @property rule the rule's stable code, such as `duration` or `container`
 * @property level whether it stops a run
 * @property actual the value that was found: `10.52 s`
 * @property allowed the values that are allowed: `2 to 10 s`
 * @property message what is wrong and what to do
 * @property fix the step that mends the file; `null` if there is none
 */
public data class Violation(
    val field: String,
    val rule: String,
    val level: Level,
    val actual: String,
    val allowed: String,
    val message: String,
    val fix: Fix? = null,
) {
    /** How severe a broken rule is. */
    public enum class Level {
        /** It stops a run. */
        ERROR,

        /** It does not stop a run, except with the option `strict`. */
        WARNING,
    }

    /** Whether it stops a run. */
    val isError: Boolean get() = level == Level.ERROR
}

internal fun violation(from: JsonObject) = Violation(
    field = from.text("field"),
    rule = from.text("rule"),
    level = if (from.text("level") == "error") Violation.Level.ERROR else Violation.Level.WARNING,
    actual = from.text("actual"),
    allowed = from.text("allowed"),
    message = from.text("message"),
    fix = from.fieldsOrNull("fix")?.let(::fix),
)

/**
 * One step that makes a file acceptable. [kind] says which of the other values it has.
 *
 * @property kind the step's stable code, such as `cut` or `scale`
 * @property description the step in words, such as `scale to 1280 × 720 with borders`
 * @property container the new container format, such as `mp4`
 * @property start where the part that is kept starts
 * @property duration the new playing time
 * @property width the new width in pixels
 * @property height the new height in pixels
 * @property framing what is done with a picture of another shape: `borders` or `crop`
 * @property codec the new codec of the video, such as `h264`
 * @property bitsPerSecond the new bit rate; the highest one of a video
 * @property bytes how many bytes are removed from the start
 * @property fileExtension the new extension of the file's name
 */
public data class Fix(
    val kind: String,
    val description: String,
    val container: String?,
    val start: Duration?,
    val duration: Duration?,
    val width: Int?,
    val height: Int?,
    val framing: String?,
    val codec: String?,
    val bitsPerSecond: Long?,
    val bytes: Long?,
    val fileExtension: String?,
)

private fun fix(from: JsonObject) = Fix(
    kind = from.text("kind"),
    description = from.text("description"),
    container = from.textOrNull("container"),
    start = from.durationOrNull("startMs"),
    duration = from.durationOrNull("durationMs"),
    width = from.intOrNull("width"),
    height = from.intOrNull("height"),
    framing = from.textOrNull("framing"),
    codec = from.textOrNull("codec"),
    bitsPerSecond = from.longOrNull("bitsPerSecond"),
    bytes = from.longOrNull("bytes"),
    fileExtension = from.textOrNull("fileExtension"),
)

/**
 * Properties of a media file. Those that could not be read are `null`.
 *
 * @property container the container format of the content: `mp4`, `mov`, `mp3`, …, or `unknown`
 * @property bytes the size in bytes
 * @property duration the playing time
 * @property width the displayed width in pixels
 * @property height the displayed height in pixels
 * @property videoCodec the codec of the video track, such as `h264`
 * @property audioCodec the codec of the audio track, such as `aac`
 * @property corruption what is wrong with the file, as a clause that completes "the file …"
 * @property anomaly what is unusual about a file that most players still play
 */
public data class MediaInfo(
    val container: String,
    val bytes: Long?,
    val duration: Duration?,
    val width: Int?,
    val height: Int?,
    val videoCodec: String?,
    val audioCodec: String?,
    val corruption: String?,
    val anomaly: String?,
)

private fun mediaInfo(from: JsonObject) = MediaInfo(
    container = from.text("container"),
    bytes = from.longOrNull("bytes"),
    duration = from.durationOrNull("durationMs"),
    width = from.intOrNull("width"),
    height = from.intOrNull("height"),
    videoCodec = from.textOrNull("videoCodec"),
    audioCodec = from.textOrNull("audioCodec"),
    corruption = from.textOrNull("corruption"),
    anomaly = from.textOrNull("anomaly"),
)
