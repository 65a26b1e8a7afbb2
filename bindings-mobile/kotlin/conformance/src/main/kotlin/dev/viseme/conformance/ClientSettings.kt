package dev.viseme.conformance

import dev.viseme.Backoff
import dev.viseme.InternalVisemeApi
import dev.viseme.Pacing
import dev.viseme.Settings
import dev.viseme.SubmitLimits
import kotlinx.serialization.json.JsonObject

/** Reads the settings of a message's client. */
@OptIn(InternalVisemeApi::class)
internal fun settings(client: JsonObject): Settings {
    val from = client.members("settings") ?: JsonObject(emptyMap())
    val settings = Settings(
        baseUrl = client.text("base_url"),
        apiKey = client.text("key"),
        timeout = from.seconds("deadline"),
        requestTimeout = from.seconds("request_timeout"),
        connectTimeout = from.seconds("connect_timeout"),
        stallTimeout = from.seconds("stall_timeout"),
        pacing = from.members("pacing")?.let(::pacing),
        learnedPacing = from.flag("learned_pacing"),
        pollsPerJob = from.double("polls_per_job"),
        pacingFile = from.text("pacing_file"),
        maxPollsPerSecond = from.double("max_polls_per_second"),
        maxConnections = from.int("max_connections"),
        maxRetries = from.int("max_retries"),
        backoff = from.members("backoff")?.let {
            Backoff(it.seconds("base")!!, it.seconds("max")!!)
        },
        maxRetryAfter = from.seconds("max_retry_after"),
        recoveryWindow = from.seconds("recovery_window"),
        submitLimits = from.members("submit_limits")
            ?.let { SubmitLimits(it.int("per_minute")!!, it.int("concurrent")!!) },
        checkRemoteMedia = from.flag("check_remote_media") ?: false,
        remoteCheckTimeout = from.seconds("remote_check_timeout"),
        allowPrivateAddresses = from.flag("allow_private_addresses") ?: true,
        allowHttp = from.flag("allow_http"),
        clientName = from.text("client_name"),
        userAgent = from.text("user_agent"),
    )
    settings.virtualClock = client.flag("virtual_clock")
    return settings
}

private fun pacing(from: JsonObject) = Pacing(
    first = from.seconds("first")!!,
    interval = from.seconds("interval")!!,
    growth = from.double("growth")!!,
    max = from.seconds("max")!!,
    jitter = from.double("jitter")!!,
)
