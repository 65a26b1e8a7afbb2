//! Code of the playground, below this line.

use viseme::{Client, Input};

#[tokio::main]
async fn main() -> viseme::Result<()> {
    let client = Client::from_env()?; // the key is in WAVESPEED_API_KEY
    let input = Input::new("kwaivgi/kling-effects")
        .set("effect_scene", "let's_ride")
        .set("image", "face.jpg");
    let prediction = client.run(input).await?;
    client.download_output(&prediction, "result.mp4").await?;
    Ok(())
}
