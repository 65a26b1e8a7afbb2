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

/** Cancelling a coroutine stops the polling, as the mock server's journal shows. */
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

    /** A job that does not end by itself, so only a cancellation can end the polling. */
    private suspend fun endlessJob(): Job {
        server.clock("""{"mode": "manual"}""")
        return client.submit(input)
    }

    private suspend fun polledOnce() {
        while (server.polls() == 0) delay(20)
    }

    /** Thirty times the pause between two polls. */
    private suspend fun assertNoMorePolls() {
        // A request that was on its way may still arrive.
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
            } catch (why: Throwable) {
                thrown = why
                throw why
            }
        }
        polledOnce()
        working.cancelAndJoin()
        assertTrue(thrown is CancellationException, "$thrown")
        assertNoMorePolls()
    }

    @Test
    fun `of a wait, and not the job`() = test {
        val job = endlessJob()
        assertStops { job.wait() }
        server.clock("""{"advance": "60s"}""")
        assertEquals(Status.COMPLETED, job.wait().status)
    }

    @Test
    fun `of a run`() = test {
        server.clock("""{"mode": "manual"}""")
        assertStops { client.run(input) }
    }

    @Test
    fun `of a collection of updates`() = test {
        val job = endlessJob()
        assertStops { job.updates().collect {} }
    }

    @Test
    fun `of a wait with a coroutine's own timeout`() = test {
        val job = endlessJob()
        val got = kotlinx.coroutines.withTimeoutOrNull(2.seconds) { job.wait() }
        assertEquals(null, got)
        assertTrue(server.polls() > 0)
        assertNoMorePolls()
    }
}
