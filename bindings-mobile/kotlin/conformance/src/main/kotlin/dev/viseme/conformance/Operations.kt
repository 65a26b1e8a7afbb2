package dev.viseme.conformance

import dev.viseme.Client
import dev.viseme.Input
import dev.viseme.Job
import dev.viseme.Media
import dev.viseme.Options
import dev.viseme.Prediction
import dev.viseme.Progress
import dev.viseme.SubmitRecord
import dev.viseme.VisemeException
import kotlinx.coroutines.awaitCancellation
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.net.URI
import java.util.concurrent.ConcurrentHashMap
import kotlin.io.path.Path
import kotlin.io.path.inputStream
import kotlin.io.path.readBytes
import kotlin.io.path.writeText

/** The operations, the clients that they share, and the predictions that they returned. */
internal class Operations {
    private val clients = ConcurrentHashMap<String, Client>()
    private val predictions = ConcurrentHashMap<String, Prediction>()

    fun close(client: String) {
        clients.remove(client)?.close()
    }

    suspend fun execute(message: JsonObject, events: Events): JsonObject = try {
        val from = message.members("client")!!
        val client = clients.getOrPut(from.text("id")!!) { Client(settings(from)) }
        json("value" to value(client, message, events))
    } catch (thrown: VisemeException) {
        json("error" to error(thrown))
    } catch (prevented: PreventedException) {
        json("value" to json("prevented" to true))
    }

    private suspend fun value(client: Client, message: JsonObject, events: Events): JsonElement {
        val id = message.text("id")!!
        val input = message.members("input")!!
        val options = message.members("options") ?: JsonObject(emptyMap())
        val record: suspend (Progress) -> Unit = { progress ->
            events.add(event(progress))
            if (progress is Progress.Submitting) {
                if (options.flag("submit_error") == true) throw PreventedException()
                options.members("save_record")?.let { saveRecord(progress.record, it) }
            } else if (options.flag("progress_error") == true) {
                error("the progress callback of the case")
            }
        }
        return when (val op = message.text("op")) {
            "run" -> keep(id, client.run(input(input), options(options), record))

            "submit" -> job(client.submit(input(input), options(options), record))

            "check" -> report(client.check(input(input)))

            "upload" -> json("url" to client.upload(media(input.members("medium")!!)))

            "recover" -> job(client.recover(submitRecord(input.members("record")!!)))

            "download" -> download(client, input, options)

            "download_outputs" -> {
                val prediction = predictions.getValue(input.text("of")!!)
                val to = Path(input.text("to")!!)
                val files = client.downloadOutputs(prediction, to, options.long("max_bytes"))
                json("files" to files.map(::file))
            }

            "job_wait" -> {
                val job = client.job(input.text("job_id")!!)
                keep(id, job.wait(options.seconds("deadline"), headers(options), record))
            }

            "job_refresh" -> keep(id, client.job(input.text("job_id")!!).refresh(headers(options)))

            "job_updates" -> updates(client.job(input.text("job_id")!!), options, events)

            "set_api_key" -> {
                client.setApiKey(input.text("key")!!)
                json()
            }

            else -> error("there is no operation $op")
        }
    }

    private suspend fun updates(job: Job, options: JsonObject, events: Events): JsonElement {
        val updates = mutableListOf<JsonElement>()
        job.updates(options.seconds("deadline"), headers(options)).collect {
            val update = prediction(it)
            events.add(json("event" to "update", "prediction" to update))
            updates += update
        }
        return json("updates" to updates)
    }

    private suspend fun download(
        client: Client,
        input: JsonObject,
        options: JsonObject,
    ): JsonElement {
        val to = Path(input.text("to")!!)
        val maxBytes = options.long("max_bytes")
        val url = input.text("url")
        val file = when {
            url != null -> client.download(url, to, maxBytes)
            else -> client.download(predictions.getValue(input.text("of")!!), to, maxBytes)
        }
        return file(file)
    }

    /** Keeps a prediction for a later download, and returns it as JSON. */
    private fun keep(id: String, of: Prediction): JsonElement {
        predictions[id] = of
        return prediction(of)
    }
}

/** The exception of a callback that prevents the submit. */
private class PreventedException : Exception()

/** Saves a record, and then waits until the harness kills this process. */
private suspend fun saveRecord(of: SubmitRecord, how: JsonObject) {
    val to = Path(how.text("to")!!)
    if (how.text("hold") == "before") {
        to.writeText("")
        awaitCancellation()
    }
    to.writeText(record(of).toString())
    if (how.text("hold") == "after") awaitCancellation()
}

private fun options(from: JsonObject) = Options(
    timeout = from.seconds("deadline"),
    checkMedia = from.flag("check_media"),
    strict = from.flag("strict"),
    sync = from.flag("sync"),
    base64 = from.flag("base64"),
    webhook = from.text("webhook"),
    headers = headers(from),
)

private fun headers(from: JsonObject): Map<String, String> =
    from.members("headers").orEmpty().mapValues { (it.value as JsonPrimitive).content }

private fun input(from: JsonObject): Input {
    val model = from.text("model")!!
    val media = from.members("media").orEmpty().mapValues { media(it.value as JsonObject) }
    val all = from.members("params").orEmpty().mapValues { plain(it.value) } + media
    val typed = from.flag("untyped") != true
    return when {
        typed && all.keys == setOf("audio", "video") && model.endsWith("/audio-to-video") ->
            Input.audioToVideo(media.getValue("audio"), media.getValue("video"))

        typed && all.keys == setOf("effect_scene", "image") && model.endsWith("/kling-effects") ->
            Input.klingEffects(all["effect_scene"] as String, media.getValue("image"))

        else -> Input.of(model, all)
    }
}

private fun media(from: JsonObject): Media {
    val name = from.text("name") ?: "file"
    from.text("path")?.let { return Media.of(Path(it)) }
    from.text("bytes")?.let { return Media.of(Path(it).readBytes(), name) }
    from.text("stream")?.let { path -> return Path(path).inputStream().use { Media.of(it, name) } }
    return Media.of(URI(from.text("url")!!))
}

private fun submitRecord(from: JsonObject) =
    SubmitRecord(from.text("model")!!, from.getValue("input"), from.text("sent_at")!!)
