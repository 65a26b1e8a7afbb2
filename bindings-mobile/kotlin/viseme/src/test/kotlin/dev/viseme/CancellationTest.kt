package dev.viseme

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Cancelling a coroutine stops polling: the mock server's journal shows no more polls. */
class CancellationTest {
    private val server = MockServer()
    private val open = CopyOnWriteArrayList<OpenJob>()
    private val client = Client(
        Settings(server.url, server.key, pacing = Pacing.every(50.milliseconds)),
        onOpenJob = { open += it },
    )
    private val input = Input.audioToVideo(Media.of(voice), Media.of(face))

    @AfterEach
    fun close() {
        client.close()
        server.close()
    }

    /** Submits a job in a world with a stopped clock: only a cancellation ends polling. */
    private suspend fun endlessJob(): Job {
        server.clock("""{"mode": "manual"}""")
        return client.submit(input)
    }

    private suspend fun waitForAPoll() {
        while (server.polls() == 0) delay(20)
    }

    /** Waits thirty times as long as the pause between two polls. */
    private suspend fun assertNoMorePolls() {
        // A request in transit may still arrive.
        delay(500)
        val polls = server.polls()
        delay(1_500)
        assertEquals(polls, server.polls())
    }

    private suspend fun CoroutineScope.assertStops(work: suspend () -> Unit) {
        var thrown: Throwable? = null
        val working = launch {
            try {
                work()
            } catch (cancelled: Throwable) {
                thrown = cancelled
                throw cancelled
            }
        }
        waitForAPoll()
        working.cancelAndJoin()
        assertTrue(thrown is CancellationException, "$thrown")
        assertNoMorePolls()
    }

    @Test
    fun `cancelling a wait stops polling and the job continues`() = test {
        val job = endlessJob()
        assertStops { job.wait() }
        server.clock("""{"advance": "60s"}""")
        assertEquals(Status.COMPLETED, job.wait().status)
    }

    @Test
    fun `cancelling a run stops polling`() = test {
        server.clock("""{"mode": "manual"}""")
        assertStops { client.run(input) }
        // The job that the run leaves open can be resumed.
        val job = open.single() as OpenJob.Accepted
        server.clock("""{"advance": "60s"}""")
        assertEquals(Status.COMPLETED, client.job(job.id).wait().status)
    }

    @Test
    fun `cancelling during the submit returns its record`() = test {
        server.fault("""{"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}""")
        val running = launch { client.run(input) }
        while (!server.ledger().contains("\"job_id\"")) delay(20)
        running.cancelAndJoin()
        val sent = open.single() as OpenJob.Sent
        assertEquals(Status.COMPLETED, client.recover(sent.record).wait().status)
        assertEquals(1, Regex("\"job_id\"").findAll(server.ledger()).count(), server.ledger())
    }

    @Test
    fun `cancelling before the submit leaves no job open`() = test {
        val running = launch {
            client.run(input) { if (it is Progress.Submitting) this.coroutineContext.cancel() }
        }
        running.join()
        assertTrue(open.isEmpty(), "$open")
        assertFalse(server.journal().contains("/audio-to-video"))
    }

    @Test
    fun `cancelling a collection of updates stops polling`() = test {
        val job = endlessJob()
        assertStops { job.updates().collect {} }
    }

    @Test
    fun `a timeout of the coroutine stops polling`() = test {
        val job = endlessJob()
        val result = kotlinx.coroutines.withTimeoutOrNull(2.seconds) { job.wait() }
        assertEquals(null, result)
        assertTrue(server.polls() > 0)
        assertNoMorePolls()
    }
}
