// swift-tools-version: 6.0
import Foundation
import PackageDescription

// On Apple's systems the native library is an XCFramework, which scripts/xcframework.sh puts here.
// Elsewhere the linker needs the path of the library: `cargo xtask swift` passes it.
let framework = "VisemeFFI.xcframework"
let hasFramework = FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(framework)")
let ffi: Target =
    hasFramework
    ? .binaryTarget(name: "VisemeFFI", path: framework)
    : .systemLibrary(name: "VisemeFFI")

let package = Package(
    name: "Viseme",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "Viseme", targets: ["Viseme"]),
        .executable(name: "viseme-sample", targets: ["VisemeSample"]),
    ],
    targets: [
        ffi,
        // Generated, and hidden by the target `Viseme`.
        .target(name: "VisemeNative", dependencies: ["VisemeFFI"]),
        .target(name: "Viseme", dependencies: ["VisemeNative"]),
        .executableTarget(name: "VisemeSample", dependencies: ["Viseme"]),
        // For the project's own tests.
        .executableTarget(name: "VisemeDriver", dependencies: ["Viseme"]),
        .testTarget(name: "VisemeTests", dependencies: ["Viseme"]),
    ],
    swiftLanguageModes: [.v6]
)
