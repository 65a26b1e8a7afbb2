package dev.viseme

import dev.viseme.ffi.NativeClient
import dev.viseme.ffi.NativeTask
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Path
import kotlin.time.Duration

/**
 * A client of the service. Safe to use from many coroutines at once; make one and keep it.
 *
 * Cancelling a coroutine that waits here stops requests and polling at once. A submitted job
 * continues and is charged: [job] resumes it.
 *
 * An exception that an `onProgress` throws at [Progress.Submitting] prevents the submit: nothing is
 * sent, and the operation throws this exception. At every other event, it is reported to
 * [onCallbackError], and the operation continues.
 *
 * @param onCallbackError receives each exception that an `onProgress` throws, except at
 *   [Progress.Submitting]. Default: logs it as a warning of the `java.util.logging` logger
 *   `dev.viseme`
 * @param onOpenJob receives each job that a cancelled `run` or `submit` leaves open. It must not
 *   throw. A warning of the logger `dev.viseme` also names the job. Default: does nothing
 * @throws ConfigException if a setting is invalid
 */
public class Client(
    settings: Settings = Settings(),
    private val onCallbackError: (Throwable) -> Unit = ::logCallbackError,
    private val onOpenJob: (OpenJob) -> Unit = {},
) : AutoCloseable {
    private val native: NativeClient =
        translated { NativeClient.open(settings.config().toString()) }.also { logNativeWarnings() }

    /**
     * Replaces the API key, or the bearer token of your backend, for every later request, including
     * the requests of operations in progress.
     *
     * @throws ConfigException if the key is empty or cannot be sent in a header
     */
    public fun setApiKey(apiKey: String): Unit = translated { native.setApiKey(apiKey) }

    /**
     * Checks, uploads, submits and waits: from an input to the completed prediction. The POST that
     * costs money is accepted at most once.
     *
     * @param onProgress receives every progress event, in the calling coroutine. The POST waits
     *   until it has returned from [Progress.Submitting]; if it throws there, nothing is sent, and
     *   this function throws the same exception
     * @throws InputException if the input is invalid; nothing was submitted
     * @throws JobException if the job does not complete, or not in time
     * @throws VisemeException if anything else fails, with the job's id once there is one
     */
    public suspend fun run(
        input: Input,
        options: Options = Options(),
        onProgress: (suspend (Progress) -> Unit)? = null,
    ): Prediction {
        val task = start("run", input, "options" to options.json(), "progress" to true)
        return task.outcome(::reportOpenJob, progress(onProgress)).prediction()
    }

    /**
     * Checks, uploads and submits, and does not wait for the result. The POST that costs money is
     * accepted at most once.
     *
     * @param options how to submit; `timeout` must be `null`
     * @param onProgress receives every progress event, as in [run]
     * @throws InputException if the input is invalid; nothing was submitted
     * @throws SubmissionUnknownException if the submit got no response and the job was not found
     * @throws VisemeException if anything else fails
     */
    public suspend fun submit(
        input: Input,
        options: Options = Options(),
        onProgress: (suspend (Progress) -> Unit)? = null,
    ): Job {
        if (options.timeout != null) {
            throw invalidParameter(
                "options.timeout",
                "must be null, because `submit` does not wait. Pass it to `wait`",
            )
        }
        val task = start("submit", input, "options" to options.json(), "progress" to true)
        return job(task.outcome(::reportOpenJob, progress(onProgress)))
    }

    /**
     * Finds the job of a submit that got no response, in this process or in one that died.
     *
     * @param record the record of [Progress.Submitting] or [SubmissionUnknownException]
     * @param exclude ids of jobs that belong to other submits
     * @param sentWithin how long after the time of the record the submit may have been sent
     * @param matchByTime adopts the only job of the same model and time if the history contains no
     *   inputs
     * @throws SubmissionUnknownException if no job, or more than one, matches
     */
    public suspend fun recover(
        record: SubmitRecord,
        exclude: Collection<String> = emptyList(),
        sentWithin: Duration? = null,
        matchByTime: Boolean = false,
    ): Job {
        val task = start(
            "recover",
            "record" to record.json(),
            "exclude" to exclude,
            "sentWithinMs" to sentWithin?.milliseconds("sentWithin"),
            "matchByTime" to matchByTime,
        )
        return job(task.outcome())
    }

    /**
     * Returns a handle on a job that was submitted before, here or in another process. Sends
     * nothing.
     */
    public fun job(id: String): Job = Job(this, native.job(id), null)

    /**
     * Checks an input and its media against the rules of its model. Sends nothing, except requests
     * for parts of media behind URLs, and costs nothing.
     *
     * @throws VisemeException if a medium cannot be read
     */
    public suspend fun check(input: Input): Report =
        report(start("check", input).outcome().fields())

    /**
     * Uploads one medium and returns the URL at which the service reads it for seven days.
     *
     * @param onProgress receives the bytes sent so far and the size
     * @throws UploadException if it cannot be read or sent
     */
    public suspend fun upload(
        media: Media,
        onProgress: (suspend (sent: Long, total: Long) -> Unit)? = null,
    ): String {
        val contents = mutableListOf<ByteArray>()
        val medium = media.json(contents)
        val task = start("upload", contents, "medium" to medium, "progress" to true)
        val uploaded = task.outcome { event ->
            runCallback { onProgress?.invoke(event.long("sent"), event.long("total")) }
        }
        return (uploaded.value as JsonPrimitive).content
    }

    /**
     * Downloads an output to a file, or into an existing folder under a name taken from the URL.
     *
     * @param maxBytes the largest size to accept
     * @param onProgress receives the bytes received so far, and the size if the server says it
     * @throws DownloadException if it cannot be downloaded or written
     */
    public suspend fun download(
        url: String,
        to: Path,
        maxBytes: Long? = null,
        onProgress: (suspend (received: Long, total: Long?) -> Unit)? = null,
    ): DownloadedFile = download(Output.Url(url), null, to, maxBytes, onProgress)

    /**
     * Downloads the first output of a completed prediction, also base64 output.
     *
     * @param maxBytes the largest size to accept
     * @param onProgress receives the bytes received so far, and the size if the server says it
     * @throws DownloadException if it cannot be downloaded or written, or if there is none
     */
    public suspend fun download(
        prediction: Prediction,
        to: Path,
        maxBytes: Long? = null,
        onProgress: (suspend (received: Long, total: Long?) -> Unit)? = null,
    ): DownloadedFile =
        download(prediction.outputs.firstOrNull(), prediction.id, to, maxBytes, onProgress)

    /**
     * Downloads all outputs of a completed prediction, one after the other, into an existing folder
     * or to a file; the others are then saved next to it.
     *
     * @param maxBytes the largest size of one output to accept
     * @param onProgress receives the bytes of the current output received so far, and its size if
     *   the server says it
     * @return the files, in the order of the outputs
     * @throws DownloadException if an output cannot be downloaded or written, or if there is none.
     *   The message names the files that were saved before
     */
    public suspend fun downloadOutputs(
        prediction: Prediction,
        to: Path,
        maxBytes: Long? = null,
        onProgress: (suspend (received: Long, total: Long?) -> Unit)? = null,
    ): List<DownloadedFile> {
        maxBytes?.let { checkAtLeast(0, it, "maxBytes") }
        val task = start(
            "downloadOutputs",
            "outputs" to prediction.outputs.map { it.json() },
            "jobId" to prediction.id,
            "to" to to.toString(),
            "maxBytes" to maxBytes,
            "progress" to true,
        )
        val downloaded = task.outcome { event ->
            runCallback { onProgress?.invoke(event.long("received"), event.longOrNull("total")) }
        }
        return (downloaded.value as JsonArray).map { downloadedFile(it as JsonObject) }
    }

    /** Closes the connections. Operations in progress continue. */
    override fun close(): Unit = native.close()

    private suspend fun download(
        output: Output?,
        jobId: String?,
        to: Path,
        maxBytes: Long?,
        onProgress: (suspend (Long, Long?) -> Unit)?,
    ): DownloadedFile {
        maxBytes?.let { checkAtLeast(0, it, "maxBytes") }
        val task = start(
            "download",
            "output" to output?.json(),
            "jobId" to jobId,
            "to" to to.toString(),
            "maxBytes" to maxBytes,
            "progress" to true,
        )
        val downloaded = task.outcome { event ->
            runCallback { onProgress?.invoke(event.long("received"), event.longOrNull("total")) }
        }
        return downloadedFile(downloaded.fields())
    }

    private fun start(
        operation: String,
        input: Input,
        vararg parameters: Pair<String, Any?>,
    ): NativeTask {
        val contents = mutableListOf<ByteArray>()
        return start(operation, contents, "input" to input.json(contents), *parameters)
    }

    private fun start(operation: String, vararg parameters: Pair<String, Any?>): NativeTask =
        start(operation, emptyList(), *parameters)

    private fun start(
        operation: String,
        contents: List<ByteArray>,
        vararg parameters: Pair<String, Any?>,
    ): NativeTask {
        val request = jsonObject("op" to operation, *parameters).toString()
        return translated { native.start(request, contents) }
    }

    private fun job(outcome: Outcome): Job {
        val value = outcome.value.takeIf { it !is JsonNull } as JsonObject?
        return Job(this, outcome.job ?: throw bug("returned no job"), value?.let(::prediction))
    }

    /** Returns a function that passes events to the callback of the user. */
    internal fun progress(
        onProgress: (suspend (Progress) -> Unit)?,
    ): suspend (JsonObject) -> Unit = { event ->
        val progress = if (onProgress == null) null else progressOf(event)
        if (progress is Progress.Submitting) {
            // An exception ends the native task before it sends anything.
            onProgress?.invoke(progress)
            currentCoroutineContext().ensureActive()
        } else if (progress != null) {
            runCallback { onProgress?.invoke(progress) }
        }
    }

    private fun reportOpenJob(job: OpenJob) {
        logOpenJob(job)
        onOpenJob(job)
    }

    /** Calls a callback of the user and reports what it throws. */
    private suspend fun runCallback(callback: suspend () -> Unit) {
        reportErrors(onCallbackError, callback)
    }
}
