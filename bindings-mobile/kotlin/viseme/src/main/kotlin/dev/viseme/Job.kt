package dev.viseme

import dev.viseme.ffi.NativeEvent
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlin.time.Duration

/**
 * A handle on a submitted job.
 *
 * @property id the job's id: all that is needed to go on in another process, on another day
 * @property prediction what the service answered to the submit, where this handle comes from one
 */
public class Job internal constructor(
    private val client: Client,
    public val id: String,
    public val prediction: Prediction? = null,
) {
    /**
     * Waits for the completed prediction.
     *
     * @param timeout how long, from now; that of the client's settings where `null`
     * @param onProgress is told what goes on, in the calling coroutine
     * @throws JobException where the job does not complete, or not in time; it goes on then
     * @throws VisemeException where polling failed too often
     */
    public suspend fun wait(
        timeout: Duration? = null,
        onProgress: (suspend (Progress) -> Unit)? = null,
    ): Prediction = client.start {
        wait(id, timeout?.native("timeout"))
    }.outcome(progress(onProgress)).ended()

    /**
     * The states of the job as they change, the last of them terminal, also where that is not
     * `completed`. Polling begins with the collection and ends with it.
     *
     * @param timeout how long, from the collection on; that of the client's settings where `null`
     * @throws WaitTimeoutException where the job is not over in time; it goes on then
     */
    public fun updates(timeout: Duration? = null): Flow<Prediction> = flow {
        client.start { updates(id, timeout?.native("timeout")) }.forEach { event: NativeEvent ->
            emit(event.updated())
        }
    }

    /**
     * Asks once for the state.
     *
     * @throws NotFoundException where there is no such job, or no longer
     */
    public suspend fun refresh(): Prediction = client.start { refresh(id) }.outcome().updated()

    /** The id. */
    override fun toString(): String = "Job($id)"
}
