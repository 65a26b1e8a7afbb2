package dev.viseme

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.net.URI
import java.nio.file.Path
import kotlin.io.path.fileSize
import kotlin.io.path.inputStream
import kotlin.io.path.readBytes
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

class ClientTest {
    private val server = MockServer()
    private val client = client(server.key)
    private val input = Input.audioToVideo(Media.of(voice), Media.of(face))

    private fun client(token: String?) =
        Client(Settings(server.url, token, pacing = Pacing.every(100.milliseconds)))

    @AfterEach
    fun close() {
        client.close()
        server.close()
    }

    @Test
    fun `a run ends with an output that can be downloaded`(@TempDir folder: Path) = test {
        val seen = mutableListOf<Progress>()
        val prediction = client.run(input) { seen += it }
        assertEquals(Status.COMPLETED, prediction.status)
        assertTrue(prediction.isTerminal)
        assertTrue(seen.first() is Progress.Checked, "$seen")
        assertTrue(
            seen.any {
                it is Progress.Uploading && it.field == "video" && it.sent == it.total
            },
        )
        assertTrue(seen.any { it is Progress.Submitted && it.jobId == prediction.id })
        assertTrue(seen.any { it is Progress.Updated && it.prediction == prediction })
        var received = 0L
        val saved = client.download(prediction, folder.resolve("result.mp4")) { so, _ ->
            received =
                so
        }
        assertEquals(saved.bytes, saved.path.fileSize())
        assertEquals(saved.bytes, received)
        val again = client.download(checkNotNull(prediction.outputUrl), folder)
        assertEquals(saved.bytes, again.bytes)
    }

    @Test
    fun `every form of media is taken`() = test {
        var sent = 0L
        val url = client.upload(Media.of(voice)) { so, _ -> sent = so }
        assertEquals(voice.fileSize(), sent)
        assertEquals(url, client.upload(Media.of(URI(url))))
        client.upload(Media.of(voice.readBytes(), "voice.mp3"))
        voice.inputStream().use { client.upload(Media.of(it, "voice.mp3")) }
    }

    @Test
    fun `a job is gone on with by its id alone`() = test {
        val id = client.submit(input).id
        client(server.key).use { later ->
            val states = later.job(id).updates().toList()
            assertEquals(Status.COMPLETED, states.last().status)
            assertEquals(states.last(), later.job(id).refresh())
            assertEquals(id, later.job(id).wait().id)
        }
    }

    @Test
    fun `a collection may end before the job`() = test {
        val job = client.submit(input)
        assertFalse(job.updates().first().isTerminal)
        assertEquals(Status.COMPLETED, job.wait().status)
    }

    @Test
    fun `a bad input is refused before anything is sent`() = test {
        val bad = Input.audioToVideo(
            Media.of("no sound".toByteArray(), "voice.mp3"),
            Media.of(face),
        )
        val report = client.check(bad)
        assertFalse(report.isOk)
        assertEquals(1280, report.media["video"]?.width)
        val why = assertThrows<InputException> { client.run(bad) }
        assertTrue(why.violations.any { it.field == "audio" && it.isError })
        assertEquals("invalid_input", why.code)
        assertFalse(server.journal().contains("\"method\""))
    }

    @Test
    fun `any model takes its parameters as plain values`() = test {
        val parameters = mapOf(
            "video" to Media.of(face),
            "text" to "Good \"evening\" \uD83D\uDE00",
            "voice_id" to "uk_man2",
            "voice_speed" to 1.5,
        )
        val job = client.submit(Input.of("kwaivgi/kling-lipsync/text-to-video", parameters))
        assertEquals("kwaivgi/kling-lipsync/text-to-video", job.wait().model)
        assertTrue(server.journal().contains("uk_man2"))
        assertThrows(IllegalArgumentException::class.java) {
            Input.of("a/b", mapOf("when" to Path.of(".")))
        }
    }

    @Test
    fun `a token can be replaced at any time`() = test {
        client("of-yesterday").use { app ->
            val why = assertThrows<AuthenticationException> { app.submit(input) }
            assertEquals(401, why.status)
            assertNotNull(why.body)
            app.setToken(server.key)
            assertEquals(Status.COMPLETED, app.run(input).status)
        }
        assertThrows(ConfigException::class.java) { client.setToken("") }
    }

    @Test
    fun `a wait that is too short names the job, which goes on`() = test {
        val why =
            assertThrows<WaitTimeoutException> {
                client.run(input, Options(timeout = 1.milliseconds))
            }
        val id = checkNotNull(why.jobId)
        assertTrue(why.message!!.contains(id))
        assertEquals(Status.COMPLETED, client.job(id).wait().status)
    }

    @Test
    fun `a lost submit is found by its record`() = test {
        server.fault("""{"at": "submit", "when": "after_accept", "do": "reset"}""")
        val settings = Settings(server.url, server.key, recoveryWindow = 0.seconds)
        val record = Client(settings).use { app ->
            val why = assertThrows<SubmissionUnknownException> { app.submit(input) }
            checkNotNull(why.record)
        }
        assertEquals(Status.COMPLETED, client.recover(SubmitRecord(record.json)).wait().status)
        assertEquals(1, Regex("\"job_id\"").findAll(server.ledger()).count(), server.ledger())
    }

    @Test
    fun `a listener that throws ends the run with its own exception`() = test {
        val why = assertThrows<IllegalStateException> { client.run(input) { error("enough") } }
        assertEquals("enough", why.message)
    }

    @Test
    fun `a negative duration is a wrong setting`() {
        val settings = Settings(timeout = (-1).seconds)
        assertThrows(ConfigException::class.java) { Client(settings) }
    }

    @Test
    fun `the token is in nothing that is printed`() = test {
        val settings = Settings(server.url, "a-secret-token")
        Client(settings).use { app ->
            val why = assertThrows<AuthenticationException> { app.submit(input) }
            for (text in listOf(
                "$settings",
                "$app",
                "$why",
                why.stackTraceToString(),
                "${why.body}",
            )) {
                assertFalse(text.contains("a-secret-token"), text)
            }
        }
    }
}

internal val voice: Path = MockServer.root.resolve("samples/voice.mp3")
internal val face: Path = MockServer.root.resolve("samples/face.mp4")

/** No test hangs for ever. */
internal fun test(block: suspend CoroutineScope.() -> Unit) =
    runBlocking { withTimeout(2.minutes) { block() } }
