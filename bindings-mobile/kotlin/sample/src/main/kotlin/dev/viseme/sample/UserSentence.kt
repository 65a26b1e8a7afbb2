package dev.viseme.sample

import dev.viseme.VisemeException
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull

/**
 * The sentence to show to the user: the one of your backend if it refused a request, without the
 * client's advice, which is for the owner of an API key.
 */
val VisemeException.sentenceForUser: String
    get() = backendMessage(body) ?: message.orEmpty()

/** Returns the `message` of an answer in JSON. */
private fun backendMessage(body: String?): String? = try {
    val answer = Json.parseToJsonElement(body.orEmpty()) as? JsonObject
    (answer?.get("message") as? JsonPrimitive)?.contentOrNull
} catch (_: SerializationException) {
    null
}
