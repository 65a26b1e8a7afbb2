package dev.viseme.sample

/** Your backend, or a mock server that ends with this program. */
class Service private constructor(
    val baseUrl: String,
    val apiKey: String,
    private val process: Process?,
) : AutoCloseable {
    /** Whether it is the mock server. */
    val isOffline: Boolean
        get() = process != null

    override fun close() {
        process?.destroy()
    }

    companion object {
        fun find(): Service {
            val url = System.getenv("VISEME_BASE_URL") ?: return mock()
            return Service(url, System.getenv("VISEME_TOKEN").orEmpty(), null)
        }

        private fun mock(): Service {
            val program = System.getenv("VISEME_MOCK") ?: "viseme-mock"
            val process = ProcessBuilder(program)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start()
            // Also if a signal ends the program.
            Runtime.getRuntime().addShutdownHook(Thread(process::destroy))
            val hello = process.inputStream.bufferedReader().readLine()
                ?: error("$program did not start.")
            fun part(name: String) = Regex("\"$name\":\"([^\"]*)\"").find(hello)!!.groupValues[1]
            return Service(part("url"), part("key"), process)
        }
    }
}
