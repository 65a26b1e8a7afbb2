//! The call as a shell script with curl and jq.

use std::fmt::Write as _;

use serde_json::Value;

use super::quote::shell;
use super::{Argument, Call};

pub(super) fn snippet(call: &Call<'_>) -> String {
    let mut uploads = String::new();
    let mut options = String::new();
    let mut names = Vec::new();
    for (name, argument) in &call.arguments {
        // A String takes every text.
        let _ = match argument {
            Argument::File(file) => writeln!(uploads, "{name}=$(upload {})", shell(file))
                .and_then(|()| writeln!(options, "  --arg {name} \"${name}\" \\")),
            Argument::Value(Value::String(text)) => {
                writeln!(options, "  --arg {name} {} \\", shell(text))
            }
            Argument::Value(value) => {
                writeln!(options, "  --argjson {name} {} \\", shell(&value.to_string()))
            }
        };
        names.push(format!("${name}"));
    }
    let names = names.join(", ");
    let model = call.model;
    format!(
        r#"#!/bin/sh
# Needs curl and jq. Set WAVESPEED_API_KEY first.
set -eu
api="${{WAVESPEED_BASE_URL:-https://api.wavespeed.ai}}/api/v3"
key="Authorization: Bearer $WAVESPEED_API_KEY"

upload() {{
  curl -fsS -H "$key" -F "file=@\"$1\"" "$api/media/upload/binary" |
    jq -er .data.download_url
}}
{uploads}
body=$(jq -n \
{options}  '{{{names}}}')

# This request costs money. If its response is lost, do not send it again:
# the job may exist.
job=$(curl -fsS -H "$key" -H 'Content-Type: application/json' -d "$body" \
  "$api/{model}" | jq -er .data.id)
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
"#
    )
}
