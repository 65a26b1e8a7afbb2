import Foundation
import Viseme

// In an app, the URL and the token are those of your backend; an app must not contain a key.
let token = ProcessInfo.processInfo.environment["WAVESPEED_API_KEY"]
let client = try Client(Settings(apiKey: token))
let input = Input(
    model: "kwaivgi/kling-effects",
    media: [
        "image": Media(URL(fileURLWithPath: "face.jpg")),
    ],
    parameters: [
        "effect_scene": "let's_ride",
    ]
)
let prediction = try await client.run(input)
try await client.download(prediction, to: URL(fileURLWithPath: "result.mp4"))
