import Foundation
import Viseme

// In an app, the URL and the token are those of your backend; an app must not contain a key.
let token = ProcessInfo.processInfo.environment["WAVESPEED_API_KEY"]
let client = try Client(Settings(apiKey: token))
let input = Input(
    model: "kwaivgi/kling-lipsync/text-to-video",
    media: [
        "video": Media(URL(fileURLWithPath: "face.mp4")),
    ],
    parameters: [
        "text": "It's \"$5\", \\o/ — today!",
        "voice_id": "AOT",
        "voice_language": "en",
        "voice_speed": 1.2,
    ]
)
let prediction = try await client.run(input)
try await client.download(prediction, to: URL(fileURLWithPath: "result.mp4"))
