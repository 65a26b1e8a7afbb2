package dev.viseme

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.io.InputStream
import java.net.URI
import java.nio.file.Path

/** A model and its parameters. */
public class Input private constructor(
    /** The model's id. */
    public val model: String,
    private val fields: Map<String, Any?>,
) {
    override fun toString(): String = "Input($model: ${fields.keys.joinToString()})"

    /** Returns it for the native library; adds the contents of media in memory to [contents]. */
    internal fun json(contents: MutableList<ByteArray>): JsonObject = jsonObject(
        "model" to model,
        "fields" to fields.map { (name, value) ->
            val field = when (value) {
                is Media -> jsonObject("media" to value.json(contents))
                else -> JsonObject(mapOf("value" to json(value)))
            }
            JsonArray(listOf(JsonPrimitive(name), field))
        },
    )

    public companion object {
        /** The default voice of [textToVideo], which is the service's default. */
        public const val DEFAULT_VOICE: String = "genshin_klee2"

        /**
         * Lip-syncs [video] to [audio].
         *
         * @param audio MP3, WAV, M4A or AAC, at most 5 MB
         * @param video MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p
         */
        public fun audioToVideo(audio: Media, video: Media): Input = Input(
            "kwaivgi/kling-lipsync/audio-to-video",
            mapOf("audio" to audio, "video" to video),
        )

        /**
         * Lip-syncs [video] to [text], spoken by the voice [voiceId].
         *
         * @param video MP4 or MOV, at most 100 MB, sides of 720 to 1920 pixels
         * @param text at most 120 characters
         * @param voiceLanguage the language of the voice, `zh` or `en`. Default: the
         *   service's choice
         * @param voiceSpeed from 0.8 to 2.0. Default: 1
         */
        public fun textToVideo(
            video: Media,
            text: String,
            voiceId: String = DEFAULT_VOICE,
            voiceLanguage: String? = null,
            voiceSpeed: Double? = null,
        ): Input = Input(
            "kwaivgi/kling-lipsync/text-to-video",
            checkedFields(
                mapOf(
                    "video" to video,
                    "text" to text,
                    "voice_id" to voiceId,
                    "voice_language" to voiceLanguage,
                    "voice_speed" to voiceSpeed,
                ).filterValues { it != null },
            ),
        )

        /**
         * Applies the effect [effectScene] to the person in [image].
         *
         * @param image at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1
         */
        public fun klingEffects(effectScene: String, image: Media): Input = Input(
            "kwaivgi/kling-effects",
            mapOf("effect_scene" to effectScene, "image" to image),
        )

        /**
         * Creates an input for any other model.
         *
         * @param model the model's id
         * @param parameters by name: [Media], texts, numbers, booleans, `null`, lists and maps
         * @throws IllegalArgumentException if JSON has no form for a parameter
         */
        public fun of(model: String, parameters: Map<String, Any?>): Input =
            Input(model, checkedFields(parameters))

        /** Converts values to JSON now, so that an invalid one is an error of the caller. */
        private fun checkedFields(parameters: Map<String, Any?>): Map<String, Any?> =
            parameters.mapValues { (name, value) ->
                try {
                    value as? Media ?: json(value)
                } catch (invalid: IllegalArgumentException) {
                    throw IllegalArgumentException("Invalid `$name`: ${invalid.message}", invalid)
                }
            }
    }
}

/** A video, an audio track or an image: a file, bytes, or a URL. */
public class Media private constructor(private val source: Source) {
    private sealed interface Source {
        data class File(val path: String) : Source

        class Bytes(val content: ByteArray, val name: String) : Source

        data class Url(val url: String) : Source
    }

    /** The path, URL or name; never the content. */
    override fun toString(): String = when (source) {
        is Source.File -> "Media(${source.path})"
        is Source.Bytes -> "Media(${source.name}, ${source.content.size} bytes)"
        is Source.Url -> "Media(${source.url})"
    }

    internal fun json(contents: MutableList<ByteArray>): JsonObject = when (source) {
        is Source.File -> jsonObject("path" to source.path)

        is Source.Url -> jsonObject("text" to source.url)

        is Source.Bytes -> {
            contents += source.content
            val bytes = jsonObject("at" to contents.size - 1, "name" to source.name)
            jsonObject("bytes" to bytes)
        }
    }

    public companion object {
        /** Returns the file at [path]. It is streamed from disk. */
        public fun of(path: Path): Media = Media(Source.File(path.toString()))

        /** Returns the file behind [url]. The service downloads it. */
        public fun of(url: URI): Media = Media(Source.Url(url.toString()))

        /** Returns a file in memory with a copy of [content]; [name] is its file name. */
        public fun of(content: ByteArray, name: String): Media =
            Media(Source.Bytes(content.copyOf(), name))

        /**
         * Reads the rest of [stream] into memory, which blocks. The stream is not closed. Prefer a
         * path for large files.
         */
        public fun of(stream: InputStream, name: String): Media =
            Media(Source.Bytes(stream.readBytes(), name))
    }
}
