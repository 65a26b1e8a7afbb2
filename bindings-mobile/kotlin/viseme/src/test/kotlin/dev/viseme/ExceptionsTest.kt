package dev.viseme

import dev.viseme.ffi.NativeErrorInfo
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.io.path.readText

/** The exceptions are those of the one table, conformance/errors.yaml. */
class ExceptionsTest {
    private val table = MockServer.root.resolve("conformance/errors.yaml").readText()

    private fun info(code: String) = NativeErrorInfo(
        code = code, explanation = "Why.", causes = listOf("nearest", "first"), attempts = 2u,
        jobId = "job", appCode = 1200, prediction = null, status = 500u, requestId = "request",
        retryAfter = null, body = "{}", violations = emptyList(), record = null,
        candidates = emptyList(),
    )

    @Test
    fun `every code has the class of the table`() {
        val rows = Regex(
            """- code: (\w+)\s+kind: \w+\s+class: (\w+)Error\n""",
        ).findAll(table).toList()
        assertEquals(Regex("""- code: """).findAll(table).count(), rows.size)
        // Webhooks are for servers, so an app never sees that one.
        for (row in rows.filter { it.groupValues[1] != "webhook" }) {
            val (code, name) = row.destructured
            val thrown = info(code).toException()
            assertEquals("${name}Exception", thrown::class.simpleName)
            assertEquals(code, thrown.code)
        }
    }

    @Test
    fun `every class has the base of the table`() {
        val bases = Regex("""name: (\w+)Error, base: (\w+)Error""").findAll(table).toList()
        assertTrue(bases.size > 15)
        for (row in bases.filter { it.groupValues[1] != "Webhook" }) {
            val (name, base) = row.destructured
            val type = Class.forName("dev.viseme.${name}Exception")
            assertEquals("${base}Exception", type.superclass.simpleName)
        }
    }

    @Test
    fun `an exception carries what is known`() {
        val thrown = info("server").toException()
        assertEquals("Why.", thrown.message)
        assertEquals("nearest", thrown.cause?.message)
        assertEquals("first", thrown.cause?.cause?.message)
        assertEquals(2, thrown.attempts)
        assertEquals("job", thrown.jobId)
        assertEquals(1200L, thrown.appCode)
        assertEquals(500, thrown.status)
        assertEquals("request", thrown.requestId)
        assertEquals("{}", thrown.body)
    }
}
