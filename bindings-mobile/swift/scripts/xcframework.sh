#!/usr/bin/env bash
# Builds VisemeFFI.xcframework, the native library for iOS and macOS, where Package.swift expects it.
#
# `cargo xtask release xcframework` runs it, on macOS in CI. It HAS NOT RUN YET: the project had no machine with an
# Apple toolchain so far. Read it before you trust it. Needs
#   - macOS with Xcode 16 or newer
#   - rustup target add aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios \
#       aarch64-apple-darwin x86_64-apple-darwin
#
# To publish: attach the zip to a release, and in the Package.swift of that release's tag replace the
# binary target's `path` by `url` and `checksum`, which the last lines of this script print. The tag also
# needs Sources/VisemeNative/VisemeNative.swift, which git ignores otherwise.
set -euo pipefail
cd "$(dirname "$0")/../../.."

package=bindings-mobile/swift
out=target/bindings-mobile/xcframework
library=libviseme_mobile.a
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0

rm -rf "$out" "$package/VisemeFFI.xcframework"
mkdir -p "$out"

# Generates the code that calls the library. The generator needs symbols, so it reads a library for this Mac that
# is built for tests. Both have the same interface: checksums verify it when the library loads.
cargo xtask swift generate

for target in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin; do
  cargo build --locked --profile mobile -p viseme-mobile --target "$target"
done

fat() { # NAME TARGET...
  local name=$1 target paths=()
  shift
  for target in "$@"; do paths+=("target/$target/mobile/$library"); done
  mkdir -p "$out/$name"
  lipo -create "${paths[@]}" -output "$out/$name/$library"
}
fat ios aarch64-apple-ios
fat ios-simulator aarch64-apple-ios-sim x86_64-apple-ios
fat macos aarch64-apple-darwin x86_64-apple-darwin

# In a separate folder, because otherwise the module map overwrites that of another XCFramework in the same app.
mkdir -p "$out/headers/VisemeFFI"
cp "$package/Sources/VisemeFFI/VisemeFFI.h" "$out/headers/VisemeFFI/"
# The XCFramework links the library, so there is no `link`.
cat > "$out/headers/VisemeFFI/module.modulemap" <<'MAP'
module VisemeFFI {
    header "VisemeFFI.h"
    export *
}
MAP

xcodebuild -create-xcframework \
  -library "$out/ios/$library" -headers "$out/headers" \
  -library "$out/ios-simulator/$library" -headers "$out/headers" \
  -library "$out/macos/$library" -headers "$out/headers" \
  -output "$package/VisemeFFI.xcframework"

(cd "$package" && ditto -c -k --keepParent VisemeFFI.xcframework "../../$out/VisemeFFI.xcframework.zip")
echo "$out/VisemeFFI.xcframework.zip"
swift package --package-path "$package" compute-checksum "$out/VisemeFFI.xcframework.zip"
