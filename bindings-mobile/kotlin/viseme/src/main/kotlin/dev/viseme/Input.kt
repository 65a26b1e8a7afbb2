package dev.viseme

import dev.viseme.ffi.NativeField
import dev.viseme.ffi.NativeInput
import dev.viseme.ffi.NativeValue

/** What a model is asked for. */
public class Input private constructor(
    /** The model's id. */
    public val model: String,
    private val fields: List<NativeField>,
) {
    override fun toString(): String = "Input($model: ${fields.joinToString { it.name }})"

    internal fun toNative() = NativeInput(model, fields)

    public companion object {
        /** The voice of [textToVideo] where none is chosen: the service's own default. */
        public const val DEFAULT_VOICE: String = "genshin_klee2"

        /**
         * Moves the lips of [video] to the voice in [audio].
         *
         * @param audio MP3, WAV, M4A or AAC, at most 5 MB
         * @param video MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p
         */
        public fun audioToVideo(audio: Media, video: Media): Input = Input(
            "kwaivgi/kling-lipsync/audio-to-video",
            listOf(medium("audio", audio), medium("video", video)),
        )

        /**
         * Moves the lips of [video] to [text], said by the voice [voiceId].
         *
         * @param video MP4 or MOV, at most 100 MB, sides of 720 to 1920 pixels
         * @param text at most 120 characters
         * @param voiceLanguage the language of the voice, `zh` or `en`; the service's choice where
         *   `null`
         * @param voiceSpeed from 0.8 to 2.0; 1 where `null`
         */
        public fun textToVideo(
            video: Media,
            text: String,
            voiceId: String = DEFAULT_VOICE,
            voiceLanguage: String? = null,
            voiceSpeed: Double? = null,
        ): Input = Input(
            "kwaivgi/kling-lipsync/text-to-video",
            listOfNotNull(
                medium("video", video),
                value("text", text),
                value("voice_id", voiceId),
                voiceLanguage?.let { value("voice_language", it) },
                voiceSpeed?.let { value("voice_speed", it) },
            ),
        )

        /**
         * Plays the effect [effectScene] on the person in [image].
         *
         * @param image at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1
         */
        public fun klingEffects(effectScene: String, image: Media): Input = Input(
            "kwaivgi/kling-effects",
            listOf(value("effect_scene", effectScene), medium("image", image)),
        )

        /**
         * Any other model.
         *
         * @param model its id
         * @param parameters by name: [Media], texts, numbers, booleans, `null`, lists and maps
         * @throws IllegalArgumentException where a parameter has a type that JSON has no form for
         */
        public fun of(model: String, parameters: Map<String, Any?>): Input = Input(
            model,
            parameters.map { (name, it) -> if (it is Media) medium(name, it) else value(name, it) },
        )

        private fun medium(name: String, media: Media) =
            NativeField(name, NativeValue.Medium(media.native))

        private fun value(name: String, value: Any?) =
            NativeField(name, NativeValue.Json(json(value)))
    }
}
