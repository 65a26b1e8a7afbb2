package dev.viseme

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Cancelling a coroutine stops polling: the mock server's journal shows no more polls. */
class CancellationTest {
    private val server = MockServer()
    private val client =
        Client(Settings(server.url, server.key, pacing = Pacing.every(50.milliseconds)))
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
