package dev.viseme

import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path

/** The mock server as a separate process, on a free port of this machine. */
class MockServer : AutoCloseable {
    private val process = ProcessBuilder(required("viseme.mock"))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    private val hello = process.inputStream.bufferedReader().readLine()
        ?: error("The mock server did not start.")
    private val http = HttpClient.newHttpClient()
    val url: String = part("url")
    val key: String = part("key")

    private fun part(name: String) = Regex("\"$name\":\"([^\"]*)\"").find(hello)!!.groupValues[1]

    private fun send(request: HttpRequest.Builder): String {
        val response = http.send(request.build(), BodyHandlers.ofString())
        check(response.statusCode() in 200..299) { response.body() }
        return response.body()
    }

    private fun at(path: String) = HttpRequest.newBuilder(URI("$url/_mock/v1/worlds/default$path"))
        .header("Content-Type", "application/json")

    /** Returns all requests and responses as JSON text. */
    fun journal(): String = send(at("/journal"))

    /** Returns all charges as JSON text. */
    fun ledger(): String = send(at("/ledger"))

    /** Changes the world's clock. */
    fun clock(change: String) {
        send(at("/clock").POST(BodyPublishers.ofString(change)))
    }

    /** Adds a fault. */
    fun fault(fault: String) {
        send(at("/faults").POST(BodyPublishers.ofString(fault)))
    }

    /** Returns the number of polls. */
    fun polls(): Int =
        Regex("\"method\":\"GET\",\"path\":\"[^\"]*/predictions/").findAll(journal()).count()

    override fun close() {
        process.destroy()
        check(process.waitFor(20, TimeUnit.SECONDS)) { "The mock server did not stop." }
    }

    companion object {
        /** The root of the checkout. */
        val root: Path = Path(required("viseme.root"))

        private fun required(name: String) = System.getProperty(name)?.ifEmpty { null }
            ?: error("The property $name is missing: run the tests by `cargo xtask kotlin test`.")
    }
}
