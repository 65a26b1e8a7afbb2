// What the Kotlin code of the documents leaves to its reader.
package dev.viseme.documents

import java.nio.file.Path

/** The session of the app's user. */
class Session {
    val token: String = ""

    suspend fun refresh(): String = token
}

/** What the app stores. */
class Store {
    var record: String = ""
    var jobId: String = ""
}

val session: Session = Session()
val store: Store = Store()
val backend: String = "https://api.example.com/lipsync"
val voice: Path = Path.of("voice.mp3")
val face: Path = Path.of("face.mp4")
val voicePath: Path = voice
val facePath: Path = face
val folder: Path = Path.of("results")

/** Shows something in the app. */
fun show(vararg values: Any?) {
    println(values.joinToString())
}
