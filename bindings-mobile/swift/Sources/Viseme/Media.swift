import Foundation
internal import VisemeNative

/// A video, a voice track or an image: a file, bytes, or a URL.
public enum Media: Sendable, Hashable {
    /// A file on this device. It is streamed from there when it is sent.
    case file(URL)
    /// A file in memory. Its name is what messages call it.
    case data(Data, name: String)
    /// A file that the service fetches by itself.
    case remote(URL)

    /// The file at this URL, or behind it.
    public init(_ url: URL) {
        self = url.isFileURL ? .file(url) : .remote(url)
    }
}

extension Media: CustomStringConvertible {
    /// What it is called in messages; never its content.
    public var description: String {
        switch self {
        case .file(let url): "Media(\(url.path))"
        case .data(let content, let name): "Media(\(name), \(content.count) bytes)"
        case .remote(let url): "Media(\(url.absoluteString))"
        }
    }
}

extension Media: CustomDebugStringConvertible {
    /// The same as ``description``.
    public var debugDescription: String { description }
}

extension Media {
    var native: NativeMedia {
        switch self {
        case .file(let url): .path(path: url.path)
        case .data(let content, let name): .bytes(name: name, content: content)
        case .remote(let url): .url(url: url.absoluteString)
        }
    }
}
