package dev.viseme

import dev.viseme.ffi.NativeMedia
import java.io.InputStream
import java.net.URI
import java.nio.file.Path

/** A video, a voice track or an image: a file, bytes, or a URL. */
public class Media private constructor(internal val native: NativeMedia) {
    /** What it is called in messages; never its content. */
    override fun toString(): String = when (native) {
        is NativeMedia.Path -> "Media(${native.path})"
        is NativeMedia.Bytes -> "Media(${native.name}, ${native.content.size} bytes)"
        is NativeMedia.Url -> "Media(${native.url})"
    }

    public companion object {
        /** The file at [path]. It is streamed from there when it is sent. */
        public fun of(path: Path): Media = Media(NativeMedia.Path(path.toString()))

        /** The file behind [url]; the service fetches it by itself. */
        public fun of(url: URI): Media = Media(NativeMedia.Url(url.toString()))

        /** A file in memory. Its [name] is what messages call it; the content is copied. */
        public fun of(content: ByteArray, name: String): Media =
            Media(NativeMedia.Bytes(name, content.copyOf()))

        /**
         * All that is left in [stream], read at once into memory, which blocks. The stream is not
         * closed. Prefer a path for large files.
         */
        public fun of(stream: InputStream, name: String): Media =
            Media(NativeMedia.Bytes(name, stream.readBytes()))
    }
}
