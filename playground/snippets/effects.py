import viseme  # the key is in WAVESPEED_API_KEY

prediction = viseme.run(
    "kwaivgi/kling-effects",
    {
        "effect_scene": "let's_ride",
        "image": "face.jpg",
    },
)
prediction.save("result.mp4")
