package dev.viseme

import dev.viseme.ffi.NativeMediaInfo
import dev.viseme.ffi.NativeReport
import dev.viseme.ffi.NativeViolation
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * What a check found.
 *
 * @property violations every broken rule, errors and warnings
 * @property media what each medium that could be read says of itself, by parameter
 */
public data class Report(val violations: List<Violation>, val media: Map<String, MediaInfo>) {
    /** Whether the input would be sent. */
    val isOk: Boolean get() = violations.none { it.isError }
}

/**
 * A broken rule.
 *
 * @property field the parameter
 * @property rule the rule's code
 * @property isError whether the input is refused for it; otherwise it is a warning
 * @property actual what was found
 * @property allowed what is allowed
 * @property message all of it as a sentence
 */
public data class Violation(
    val field: String,
    val rule: String,
    val isError: Boolean,
    val actual: String,
    val allowed: String,
    val message: String,
)

/**
 * What a medium says of itself; what is not known is `null`.
 *
 * @property container what the file really is, such as `mp4`
 * @property bytes its size
 * @property duration its playing time
 * @property width its displayed width in pixels
 * @property height its displayed height in pixels
 * @property videoCodec the codec of its pictures, such as `h264`
 * @property audioCodec the codec of its sound, such as `aac`
 */
public data class MediaInfo(
    val container: String,
    val bytes: Long?,
    val duration: Duration?,
    val width: Int?,
    val height: Int?,
    val videoCodec: String?,
    val audioCodec: String?,
)

internal fun NativeReport.toReport() =
    Report(violations.map { it.toViolation() }, media.mapValues { it.value.toMediaInfo() })

internal fun NativeViolation.toViolation() =
    Violation(field, rule, isError, actual, allowed, explanation)

private fun NativeMediaInfo.toMediaInfo() = MediaInfo(
    container,
    bytes?.toLong(),
    duration?.toKotlinDuration(),
    width?.toInt(),
    height?.toInt(),
    videoCodec,
    audioCodec,
)
