package dev.viseme

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

class JsonTest {
    @Test
    fun `values are written as JSON`() {
        assertEquals("null", json(null))
        assertEquals("true", json(true))
        assertEquals("-7", json(-7))
        assertEquals("1.5", json(1.5))
        assertEquals("\"a\\\"b\\\\c\\u000a\\ud83d\\ude00é\"", json("a\"b\\c\n\uD83D\uDE00é"))
        assertEquals("""[1,"a",[null]]""", json(listOf(1, "a", listOf(null))))
        assertEquals(
            """{"a":1,"b":{"c":[]}}""",
            json(
                mapOf(
                    "a" to 1,
                    "b" to mapOf("c" to emptyList<Int>()),
                ),
            ),
        )
    }

    @Test
    fun `what JSON has no form for is refused`() {
        for (value in listOf(Double.NaN, Float.POSITIVE_INFINITY, Any(), mapOf(1 to 2))) {
            assertThrows<IllegalArgumentException> { json(value) }
        }
    }
}
