// Lip-syncs a video to an audio track: `java -jar sample.jar VIDEO AUDIO RESULT`.
//
// With `VISEME_BASE_URL` and `VISEME_TOKEN` it uses your backend. Without them it is offline: it
// starts the mock server (`viseme-mock` on the PATH, or the program that `VISEME_MOCK` names).
package dev.viseme.sample

import dev.viseme.Client
import dev.viseme.Input
import dev.viseme.InputException
import dev.viseme.Media
import dev.viseme.Progress
import dev.viseme.Settings
import dev.viseme.VisemeException
import kotlinx.coroutines.runBlocking
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.system.exitProcess

fun main(arguments: Array<String>) {
    if (arguments.size != 3) {
        System.err.println("usage: sample VIDEO AUDIO RESULT")
        exitProcess(2)
    }
    val (video, audio, result) = arguments.map { Path(it) }
    val code = Service.find().use { service ->
        Client(Settings(service.baseUrl, service.apiKey)).use { client ->
            runBlocking { lipSync(client, video, audio, result) }
        }
    }
    exitProcess(code)
}

/** Runs a complete job and returns the program's exit code. */
private suspend fun lipSync(client: Client, video: Path, audio: Path, result: Path): Int = try {
    val input = Input.audioToVideo(audio = Media.of(audio), video = Media.of(video))
    val prediction = client.run(input) { show(it) }
    val saved = client.download(prediction, result)
    println("${saved.path}: ${saved.bytes} bytes")
    0
} catch (invalid: InputException) {
    System.err.println("The input is invalid; nothing was sent:")
    invalid.violations.forEach { System.err.println("  ${it.message}") }
    1
} catch (failed: VisemeException) {
    System.err.println("${failed.code}: ${failed.message}")
    1
}

private fun show(progress: Progress) {
    when (progress) {
        is Progress.Uploaded -> println("uploaded ${progress.field}")

        is Progress.Submitted -> println("job ${progress.jobId}")

        is Progress.Updated -> println(progress.prediction.status)

        is Progress.Retrying -> println(
            "${progress.error.message} Trying again in ${progress.after}.",
        )

        else -> {}
    }
}
