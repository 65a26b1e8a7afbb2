package dev.viseme.sample

/** Where the service is: your backend, or a mock server of our own, which ends with this. */
class Service private constructor(
    val baseUrl: String,
    val token: String,
    private val process: Process?,
) : AutoCloseable {
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
            // Also where the program ends by a signal.
            Runtime.getRuntime().addShutdownHook(Thread(process::destroy))
            val hello = process.inputStream.bufferedReader().readLine()
                ?: error("$program did not start.")
            fun part(name: String) = Regex("\"$name\":\"([^\"]*)\"").find(hello)!!.groupValues[1]
            return Service(part("url"), part("key"), process)
        }
    }
}
