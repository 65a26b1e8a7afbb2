#!/usr/bin/env bash
# Builds viseme-VERSION.aar, the module for Android, from the same sources as the JAR.
#
# `cargo xtask release aar` runs it, in the workflow of a release. It HAS NOT RUN YET: the project had no machine with
# an Android toolchain so far. Read it before you trust it. Needs
#   - the Android NDK, with ANDROID_NDK_HOME set
#   - rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android
#   - cargo install cargo-ndk
#   - Maven and a JDK, 17 or newer; zip
#
# An app also needs net.java.dev.jna:jna:5.19.1@aar, kotlinx-coroutines-core, kotlinx-serialization-json, and
# minSdk 26 (java.time and java.nio.file). docs/mobile.md says how to try it on a device.
set -euo pipefail
cd "$(dirname "$0")/../../.."

version=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"name":"viseme-mobile","version":"\([^"]*\)".*/\1/')
out=target/bindings-mobile/aar
rm -rf "$out"
mkdir -p "$out/jni"

# Google Play requires 16 KiB pages from Android 15; the NDK aligns to them from r28.
cargo ndk --platform 26 --target arm64-v8a --target armeabi-v7a --target x86_64 \
  --output-dir "$out/jni" -- build --locked --profile mobile -p viseme-mobile

# The classes of the JAR, without the library for desktops.
cargo xtask kotlin jar
mkdir "$out/classes"
(cd "$out/classes" && unzip -q "../../../../bindings-mobile/kotlin/viseme/target/viseme-$version.jar")
find "$out/classes" -name 'libviseme_mobile.*' -delete
find "$out/classes" -type d -empty -delete
(cd "$out/classes" && zip -q -X -r ../classes.jar .)
rm -rf "$out/classes"

cat > "$out/AndroidManifest.xml" <<'XML'
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="dev.viseme">
  <uses-sdk android:minSdkVersion="26" />
  <uses-permission android:name="android.permission.INTERNET" />
</manifest>
XML
# JNA finds fields and methods by name.
cat > "$out/proguard.txt" <<'RULES'
-keep class com.sun.jna.** { *; }
-keep class dev.viseme.ffi.** { *; }
-dontwarn java.awt.**
RULES
: > "$out/R.txt"

(cd "$out" && zip -q -X -r "../viseme-$version.aar" AndroidManifest.xml classes.jar jni proguard.txt R.txt)
echo "target/bindings-mobile/viseme-$version.aar"
