package dev.viseme.conformance

import dev.viseme.Client
import dev.viseme.Input
import dev.viseme.Job
import dev.viseme.Media
import dev.viseme.Options
import dev.viseme.Prediction
import dev.viseme.SubmitRecord
import dev.viseme.VisemeException
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import java.net.URI
import java.util.concurrent.ConcurrentHashMap
import kotlin.io.path.Path
import kotlin.io.path.inputStream
import kotlin.io.path.readBytes

/** The operations, the clients that they share, and what they gave. */
internal class Operations {
    private val clients = ConcurrentHashMap<String, Client>()
    private val given = ConcurrentHashMap<String, Prediction>()

    fun close(client: String) {
        clients.remove(client)?.close()
    }

    suspend fun carryOut(message: JsonObject, events: Events): JsonObject = try {
        val wanted = message.members("client")!!
        val client = clients.getOrPut(wanted.text("id")!!) { Client(settings(wanted)) }
        json("value" to value(client, message, events))
    } catch (why: VisemeException) {
        json("error" to error(why))
    }

    private suspend fun value(client: Client, message: JsonObject, events: Events): JsonElement {
        val id = message.text("id")!!
        val input = message.members("input")!!
        val told = message.members("options") ?: JsonObject(emptyMap())
        return when (val op = message.text("op")) {
            "run" -> keep(id, client.run(input(input), options(told)) { events.add(event(it)) })

            "submit" -> job(client.submit(input(input), options(told)) { events.add(event(it)) })

            "check" -> report(client.check(input(input)))

            "upload" -> json("url" to client.upload(media(input.members("medium")!!)))

            "recover" -> job(client.recover(SubmitRecord(input.members("record").toString())))

            "download" -> download(client, input, told)

            "job_wait" -> {
                val wait = client.job(input.text("job_id")!!)
                keep(id, wait.wait(told.seconds("deadline")) { events.add(event(it)) })
            }

            "job_refresh" -> keep(id, client.job(input.text("job_id")!!).refresh())

            "job_updates" -> updates(client.job(input.text("job_id")!!), told, events)

            else -> error("there is no operation $op")
        }
    }

    private suspend fun updates(job: Job, told: JsonObject, events: Events): JsonElement {
        val updates = mutableListOf<JsonElement>()
        job.updates(told.seconds("deadline")).collect {
            val update = prediction(it)
            events.add(json("event" to "update", "prediction" to update))
            updates += update
        }
        return json("updates" to updates)
    }

    private suspend fun download(client: Client, input: JsonObject, told: JsonObject): JsonElement {
        val to = Path(input.text("to")!!)
        val maxBytes = told.long("max_bytes")
        val url = input.text("url")
        val saved = when {
            url != null -> client.download(url, to, maxBytes)
            else -> client.download(given.getValue(input.text("of")!!), to, maxBytes)
        }
        return json("path" to saved.path.toString(), "bytes" to saved.bytes)
    }

    /** Keeps a prediction for a later download, and tells it. */
    private fun keep(id: String, of: Prediction): JsonElement {
        given[id] = of
        return prediction(of)
    }
}

private fun options(told: JsonObject) = Options(
    timeout = told.seconds("deadline"),
    checkMedia = told.flag("check_media"),
    strict = told.flag("strict"),
    sync = told.flag("sync"),
    base64 = told.flag("base64"),
    webhook = told.text("webhook"),
)

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
