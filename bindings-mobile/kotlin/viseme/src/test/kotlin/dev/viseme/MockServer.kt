package dev.viseme

import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path

/** The mock server as a process of its own, on a free port of this machine. */
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

    private fun ask(request: HttpRequest.Builder): String {
        val answer = http.send(request.build(), BodyHandlers.ofString())
        check(answer.statusCode() in 200..299) { answer.body() }
        return answer.body()
    }

    private fun at(path: String) = HttpRequest.newBuilder(URI("$url/_mock/v1/worlds/default$path"))
        .header("Content-Type", "application/json")

    /** Everything that was sent and answered, as JSON text. */
    fun journal(): String = ask(at("/journal"))

    /** Every charge, as JSON text. */
    fun ledger(): String = ask(at("/ledger"))

    /** Changes the world's clock. */
    fun clock(change: String) {
        ask(at("/clock").POST(BodyPublishers.ofString(change)))
    }

    /** Breaks something, once. */
    fun fault(what: String) {
        ask(at("/faults").POST(BodyPublishers.ofString(what)))
    }

    /** How many times a job's state was asked for. */
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
