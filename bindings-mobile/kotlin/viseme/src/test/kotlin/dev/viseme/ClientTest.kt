package dev.viseme

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.net.URI
import java.nio.file.Path
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger
import java.util.logging.Handler
import java.util.logging.LogRecord
import java.util.logging.Logger
import kotlin.io.path.fileSize
import kotlin.io.path.inputStream
import kotlin.io.path.readBytes
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

class ClientTest {
    private val server = MockServer()
    private val client = client(server.key)
    private val input = Input.audioToVideo(Media.of(voice), Media.of(face))

    private fun client(apiKey: String?) =
        Client(Settings(server.url, apiKey, pacing = Pacing.every(100.milliseconds)))

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
        val saved = client.download(prediction, folder.resolve("result.mp4")) { sum, _ ->
            received = sum
        }
        assertEquals(saved.bytes, saved.path.fileSize())
        assertEquals(saved.bytes, received)
        val again = client.download(checkNotNull(prediction.outputUrl), folder)
        assertEquals(saved.bytes, again.bytes)
    }

    @Test
    fun `a damaged pacing file is a warning, and the run continues`(@TempDir folder: Path) = test {
        val file = folder.resolve("pacing.json")
        file.writeText("""{"viseme_pacing":1,"mod""")
        val warnings = CopyOnWriteArrayList<String>()
        val handler = object : Handler() {
            override fun publish(record: LogRecord) {
                if ("$file" in record.message) warnings += record.message
            }

            override fun flush() = Unit

            override fun close() = Unit
        }
        val logger = Logger.getLogger("dev.viseme")
        logger.addHandler(handler)
        try {
            val settings = Settings(server.url, server.key, pacingFile = file.toString())
            Client(settings).use { client ->
                assertEquals(1, warnings.size, "$warnings")
                assertEquals(Status.COMPLETED, client.run(input).status)
            }
        } finally {
            logger.removeHandler(handler)
        }
        assertTrue(warnings.single().startsWith("The pacing file is damaged"), "$warnings")
    }

    @Test
    fun `media can be paths, bytes, streams and URLs`() = test {
        var sent = 0L
        val url = client.upload(Media.of(voice)) { sum, _ -> sent = sum }
        assertEquals(voice.fileSize(), sent)
        assertEquals(url, client.upload(Media.of(URI(url))))
        client.upload(Media.of(voice.readBytes(), "voice.mp3"))
        voice.inputStream().use { client.upload(Media.of(it, "voice.mp3")) }
    }

    @Test
    fun `a job is resumed by its id`() = test {
        val id = client.submit(input).id
        client(server.key).use { later ->
            val states = later.job(id).updates().toList()
            assertEquals(Status.COMPLETED, states.last().status)
            val refreshed = later.job(id).refresh()
            assertNotNull(refreshed.requestId)
            assertEquals(states.last(), refreshed.copy(requestId = states.last().requestId))
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
    fun `an invalid input is rejected before anything is sent`() = test {
        val bad = Input.audioToVideo(
            Media.of("no sound".toByteArray(), "voice.mp3"),
            Media.of(face),
        )
        val report = client.check(bad)
        assertFalse(report.isOk)
        assertEquals(1280, report.media["video"]?.width)
        val thrown = assertThrows<InputException> { client.run(bad) }
        assertTrue(thrown.violations.any { it.field == "audio" && it.isError })
        assertEquals("invalid_input", thrown.code)
        assertFalse(server.journal().contains("\"method\""))
    }

    @Test
    fun `any model accepts its parameters as plain values`() = test {
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
    fun `the API key can be replaced at any time`() = test {
        client("expired").use { app ->
            val thrown = assertThrows<AuthenticationException> { app.submit(input) }
            assertEquals(401, thrown.status)
            assertNotNull(thrown.body)
            app.setApiKey(server.key)
            assertEquals(Status.COMPLETED, app.run(input).status)
        }
        assertThrows(ConfigException::class.java) { client.setApiKey("") }
    }

    @Test
    fun `a timeout names the job and the job continues`() = test {
        val thrown =
            assertThrows<WaitTimeoutException> {
                client.run(input, Options(timeout = 1.milliseconds))
            }
        val id = checkNotNull(thrown.jobId)
        assertTrue(thrown.message!!.contains(id))
        assertEquals(Status.COMPLETED, client.job(id).wait().status)
    }

    @Test
    fun `a lost submit is found by its record`() = test {
        server.fault("""{"at": "submit", "when": "after_accept", "do": "reset"}""")
        val settings = Settings(server.url, server.key, recoveryWindow = 0.seconds)
        val record = Client(settings).use { app ->
            val thrown = assertThrows<SubmissionUnknownException> { app.submit(input) }
            checkNotNull(thrown.record)
        }
        assertEquals(
            Status.COMPLETED,
            client.recover(SubmitRecord.fromJson(record.toJson())).wait().status,
        )
        assertEquals(1, Regex("\"job_id\"").findAll(server.ledger()).count(), server.ledger())
    }

    @Test
    fun `an exception of a callback is reported and the run continues`() = test {
        val reported = AtomicInteger()
        var events = 0
        val settings = Settings(server.url, server.key, pacing = Pacing.every(100.milliseconds))
        Client(settings, { reported.incrementAndGet() }).use { app ->
            val prediction = app.run(input) {
                if (it !is Progress.Submitting) {
                    events++
                    error("the callback of the test")
                }
            }
            assertEquals(Status.COMPLETED, prediction.status)
            assertTrue(events > 3, "$events")
            assertEquals(events, reported.get())
            assertEquals(Status.COMPLETED, app.job(prediction.id).wait { error("again") }.status)
        }
    }

    @Test
    fun `an exception at submitting prevents the submit`() = test {
        val prevents = IllegalStateException("the record cannot be saved")
        val callback: suspend (Progress) -> Unit = { if (it is Progress.Submitting) throw prevents }
        assertSame(
            prevents,
            assertThrows<IllegalStateException> { client.run(input, onProgress = callback) },
        )
        assertSame(
            prevents,
            assertThrows<IllegalStateException> { client.submit(input, onProgress = callback) },
        )
        assertFalse(server.journal().contains("/audio-to-video"))
        assertFalse(server.ledger().contains("\"job_id\""), server.ledger())
    }

    @Test
    fun `all outputs of a job are downloaded`(@TempDir folder: Path) = test {
        val prediction = client.run(input)
        val outputs = prediction.outputs + Output.Text("some words")
        val saved = client.downloadOutputs(prediction.copy(outputs = outputs), folder)
        assertEquals(2, saved.size)
        assertEquals(saved.map { it.bytes }, saved.map { it.path.fileSize() })
        assertThrows<DownloadException> {
            client.downloadOutputs(prediction.copy(outputs = emptyList()), folder)
        }
    }

    @Test
    fun `a cancellation in a callback ends the run`() = test {
        val cancelled = async {
            client.run(input) {
                cancel()
                delay(1)
            }
        }
        assertThrows<CancellationException> { cancelled.await() }
    }

    @Test
    fun `an invalid setting is an exception that names it`() {
        fun message(settings: Settings) =
            assertThrows(ConfigException::class.java) { Client(settings) }.message!!
        assertEquals(
            "Invalid value for `timeout`: must not be negative, got -1s.",
            message(Settings(timeout = (-1).seconds)),
        )
        assertEquals(
            "Invalid value for `maxConnections`: must be at least 1, got 0.",
            message(Settings(maxConnections = 0)),
        )
        assertEquals(
            "Invalid value for `pollsPerJob`: must be a number from 1 to 1000, got 0.5.",
            message(Settings(pollsPerJob = 0.5)),
        )
        val url = message(Settings("ftp://host", "key"))
        assertTrue(url.startsWith("Invalid value for `baseUrl`: "), url)
    }

    @Test
    fun `an option that does not apply is an exception`() = test {
        val thrown = assertThrows<ConfigException> {
            client.submit(input, Options(timeout = 1.seconds))
        }
        assertTrue(thrown.message!!.contains("`options.timeout`"))
    }

    @Test
    fun `the API key is never printed`() = test {
        val settings = Settings(server.url, "a-secret-token")
        Client(settings).use { app ->
            val thrown = assertThrows<AuthenticationException> { app.submit(input) }
            for (text in listOf(
                "$settings",
                "$app",
                "$thrown",
                thrown.stackTraceToString(),
                "${thrown.body}",
            )) {
                assertFalse(text.contains("a-secret-token"), text)
            }
        }
    }
}

internal val voice: Path = MockServer.root.resolve("samples/voice.mp3")
internal val face: Path = MockServer.root.resolve("samples/face.mp4")

/** Runs a test with a time limit. */
internal fun test(block: suspend CoroutineScope.() -> Unit) =
    runBlocking { withTimeout(2.minutes) { block() } }
