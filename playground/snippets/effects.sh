#!/bin/sh
# Needs curl and jq. Set WAVESPEED_API_KEY first.
set -eu
api="${WAVESPEED_BASE_URL:-https://api.wavespeed.ai}/api/v3"
key="Authorization: Bearer $WAVESPEED_API_KEY"

upload() {
  curl -fsS -H "$key" -F "file=@\"$1\"" "$api/media/upload/binary" |
    jq -er .data.download_url
}
image=$(upload face.jpg)

body=$(jq -n \
  --arg effect_scene 'let'\''s_ride' \
  --arg image "$image" \
  '{$effect_scene, $image}')

# This request costs money. If its response is lost, do not send it again:
# the job may exist.
job=$(curl -fsS -H "$key" -H 'Content-Type: application/json' -d "$body" \
  "$api/kwaivgi/kling-effects" | jq -er .data.id)
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
