import dev.viseme.*
import java.nio.file.Path

suspend fun main() {
    // In an app, the URL and the token are those of your backend; an app must not contain a key.
    val client = Client(Settings(apiKey = System.getenv("WAVESPEED_API_KEY")))
    val input = Input.of(
        "kwaivgi/kling-lipsync/text-to-video",
        mapOf(
            "video" to Media.of(Path.of("face.mp4")),
            "text" to "It's \"\$5\", \\o/ — today!",
            "voice_id" to "AOT",
            "voice_language" to "en",
            "voice_speed" to 1.2,
        ),
    )
    val prediction = client.run(input)
    client.download(prediction, Path.of("result.mp4"))
}
