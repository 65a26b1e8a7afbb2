// Lip-syncs a video to an audio track, as an app does: `java -jar sample.jar VIDEO AUDIO RESULT`.
//
// With `VISEME_BASE_URL` and `VISEME_TOKEN`, the token of a user, it uses your backend. Without them
// it is offline: it starts the mock server (`viseme-mock` on the PATH, or the program that
// `VISEME_MOCK` names).
//
// The open job is in the file RESULT.job. Start the program again after it was killed: it resumes
// this job.
package dev.viseme.sample

import dev.viseme.Client
import dev.viseme.Input
import dev.viseme.InputException
import dev.viseme.Job
import dev.viseme.JobCancelledException
import dev.viseme.JobFailedException
import dev.viseme.Media
import dev.viseme.OpenJob
import dev.viseme.Progress
import dev.viseme.Settings
import dev.viseme.SubmissionUnknownException
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
    val input = Input.audioToVideo(audio = Media.of(audio), video = Media.of(video))
    val store = JobStore(Path("$result.job"))
    val code = Service.find().use { service ->
        // The mock server of the last start has taken its jobs with it.
        if (service.isOffline) store.clear()
        Client(Settings(service.baseUrl, service.apiKey)).use { client ->
            runBlocking { lipSync(client, store, input, result) }
        }
    }
    exitProcess(code)
}

/** Runs a complete job, or the rest of an earlier one, and returns the program's exit code. */
private suspend fun lipSync(client: Client, store: JobStore, input: Input, result: Path): Int =
    try {
        val job = resume(client, store) ?: submit(client, store, input)
        val prediction = job.wait { show(it) }
        val saved = client.download(prediction, result)
        store.clear()
        println("${saved.path}: ${saved.bytes} bytes")
        0
    } catch (invalid: InputException) {
        System.err.println("The input is invalid; nothing was sent:")
        invalid.violations.forEach { System.err.println("  ${it.message}") }
        1
    } catch (failed: VisemeException) {
        System.err.println("${failed.code}: ${failed.sentenceForUser}")
        // There is nothing to resume.
        if (failed is JobFailedException || failed is JobCancelledException) store.clear()
        if (store.hasJob) {
            System.err.println("The open job is in ${store.file}. Start again to resume it.")
        }
        1
    }

/** Returns the job that an earlier start left open, or `null`. */
private suspend fun resume(client: Client, store: JobStore): Job? = when (val open = store.load()) {
    null -> null

    is OpenJob.Accepted -> {
        println("resuming job ${open.id}")
        // A wait gives a new job half a minute to appear. This one must be there.
        client.job(open.id).also { it.refresh() }
    }

    is OpenJob.Sent -> {
        println("looking for the job of the last start")
        client.recover(open.record).also { store.save(OpenJob.Accepted(it.id)) }
    }
}

/** Submits a new job, and saves what a later start needs to find it. */
private suspend fun submit(client: Client, store: JobStore, input: Input): Job = try {
    client.submit(input) { progress ->
        when (progress) {
            // The POST waits until this is saved.
            is Progress.Submitting -> store.save(OpenJob.Sent(progress.record))

            is Progress.Submitted -> store.save(OpenJob.Accepted(progress.jobId))

            else -> {}
        }
        show(progress)
    }
} catch (failed: VisemeException) {
    // Every other error means that there is no job.
    if (failed !is SubmissionUnknownException) store.clear()
    throw failed
}

private fun show(progress: Progress) {
    when (progress) {
        is Progress.Uploaded -> println("uploaded ${progress.field}")

        is Progress.Submitted -> println("job ${progress.jobId}")

        is Progress.Updated -> println(progress.prediction.status)

        is Progress.Retrying -> println(
            "${progress.error.sentenceForUser} Trying again in ${progress.after}.",
        )

        else -> {}
    }
}
