package dev.viseme.sample

import dev.viseme.OpenJob
import dev.viseme.SubmitRecord
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import kotlin.io.path.deleteIfExists
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.io.path.writeText

/** Keeps the open job of this app in a file. In your app: one for each user, with the user's data. */
class JobStore(val file: Path) {
    val hasJob: Boolean
        get() = file.exists()

    /** Returns the open job, or `null` if there is none. */
    fun load(): OpenJob? {
        if (!hasJob) return null
        val text = file.readText()
        val value = text.substringAfter(' ')
        return when (text.substringBefore(' ')) {
            "job" -> OpenJob.Accepted(value)
            "record" -> OpenJob.Sent(SubmitRecord.fromJson(value))
            else -> error("$file contains no job.")
        }
    }

    /** Saves the open job. */
    fun save(job: OpenJob) {
        val text = when (job) {
            is OpenJob.Accepted -> "job ${job.id}"
            is OpenJob.Sent -> "record ${job.record.toJson()}"
        }
        // As a whole: a kill at this moment leaves the old file.
        val next = file.resolveSibling("${file.fileName}.new")
        next.writeText(text)
        Files.move(next, file, ATOMIC_MOVE, REPLACE_EXISTING)
    }

    /** Forgets the open job. */
    fun clear() {
        file.deleteIfExists()
    }
}
