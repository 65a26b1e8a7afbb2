package dev.viseme

import dev.viseme.ffi.NativeJob
import dev.viseme.ffi.NativeTask
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlin.time.Duration

/**
 * A handle on a submitted job.
 *
 * @property prediction the response to the submit, if this handle comes from one
 */
public class Job internal constructor(
    private val client: Client,
    private val native: NativeJob,
    public val prediction: Prediction?,
) {
    /** The job's id: it is all you need to resume the job in another process, on another day. */
    public val id: String = native.id()

    /**
     * Waits for the completed prediction.
     *
     * The service may not know a new job yet, so an unknown id is a [NotFoundException] only after 30
     * seconds to a minute. [refresh] throws it at once.
     *
     * @param timeout how long to wait from now. Default: the timeout of the client's settings
     * @param headers additional headers for the requests to the API
     * @param onProgress receives every progress event, in the calling coroutine
     * @throws JobException if the job does not complete, or not in time; it continues in this case
     * @throws VisemeException if polling failed too often
     */
    public suspend fun wait(
        timeout: Duration? = null,
        headers: Map<String, String> = emptyMap(),
        onProgress: (suspend (Progress) -> Unit)? = null,
    ): Prediction {
        val task = start(
            "wait",
            "timeoutMs" to timeout?.milliseconds("timeout"),
            "headers" to headers,
            "progress" to true,
        )
        return task.outcome(onEvent = client.progress(onProgress)).prediction()
    }

    /**
     * Returns the states of the job as they change. The last one is terminal, and not always
     * `completed`. Polling starts and ends with the collection.
     *
     * @param timeout how long to wait from the start of the collection. Default: the timeout of the
     *   client's settings
     * @param headers additional headers for the requests to the API
     * @throws WaitTimeoutException if the job does not end in time; it continues
     */
    public fun updates(
        timeout: Duration? = null,
        headers: Map<String, String> = emptyMap(),
    ): Flow<Prediction> = flow {
        val limit = timeout?.milliseconds("timeout")
        start("updates", "timeoutMs" to limit, "headers" to headers).messages { message ->
            message.fieldsOrNull("item")?.let { emit(prediction(it)) }
        }
    }

    /**
     * Asks once for the job's state.
     *
     * @param headers additional headers for the request
     * @throws NotFoundException if there is no such job, or no longer
     */
    public suspend fun refresh(headers: Map<String, String> = emptyMap()): Prediction =
        start("refresh", "headers" to headers).outcome().prediction()

    private fun start(operation: String, vararg parameters: Pair<String, Any?>): NativeTask =
        translated { native.start(jsonObject("op" to operation, *parameters).toString()) }

    /** The id. */
    override fun toString(): String = "Job($id)"
}
