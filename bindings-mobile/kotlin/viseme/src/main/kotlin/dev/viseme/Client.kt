package dev.viseme

import dev.viseme.ffi.NativeClient
import dev.viseme.ffi.NativeEvent
import dev.viseme.ffi.NativeTask
import java.nio.file.Path
import kotlin.io.path.Path

/**
 * A client of the service. Safe to use from many coroutines at once; make one and keep it.
 *
 * Cancelling a coroutine that waits here ends the requests and the polling at once. It never
 * cancels a job that was submitted, which is paid for: [job] goes on with it.
 *
 * @throws ConfigException where the settings cannot be used
 */
public class Client(settings: Settings = Settings()) : AutoCloseable {
    internal val native: NativeClient = translated { NativeClient.open(settings.toNative()) }

    /**
     * Uses another bearer token for every request from now on, also of what is under way.
     *
     * @throws ConfigException where it is empty or cannot be sent in a header
     */
    public fun setToken(token: String): Unit = translated { native.setToken(token) }

    /**
     * Checks, uploads, submits and waits: from an input to the completed prediction. The POST that
     * costs money is sent at most once.
     *
     * @param onProgress is told what goes on, in the calling coroutine; what it throws ends the run
     *   as a cancellation does
     * @throws InputException where the input is refused; nothing was spent
     * @throws JobException where the job does not complete, or not in time
     * @throws VisemeException where anything else failed, with the job's id once there is one
     */
    public suspend fun run(
        input: Input,
        options: Options = Options(),
        onProgress: (suspend (Progress) -> Unit)? = null,
    ): Prediction =
        start { run(input.toNative(), options.toNative()) }.outcome(progress(onProgress)).ended()

    /**
     * Checks, uploads and submits, and does not wait for the result. The POST that costs money is
     * sent at most once.
     *
     * @throws InputException where the input is refused; nothing was spent
     * @throws SubmissionUnknownException where the answer was lost and the job was not found
     * @throws VisemeException where anything else failed
     */
    public suspend fun submit(
        input: Input,
        options: Options = Options(),
        onProgress: (suspend (Progress) -> Unit)? = null,
    ): Job = job(
        start { submit(input.toNative(), options.toNative()) }.outcome(progress(onProgress)),
    )

    /**
     * Finds the job of a submit whose answer was lost, in this process or in one that died.
     *
     * @param record that of [Progress.Submitting] or [SubmissionUnknownException]
     * @throws SubmissionUnknownException where it is not found, or could be one of several
     */
    public suspend fun recover(record: SubmitRecord): Job =
        job(start { recover(record.json) }.outcome())

    /** A handle on a job that was submitted before, here or in another process. Asks nothing. */
    public fun job(id: String): Job = Job(this, id)

    /**
     * Judges an input and its media by the rules of its model. Nothing is sent but ranged reads of
     * media behind URLs, and nothing is spent.
     *
     * @throws VisemeException where a medium cannot be read
     */
    public suspend fun check(input: Input): Report {
        val checked = start { check(input.toNative()) }.outcome()
        return (checked as NativeEvent.Checked).report.toReport()
    }

    /**
     * Uploads one medium and gives the URL under which the service finds it, for seven days.
     *
     * @param onProgress is told how many bytes of how many are out
     * @throws UploadException where it cannot be read or sent
     */
    public suspend fun upload(
        media: Media,
        onProgress: (suspend (sent: Long, total: Long) -> Unit)? = null,
    ): String {
        val uploaded = start { upload(media.native) }.outcome { event ->
            if (event is NativeEvent.Uploading) {
                onProgress?.invoke(
                    event.sent.toLong(),
                    event.total.toLong(),
                )
            }
        }
        return (uploaded as NativeEvent.Uploaded).url
    }

    /**
     * Downloads an output to a file, or into an existing folder under a name taken from the URL.
     *
     * @param maxBytes the largest file that is taken
     * @param onProgress is told how many bytes have come, and of how many where the server says
     * @throws DownloadException where it cannot be had or written
     */
    public suspend fun download(
        url: String,
        to: Path,
        maxBytes: Long? = null,
        onProgress: (suspend (received: Long, total: Long?) -> Unit)? = null,
    ): DownloadedFile = download(Output.Url(url), null, to, maxBytes, onProgress)

    /**
     * Downloads the first output of a completed prediction, also one that came as base64.
     *
     * @param maxBytes the largest file that is taken
     * @param onProgress is told how many bytes have come, and of how many where the server says
     * @throws DownloadException where it cannot be had or written, or there is none
     */
    public suspend fun download(
        prediction: Prediction,
        to: Path,
        maxBytes: Long? = null,
        onProgress: (suspend (received: Long, total: Long?) -> Unit)? = null,
    ): DownloadedFile =
        download(prediction.outputs.firstOrNull(), prediction.id, to, maxBytes, onProgress)

    /** Gives up the connections. What is under way goes on to its end. */
    override fun close(): Unit = native.close()

    private suspend fun download(
        output: Output?,
        jobId: String?,
        to: Path,
        maxBytes: Long?,
        onProgress: (suspend (Long, Long?) -> Unit)?,
    ): DownloadedFile {
        val task = start {
            download(output?.toNative(), jobId, to.toString(), maxBytes?.toULong())
        }
        val saved = task.outcome { event ->
            if (event is NativeEvent.Downloading) {
                onProgress?.invoke(event.received.toLong(), event.total?.toLong())
            }
        }
        return (saved as NativeEvent.Saved).let { DownloadedFile(Path(it.path), it.bytes.toLong()) }
    }

    private fun job(submitted: NativeEvent): Job {
        submitted as NativeEvent.Submitted
        return Job(this, submitted.jobId, submitted.prediction?.toPrediction())
    }

    internal inline fun start(begin: NativeClient.() -> NativeTask): NativeTask =
        translated { native.begin() }
}

/** The last state of a job: one of before would mean that the native part broke off. */
internal fun NativeEvent.ended(): Prediction =
    (this as? NativeEvent.Updated)?.prediction?.takeIf { it.isTerminal }?.toPrediction()
        ?: error(WITHOUT_OUTCOME)

internal fun NativeEvent.updated() = (this as NativeEvent.Updated).prediction.toPrediction()
