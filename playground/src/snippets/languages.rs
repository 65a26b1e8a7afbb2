//! The call in each language of Viseme.

use serde_json::Value;

use super::quote::{braced, javascript, kotlin as kotlin_literal, python as python_literal};
use super::{Argument, Call};

pub(super) fn python(call: &Call<'_>) -> String {
    let value = |argument: &Argument<'_>| match argument {
        Argument::Value(Value::Bool(value)) => if *value { "True" } else { "False" }.to_owned(),
        other => plain(other, python_literal),
    };
    let arguments =
        lines(call, |name, argument| format!("        \"{name}\": {},\n", value(argument)));
    format!(
        "import viseme  # the key is in WAVESPEED_API_KEY\n\n\
         prediction = viseme.run(\n    \"{}\",\n    {{\n{arguments}    }},\n)\n\
         prediction.save(\"result.mp4\")\n",
        call.model
    )
}

pub(super) fn node(call: &Call<'_>) -> String {
    let arguments =
        lines(call, |name, argument| format!("  {name}: {},\n", plain(argument, javascript)));
    format!(
        "import {{ Client }} from 'viseme'; // the key is in WAVESPEED_API_KEY\n\n\
         const client = new Client();\n\
         const prediction = await client.run({{\n  model: '{}',\n{arguments}}});\n\
         await client.downloadOutput(prediction, 'result.mp4');\n",
        call.model
    )
}

pub(super) fn rust(call: &Call<'_>) -> String {
    let arguments = lines(call, |name, argument| {
        format!("        .set(\"{name}\", {})\n", plain(argument, braced))
    });
    format!(
        "use viseme::{{Client, Input}};\n\n\
         #[tokio::main]\n\
         async fn main() -> viseme::Result<()> {{\n    \
         let client = Client::from_env()?; // the key is in WAVESPEED_API_KEY\n    \
         let input = Input::new(\"{}\")\n{};\n    \
         let prediction = client.run(input).await?;\n    \
         client.download_output(&prediction, \"result.mp4\").await?;\n    \
         Ok(())\n}}\n",
        call.model,
        arguments.trim_end(),
    )
}

pub(super) fn swift(call: &Call<'_>) -> String {
    let media = lines(call, |name, argument| match argument {
        Argument::File(file) => {
            format!("        \"{name}\": Media(URL(fileURLWithPath: {})),\n", braced(file))
        }
        Argument::Value(_) => String::new(),
    });
    let parameters = lines(call, |name, argument| match argument {
        Argument::File(_) => String::new(),
        Argument::Value(_) => format!("        \"{name}\": {},\n", plain(argument, braced)),
    });
    let parameters = match parameters.as_str() {
        "" => String::new(),
        lines => format!(",\n    parameters: [\n{lines}    ]"),
    };
    format!(
        "import Foundation\nimport Viseme\n\n\
         // In an app, the URL and the token are those of your backend; an app must not contain a key.\n\
         let token = ProcessInfo.processInfo.environment[\"WAVESPEED_API_KEY\"]\n\
         let client = try Client(Settings(apiKey: token))\n\
         let input = Input(\n    model: \"{}\",\n    media: [\n{media}    ]{parameters}\n)\n\
         let prediction = try await client.run(input)\n\
         try await client.download(prediction, to: URL(fileURLWithPath: \"result.mp4\"))\n",
        call.model
    )
}

pub(super) fn kotlin(call: &Call<'_>) -> String {
    let arguments = lines(call, |name, argument| {
        let value = match argument {
            Argument::File(file) => format!("Media.of(Path.of({}))", kotlin_literal(file)),
            Argument::Value(_) => plain(argument, kotlin_literal),
        };
        format!("            \"{name}\" to {value},\n")
    });
    format!(
        "import dev.viseme.*\nimport java.nio.file.Path\n\n\
         suspend fun main() {{\n    \
         // In an app, the URL and the token are those of your backend; an app must not contain a key.\n    \
         val client = Client(Settings(apiKey = System.getenv(\"WAVESPEED_API_KEY\")))\n    \
         val input = Input.of(\n        \"{}\",\n        mapOf(\n{arguments}        ),\n    )\n    \
         val prediction = client.run(input)\n    \
         client.download(prediction, Path.of(\"result.mp4\"))\n}}\n",
        call.model
    )
}

fn lines(call: &Call<'_>, line: impl Fn(&str, &Argument<'_>) -> String) -> String {
    call.arguments.iter().map(|(name, argument)| line(name, argument)).collect()
}

/// Writes a value: a text or a file name as a literal, anything else as JSON.
fn plain(argument: &Argument<'_>, literal: impl Fn(&str) -> String) -> String {
    match argument {
        Argument::File(text) => literal(text),
        Argument::Value(Value::String(text)) => literal(text),
        Argument::Value(value) => value.to_string(),
    }
}
