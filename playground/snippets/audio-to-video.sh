#!/bin/sh
# Needs curl and jq. Set WAVESPEED_API_KEY first.
set -eu
api="${WAVESPEED_BASE_URL:-https://api.wavespeed.ai}/api/v3"
key="Authorization: Bearer $WAVESPEED_API_KEY"

upload() {
  curl -fsS -H "$key" -F "file=@\"$1\"" "$api/media/upload/binary" |
    jq -er .data.download_url
}
audio=$(upload voice.mp3)
video=$(upload face.mp4)

body=$(jq -n \
  --arg audio "$audio" \
  --arg video "$video" \
  '{$audio, $video}')

# This request costs money. If its response is lost, do not send it again:
# the job may exist.
job=$(curl -fsS -H "$key" -H 'Content-Type: application/json' -d "$body" \
  "$api/kwaivgi/kling-lipsync/audio-to-video" | jq -er .data.id)
echo "job $job" >&2

status=created
until [ "$status" = completed ]; do
  sleep 2
  result=$(curl -fsS --retry 5 -H "$key" "$api/predictions/$job/result")
  status=$(printf %s "$result" | jq -r .data.status)
  echo "$status" >&2
  case "$status" in
    failed | cancelled | timeout | deleted)
      printf %s "$result" | jq -r .data.error >&2
      exit 1 ;;
  esac
done
curl -fsSL -o result.mp4 "$(printf %s "$result" | jq -er '.data.outputs[0]')"
