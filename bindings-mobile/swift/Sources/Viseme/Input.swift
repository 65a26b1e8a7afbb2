import Foundation

/// A model and its parameters.
public struct Input: Sendable, Hashable {
    /// The default voice of ``textToVideo(video:text:voiceID:voiceLanguage:voiceSpeed:)``, which is the
    /// service's default.
    public static let defaultVoice = "genshin_klee2"

    /// The model's id.
    public let model: String
    /// The media, by parameter.
    public let media: [String: Media]
    /// All other parameters.
    public let parameters: [String: JSONValue]

    /// Creates an input for any model.
    ///
    /// - Parameters:
    ///   - model: the model's id, such as `kwaivgi/kling-lipsync/audio-to-video`
    ///   - media: the media, by parameter
    ///   - parameters: all other parameters
    public init(model: String, media: [String: Media] = [:], parameters: [String: JSONValue] = [:]) {
        self.model = model
        self.media = media
        self.parameters = parameters
    }

    /// Lip-syncs `video` to `audio`.
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

    /// Lip-syncs `video` to `text`, spoken by a voice.
    ///
    /// - Parameters:
    ///   - video: MP4 or MOV, at most 100 MB, sides of 720 to 1920 pixels
    ///   - text: at most 120 characters
    ///   - voiceID: the voice
    ///   - voiceLanguage: the language of the voice, `zh` or `en`. Default: the service's choice
    ///   - voiceSpeed: from 0.8 to 2.0. Default: 1
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

    /// Applies an effect to the person in `image`.
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
    /// Returns it for the native library; the contents of media in memory are added to `contents`.
    func json(_ contents: inout [Data]) throws(VisemeError) -> JSONValue {
        var fields: [JSONValue] = []
        for (name, medium) in media.sorted(by: { $0.key < $1.key }) {
            fields.append([.string(name), ["media": medium.json(&contents)]])
        }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            if !value.isFinite {
                let message = "`\(name)` must not contain infinity or NaN, which JSON does not have."
                throw .invalidInput(ErrorInfo(code: "invalid_input", message: message))
            }
            fields.append([.string(name), ["value": value]])
        }
        return ["model": .string(model), "fields": .array(fields)]
    }
}

/// A video, an audio track or an image: a file, bytes, or a URL.
public enum Media: Sendable, Hashable {
    /// A file on this device. It is streamed from disk.
    case file(URL)
    /// A file in memory, and its file name for the upload.
    case data(Data, name: String)
    /// A file behind a URL. The service downloads it.
    case remote(URL)

    /// Creates a medium from a file URL or a remote URL.
    public init(_ url: URL) {
        self = url.isFileURL ? .file(url) : .remote(url)
    }
}

extension Media: CustomStringConvertible, CustomDebugStringConvertible {
    /// The path, URL or name; never the content.
    public var description: String {
        switch self {
        case .file(let url): "Media(\(url.path))"
        case .data(let content, let name): "Media(\(name), \(content.count) bytes)"
        case .remote(let url): "Media(\(url.absoluteString))"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String { description }
}

extension Media {
    func json(_ contents: inout [Data]) -> JSONValue {
        switch self {
        case .file(let url):
            return ["path": .string(url.path)]
        case .data(let content, let name):
            contents.append(content)
            return ["bytes": ["at": .integer(Int64(contents.count - 1)), "name": .string(name)]]
        case .remote(let url):
            return ["text": .string(url.absoluteString)]
        }
    }
}
