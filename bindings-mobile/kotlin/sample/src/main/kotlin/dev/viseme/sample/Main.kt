// Moves the lips of a face to a voice: `java -jar sample.jar FACE VOICE RESULT`.
//
// With `VISEME_BASE_URL` and `VISEME_TOKEN` it talks to your backend. Without, it is offline: it
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
        System.err.println("usage: sample FACE VOICE RESULT")
        exitProcess(2)
    }
    val (face, voice, result) = arguments.map { Path(it) }
    val code = Service.find().use { service ->
        Client(Settings(service.baseUrl, service.token)).use { client ->
            runBlocking { lipSync(client, face, voice, result) }
        }
    }
    exitProcess(code)
}

/** The whole job; gives the program's exit code. */
private suspend fun lipSync(client: Client, face: Path, voice: Path, result: Path): Int = try {
    val input = Input.audioToVideo(audio = Media.of(voice), video = Media.of(face))
    val prediction = client.run(input) { tell(it) }
    val saved = client.download(prediction, result)
    println("${saved.path}: ${saved.bytes} bytes")
    0
} catch (why: InputException) {
    System.err.println("This input is refused; nothing was sent:")
    why.violations.forEach { System.err.println("  ${it.message}") }
    1
} catch (why: VisemeException) {
    System.err.println("${why.code}: ${why.message}")
    1
}

private fun tell(progress: Progress) {
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
