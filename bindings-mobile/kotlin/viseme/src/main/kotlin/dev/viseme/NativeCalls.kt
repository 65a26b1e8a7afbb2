package dev.viseme

import dev.viseme.ffi.NativeEvent
import dev.viseme.ffi.NativeException
import dev.viseme.ffi.NativeTask

/** Runs [block], with what the native part throws as the exceptions of this module. */
internal inline fun <T> translated(block: () -> T): T = try {
    block()
} catch (why: NativeException) {
    throw why.toViseme()
}

/** What a mistake of our own says. */
internal const val WITHOUT_OUTCOME: String =
    "The native part of Viseme ended without an outcome. Please report this."

/**
 * Gives each event of a native task to [each], the last one as the result. However this ends,
 * cancellation included, nothing of the task goes on afterwards.
 */
internal suspend fun NativeTask.outcome(each: suspend (NativeEvent) -> Unit = {}): NativeEvent {
    var last: NativeEvent? = null
    forEach { event ->
        last?.let { each(it) }
        last = event
    }
    return checkNotNull(last) { WITHOUT_OUTCOME }
}

/** Gives each event of a native task to [each]. */
internal suspend fun NativeTask.forEach(each: suspend (NativeEvent) -> Unit) {
    try {
        while (true) each(translated { next() } ?: break)
    } finally {
        cancel()
        close()
    }
}

/** The caller's listener as one of native events. */
internal fun progress(listener: (suspend (Progress) -> Unit)?): suspend (NativeEvent) -> Unit =
    { event -> if (listener != null) event.toProgress()?.let { listener(it) } }
