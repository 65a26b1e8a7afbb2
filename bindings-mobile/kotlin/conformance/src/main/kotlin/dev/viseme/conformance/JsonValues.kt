package dev.viseme.conformance

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.intOrNull
import kotlinx.serialization.json.longOrNull
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit

/** An object of these; what is `null` is left out. */
internal fun json(vararg pairs: Pair<String, Any?>): JsonObject =
    JsonObject(pairs.filter { it.second != null }.associate { (name, it) -> name to element(it) })

internal fun element(value: Any?): JsonElement = when (value) {
    null -> JsonNull

    is JsonElement -> value

    is String -> JsonPrimitive(value)

    is Number -> JsonPrimitive(value)

    is Boolean -> JsonPrimitive(value)

    // JSON has no infinity, which is what Kotlin makes of more than 146 years.
    is Duration -> JsonPrimitive(
        value.toDouble(DurationUnit.SECONDS).coerceAtMost(Double.MAX_VALUE),
    )

    is Instant -> JsonPrimitive(value.toString())

    is List<*> -> JsonArray(value.map { element(it) })

    else -> error("there is no JSON for $value")
}

/** JSON as the plain values that a user would write. */
internal fun plain(element: JsonElement): Any? = when (element) {
    is JsonNull -> null

    is JsonObject -> element.mapValues { plain(it.value) }

    is JsonArray -> element.map { plain(it) }

    is JsonPrimitive -> when {
        element.isString -> element.content
        else -> element.booleanOrNull ?: element.longOrNull ?: element.doubleOrNull
    }
}

internal fun JsonObject.part(name: String): JsonElement? = get(name)?.takeIf { it !is JsonNull }

internal fun JsonObject.members(name: String): JsonObject? = part(name) as JsonObject?

private fun JsonObject.scalar(name: String) = part(name) as JsonPrimitive?

internal fun JsonObject.text(name: String): String? = scalar(name)?.contentOrNull

internal fun JsonObject.flag(name: String): Boolean? = scalar(name)?.booleanOrNull

internal fun JsonObject.int(name: String): Int? = scalar(name)?.intOrNull

internal fun JsonObject.long(name: String): Long? = scalar(name)?.longOrNull

internal fun JsonObject.double(name: String): Double? = scalar(name)?.doubleOrNull

internal fun JsonObject.seconds(name: String): Duration? = double(name)?.seconds
