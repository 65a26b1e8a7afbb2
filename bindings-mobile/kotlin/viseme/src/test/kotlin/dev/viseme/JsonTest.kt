package dev.viseme

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

class JsonTest {
    @Test
    fun `values are written as JSON`() {
        assertEquals("null", json(null).toString())
        assertEquals("true", json(true).toString())
        assertEquals("-7", json(-7).toString())
        assertEquals("1.5", json(1.5).toString())
        assertEquals("\"a\\\"b\\\\c\\né\"", json("a\"b\\c\né").toString())
        assertEquals("""[1,"a",[null]]""", json(listOf(1, "a", listOf(null))).toString())
        assertEquals(
            """{"a":1,"b":{"c":[]}}""",
            json(
                mapOf(
                    "a" to 1,
                    "b" to mapOf("c" to emptyList<Int>()),
                ),
            ).toString(),
        )
    }

    @Test
    fun `values without a form in JSON are rejected`() {
        for (value in listOf(Double.NaN, Float.POSITIVE_INFINITY, Any(), mapOf(1 to 2))) {
            assertThrows<IllegalArgumentException> { json(value) }
        }
    }
}
