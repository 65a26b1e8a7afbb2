package dev.viseme

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.longOrNull
import java.time.Instant
import java.time.temporal.ChronoUnit.MICROS
import kotlin.math.roundToLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/** Returns an object without the members that are `null`. */
internal fun jsonObject(vararg members: Pair<String, Any?>): JsonObject =
    JsonObject(members.filter { it.second != null }.associate { (name, it) -> name to json(it) })

/**
 * Returns a value of a parameter as JSON.
 *
 * @throws IllegalArgumentException if JSON has no form for it
 */
internal fun json(value: Any?): JsonElement = when (value) {
    null -> JsonNull

    is JsonElement -> value

    is Boolean -> JsonPrimitive(value)

    is Int, is Long, is Short, is Byte -> JsonPrimitive(value as Number)

    is Double, is Float -> {
        require((value as Number).toDouble().isFinite()) { "JSON has no $value." }
        JsonPrimitive(value)
    }

    is CharSequence -> JsonPrimitive(value.toString())

    // Not every `Iterable`: a path is one, of itself.
    is Collection<*> -> JsonArray(value.map { json(it) })

    is Map<*, *> -> JsonObject(
        value.entries.associate { (name, inner) ->
            require(name is CharSequence) { "Keys in JSON must be text, got $name." }
            name.toString() to json(inner)
        },
    )

    else -> throw IllegalArgumentException("JSON has no form for ${value::class.simpleName}.")
}

// Fields of the messages of the native library. A missing field is `null` or empty.

internal fun JsonObject.elementOrNull(name: String): JsonElement? =
    get(name)?.takeIf { it !is JsonNull }

private fun JsonObject.primitive(name: String) = elementOrNull(name) as? JsonPrimitive

internal fun JsonObject.textOrNull(name: String): String? = primitive(name)?.contentOrNull

internal fun JsonObject.text(name: String): String = textOrNull(name) ?: throw missing(name)

internal fun JsonObject.longOrNull(name: String): Long? = primitive(name)?.longOrNull

internal fun JsonObject.long(name: String): Long = longOrNull(name) ?: throw missing(name)

internal fun JsonObject.intOrNull(name: String): Int? = longOrNull(name)?.toInt()

internal fun JsonObject.flag(name: String): Boolean =
    primitive(name)?.booleanOrNull ?: throw missing(name)

internal fun JsonObject.durationOrNull(name: String): Duration? =
    primitive(name)?.doubleOrNull?.milliseconds

internal fun JsonObject.instantOrNull(name: String): Instant? =
    primitive(name)?.doubleOrNull?.let { Instant.EPOCH.plus((it * 1000).roundToLong(), MICROS) }

internal fun JsonObject.fieldsOrNull(name: String): JsonObject? = elementOrNull(name) as? JsonObject

internal fun JsonObject.fields(name: String): JsonObject = fieldsOrNull(name) ?: throw missing(name)

internal fun JsonObject.list(name: String): List<JsonElement> =
    elementOrNull(name) as? JsonArray ?: emptyList()

internal fun <T> JsonObject.objects(name: String, read: (JsonObject) -> T): List<T> =
    list(name).map { read(it as JsonObject) }

internal fun JsonObject.texts(name: String): List<String> =
    list(name).map { (it as JsonPrimitive).content }

private fun missing(name: String) = bug("sent a message without `$name`")
