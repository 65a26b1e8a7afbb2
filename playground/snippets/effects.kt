import dev.viseme.*
import java.nio.file.Path

suspend fun main() {
    // In an app, the URL and the token are those of your backend; an app must not contain a key.
    val client = Client(Settings(apiKey = System.getenv("WAVESPEED_API_KEY")))
    val input = Input.of(
        "kwaivgi/kling-effects",
        mapOf(
            "effect_scene" to "let's_ride",
            "image" to Media.of(Path.of("face.jpg")),
        ),
    )
    val prediction = client.run(input)
    client.download(prediction, Path.of("result.mp4"))
}
