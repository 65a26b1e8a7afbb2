#!/bin/sh
# Replaces itself with a program in another root: inside.sh ROOT FOLDER PROGRAM [ARGUMENT…]
#
# The checkout (VISEME_CHECKOUT) and the folder for temporary files (VISEME_TEMPORARY) have the same paths as
# outside, and FOLDER is the working directory. `cargo xtask swift` starts this in a separate mount namespace,
# so all mounts end with the program.
set -eu
inside=$1 folder=$2
shift 2
# The folders for the mounts below are created in it, and disappear with the program.
mount -t tmpfs tmpfs "$inside/tmp"
mount -t proc proc "$inside/proc"
mount --rbind /dev "$inside/dev"
for shared in "$VISEME_TEMPORARY" "$VISEME_CHECKOUT"; do
    mkdir -p "$inside$shared"
    mount --rbind "$shared" "$inside$shared"
done
cd /
exec chroot "$inside" sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
