// What the Swift code of the documents leaves to its reader. `cargo xtask swift test` compiles it together with
// that code.

import Foundation
import Viseme

/// The session of the app's user.
struct Session {
    let token = ""

    func refresh() async throws -> String { token }
}

/// What the app stores.
struct Store {
    var record: SubmitRecord?
    var jobID = ""
}

@MainActor let session = Session()
@MainActor var store = Store()

let backend = URL(fileURLWithPath: "/")
let voice = URL(fileURLWithPath: "voice.mp3")
let face = URL(fileURLWithPath: "face.mp4")
let voiceURL = voice
let faceURL = face
let folder = URL(fileURLWithPath: "results")

func show<Value>(_ value: Value) {}
func show<Amount>(_ sent: Amount, of total: Amount) {}
