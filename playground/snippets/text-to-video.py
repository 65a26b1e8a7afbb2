import viseme  # the key is in WAVESPEED_API_KEY

prediction = viseme.run(
    "kwaivgi/kling-lipsync/text-to-video",
    {
        "video": "face.mp4",
        "text": "It's \"$5\", \\o/ — today!",
        "voice_id": "AOT",
        "voice_language": "en",
        "voice_speed": 1.2,
    },
)
prediction.save("result.mp4")
