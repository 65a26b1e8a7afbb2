package dev.viseme

/**
 * A value of a parameter as JSON.
 *
 * @throws IllegalArgumentException where JSON has no form for it
 */
internal fun json(value: Any?): String = buildString { value(value) }

private fun StringBuilder.value(value: Any?) {
    when (value) {
        null, is Boolean, is Int, is Long, is Short, is Byte -> append(value.toString())

        is Double, is Float -> {
            require((value as Number).toDouble().isFinite()) { "JSON has no form for $value." }
            append(value.toString())
        }

        is CharSequence -> quoted(value)

        // Not any `Iterable`: a path is one, of itself.
        is Collection<*> -> items('[', ']', value) { value(it) }

        is Map<*, *> -> items('{', '}', value.entries) { (name, inner) ->
            require(name is CharSequence) { "JSON has only text for keys, not $name." }
            quoted(name)
            append(':')
            value(inner)
        }

        else -> throw IllegalArgumentException("JSON has no form for a ${value::class.simpleName}.")
    }
}

private fun <T> StringBuilder.items(open: Char, close: Char, all: Iterable<T>, one: (T) -> Unit) {
    append(open)
    all.forEachIndexed { index, item ->
        if (index > 0) append(',')
        one(item)
    }
    append(close)
}

private fun StringBuilder.quoted(text: CharSequence) {
    append('"')
    for (char in text) {
        when {
            char == '"' || char == '\\' -> append('\\').append(char)

            // Half a pair of surrogates is no character; escaped, it is still told apart.
            char < ' ' || char.isSurrogate() -> append("\\u%04x".format(char.code))

            else -> append(char)
        }
    }
    append('"')
}
