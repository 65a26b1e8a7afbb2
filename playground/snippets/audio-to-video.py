import viseme  # the key is in WAVESPEED_API_KEY

prediction = viseme.run(
    "kwaivgi/kling-lipsync/audio-to-video",
    {
        "audio": "voice.mp3",
        "video": "face.mp4",
    },
)
prediction.save("result.mp4")
