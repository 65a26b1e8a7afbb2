package dev.viseme

import dev.viseme.ffi.NativeOptions
import kotlin.time.Duration

/**
 * How to run or submit. What is `null` is the library's default.
 *
 * @property timeout how long to wait for the result, counted from the submit; a submit alone has
 *   no use for it
 * @property checkMedia whether media are judged before anything is sent; `true` by default
 * @property strict whether warnings of the check are errors
 * @property sync whether the service shall answer the submit with the result itself
 * @property base64 whether outputs shall come as base64 instead of URLs
 * @property webhook the URL of your server which the service shall tell of the result
 */
public data class Options(
    val timeout: Duration? = null,
    val checkMedia: Boolean? = null,
    val strict: Boolean? = null,
    val sync: Boolean? = null,
    val base64: Boolean? = null,
    val webhook: String? = null,
) {
    internal fun toNative() =
        NativeOptions(timeout?.native("timeout"), checkMedia, strict, sync, base64, webhook)
}
