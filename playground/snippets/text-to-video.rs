//! Code of the playground, below this line.

use viseme::{Client, Input};

#[tokio::main]
async fn main() -> viseme::Result<()> {
    let client = Client::from_env()?; // the key is in WAVESPEED_API_KEY
    let input = Input::new("kwaivgi/kling-lipsync/text-to-video")
        .set("video", "face.mp4")
        .set("text", "It's \"$5\", \\o/ — today!")
        .set("voice_id", "AOT")
        .set("voice_language", "en")
        .set("voice_speed", 1.2);
    let prediction = client.run(input).await?;
    client.download_output(&prediction, "result.mp4").await?;
    Ok(())
}
