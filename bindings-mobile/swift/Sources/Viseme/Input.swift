internal import VisemeNative

/// What a model is asked for.
public struct Input: Sendable, Hashable {
    /// The voice of ``textToVideo(video:text:voiceID:voiceLanguage:voiceSpeed:)`` where none is chosen:
    /// the service's own default.
    public static let defaultVoice = "genshin_klee2"

    /// The model's id.
    public let model: String
    /// The media, by parameter.
    public let media: [String: Media]
    /// All other parameters.
    public let parameters: [String: JSONValue]

    /// Any model.
    ///
    /// - Parameters:
    ///   - model: its id, such as `kwaivgi/kling-lipsync/audio-to-video`
    ///   - media: the media, by parameter
    ///   - parameters: all other parameters
    public init(model: String, media: [String: Media] = [:], parameters: [String: JSONValue] = [:]) {
        self.model = model
        self.media = media
        self.parameters = parameters
    }

    /// Moves the lips of `video` to the voice in `audio`.
    ///
    /// - Parameters:
    ///   - audio: MP3, WAV, M4A or AAC, at most 5 MB
    ///   - video: MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p
    public static func audioToVideo(audio: Media, video: Media) -> Input {
        Input(
            model: "kwaivgi/kling-lipsync/audio-to-video",
            media: ["audio": audio, "video": video]
        )
    }

    /// Moves the lips of `video` to `text`, said by a voice.
    ///
    /// - Parameters:
    ///   - video: MP4 or MOV, at most 100 MB, sides of 720 to 1920 pixels
    ///   - text: at most 120 characters
    ///   - voiceID: the voice
    ///   - voiceLanguage: the language of the voice, `zh` or `en`; the service's choice where `nil`
    ///   - voiceSpeed: from 0.8 to 2.0; 1 where `nil`
    public static func textToVideo(
        video: Media,
        text: String,
        voiceID: String = defaultVoice,
        voiceLanguage: String? = nil,
        voiceSpeed: Double? = nil
    ) -> Input {
        var parameters: [String: JSONValue] = ["text": .string(text), "voice_id": .string(voiceID)]
        parameters["voice_language"] = voiceLanguage.map(JSONValue.string)
        parameters["voice_speed"] = voiceSpeed.map(JSONValue.number)
        return Input(
            model: "kwaivgi/kling-lipsync/text-to-video",
            media: ["video": video],
            parameters: parameters
        )
    }

    /// Plays an effect on the person in `image`.
    ///
    /// - Parameters:
    ///   - effectScene: the effect's name
    ///   - image: at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1
    public static func klingEffects(effectScene: String, image: Media) -> Input {
        Input(
            model: "kwaivgi/kling-effects",
            media: ["image": image],
            parameters: ["effect_scene": .string(effectScene)]
        )
    }
}

extension Input {
    func native() throws(VisemeError) -> NativeInput {
        var fields: [NativeField] = []
        for (name, medium) in media.sorted(by: { $0.key < $1.key }) {
            fields.append(NativeField(name: name, value: .medium(medium: medium.native)))
        }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            guard let json = try? value.text() else {
                let why = "The parameter `\(name)` holds a number that JSON has no form for."
                throw .invalidInput(ErrorInfo(code: "invalid_input", message: "\(why) Nothing was sent."))
            }
            fields.append(NativeField(name: name, value: .json(json: json)))
        }
        return NativeInput(model: model, fields: fields)
    }
}
