import Foundation
import Viseme

// In an app, the URL and the token are those of your backend; an app must not contain a key.
let token = ProcessInfo.processInfo.environment["WAVESPEED_API_KEY"]
let client = try Client(Settings(apiKey: token))
let input = Input(
    model: "kwaivgi/kling-lipsync/audio-to-video",
    media: [
        "audio": Media(URL(fileURLWithPath: "voice.mp3")),
        "video": Media(URL(fileURLWithPath: "face.mp4")),
    ]
)
let prediction = try await client.run(input)
try await client.download(prediction, to: URL(fileURLWithPath: "result.mp4"))
