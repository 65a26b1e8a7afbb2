// The driver of the conformance suite: executes its operations and reports the outcomes.
package dev.viseme.conformance

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import java.net.Socket
import java.util.concurrent.ConcurrentHashMap
import kotlin.system.exitProcess

private val FEATURES = listOf(
    "run", "check", "upload", "presigned_uploads", "submit", "job_wait", "job_updates",
    "job_refresh", "download", "download_outputs", "recover", "any_model", "media_path",
    "media_bytes", "media_stream", "media_url", "media_checks", "sync", "base64", "webhook",
    "request_headers", "prediction_request_id", "deadline", "request_timeout", "pacing",
    "learned_pacing", "retry_settings", "recovery", "submit_limits", "client_name", "set_api_key",
    "progress", "before_submit", "save_record", "progress_errors", "error_codes", "error_classes",
    "error_category", "error_attributes", "cancel", "virtual_clock", "parallel",
)

fun main() {
    val (host, port) = System.getenv("VISEME_CONFORMANCE").split(':')
    Connection(Socket(host, port.toInt())).serve()
    exitProcess(0)
}

/** The connection to the harness, and the operations in progress. */
private class Connection(private val socket: Socket) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val operations = Operations()
    private val tasks = ConcurrentHashMap<String, Deferred<JsonObject>>()
    private val out = socket.getOutputStream().bufferedWriter()

    fun serve() {
        send(
            json(
                "type" to "hello",
                "protocol" to 1,
                "name" to "kotlin",
                "version" to "0.1.0",
                "language" to "kotlin",
                "features" to FEATURES,
            ),
        )
        for (line in socket.getInputStream().bufferedReader().lineSequence()) {
            val message = Json.parseToJsonElement(line) as JsonObject
            when (message.text("type")) {
                "run" -> run(message)
                "cancel" -> tasks[message.text("id")]?.cancel()
                "close" -> operations.close(message.text("client")!!)
                "bye" -> return
            }
        }
    }

    private fun run(message: JsonObject) {
        val id = message.text("id")!!
        val events = Events()
        val work = scope.async(start = CoroutineStart.LAZY) { operations.execute(message, events) }
        tasks[id] = work
        if (message.flag("cancelled_before") == true) work.cancel()
        scope.launch {
            val outcome = try {
                work.await()
            } catch (cancelled: CancellationException) {
                json("cancelled" to json("class" to "CancellationException"))
            } catch (thrown: Throwable) {
                json("driver_error" to thrown.stackTraceToString())
            }
            tasks.remove(id)
            send(json("type" to "outcome", "id" to id, "events" to events.all(), *outcome.pairs()))
        }
    }

    @Synchronized
    private fun send(message: JsonElement) {
        out.write(message.toString())
        out.write("\n")
        out.flush()
    }
}

/** The events of an operation, in order. */
internal class Events {
    private val events = mutableListOf<JsonElement>()

    @Synchronized
    fun add(event: JsonElement) {
        events += event
    }

    @Synchronized
    fun all(): List<JsonElement> = events.toList()
}

private fun JsonObject.pairs() = map { (name, value) -> name to value as Any? }.toTypedArray()
