package dev.viseme

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.io.path.readText
import kotlin.time.Duration.Companion.milliseconds

/** The exceptions match conformance/errors.yaml. */
class ExceptionsTest {
    private val table = MockServer.root.resolve("conformance/errors.yaml").readText()

    private fun info(code: String) = Json.parseToJsonElement(
        """
        {"code": "$code", "message": "Why.", "causes": ["nearest", "first"], "attempts": 2,
        "jobId": "job", "appCode": 1200, "status": 500, "requestId": "request",
        "retryAfterMs": 1500, "body": "{}"}
        """,
    ).jsonObject

    @Test
    fun `every code has the class of the table`() {
        val rows = Regex(
            """- code: (\w+)\s+kind: \w+\s+class: (\w+)Error\n""",
        ).findAll(table).toList()
        assertEquals(Regex("""- code: """).findAll(table).count(), rows.size)
        // Webhooks and ledgers are for servers, so an app never gets these errors.
        for (row in rows.filter { it.groupValues[1] !in setOf("webhook", "ledger") }) {
            val (code, name) = row.destructured
            val thrown = exception(info(code))
            assertEquals("${name}Exception", thrown::class.simpleName)
            assertEquals(code, thrown.code)
        }
    }

    @Test
    fun `every class has the base of the table`() {
        val bases = Regex("""name: (\w+)Error, base: (\w+)Error""").findAll(table).toList()
        assertTrue(bases.size > 15)
        for (row in bases.filter { it.groupValues[1] !in setOf("Webhook", "Ledger") }) {
            val (name, base) = row.destructured
            val type = Class.forName("dev.viseme.${name}Exception")
            assertEquals("${base}Exception", type.superclass.simpleName)
        }
    }

    @Test
    fun `an exception has the details of the error`() {
        val thrown = exception(info("server"))
        assertEquals("Why.", thrown.message)
        assertEquals("nearest", thrown.cause?.message)
        assertEquals("first", thrown.cause?.cause?.message)
        assertEquals(2, thrown.attempts)
        assertEquals("job", thrown.jobId)
        assertEquals(1200L, thrown.appCode)
        assertEquals(500, thrown.status)
        assertEquals("request", thrown.requestId)
        assertEquals("{}", thrown.body)
        assertEquals(1500.milliseconds, thrown.retryAfter)
    }

    @Test
    fun `settings in messages have their names in Kotlin`() {
        val info = jsonObject(
            "code" to "config",
            "message" to "Set `WAVE_KEY`, `api_key` or `max_polls_a`.",
            "attempts" to 1,
        )
        assertEquals("Set `WAVE_KEY`, `apiKey` or `maxPollsA`.", exception(info).message)
    }
}
