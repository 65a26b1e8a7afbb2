/** Moves the lips of the sample face to the sample voice, offline: against the mock server. */
package dev.viseme.sample

fun main() = println("to come")
