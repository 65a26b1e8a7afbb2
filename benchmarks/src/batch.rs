//! Rows of a batch, beside the same jobs by `run_many`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use viseme::Client;
use viseme_batch::{Batch, BatchOptions, ItemState, LEDGER_FILE, Manifest};

use super::measure::measure;
use super::runs::{config, input};
use super::{Rows, Server};

/// Runs the rows as a batch.
pub(crate) fn run(server: &Server, rows: &Rows) -> Result<Value> {
    let runtime = server.runtime()?;
    let client = Client::new(config(server)?)?;
    let manifest = Manifest::read(&manifest(rows)?)?;
    let (done, cost) = measure(&runtime, async {
        let options = BatchOptions { limit: rows.limit, ..BatchOptions::default() };
        let batch = Batch::open(&manifest, results(rows), options).await?;
        let mut run = batch.run(&client, None).await?;
        let mut done = 0;
        while let Some(item) = run.next().await {
            ensure!(item.state == ItemState::Done, "{item:?}");
            done += 1;
        }
        Ok(done)
    })?;
    ensure!(done? == rows.jobs, "not every row is done");
    let ledger_bytes = std::fs::metadata(results(rows).join(LEDGER_FILE))?.len();
    Ok(json!({ "cost": cost.json(), "ledger_bytes": ledger_bytes }))
}

/// Runs the same jobs without a batch, and downloads each output as the batch does.
pub(crate) fn run_many(server: &Server, rows: &Rows) -> Result<Value> {
    let runtime = server.runtime()?;
    let client = Client::new(config(server)?)?;
    std::fs::create_dir_all(results(rows))?;
    let (done, cost) = measure(&runtime, async {
        let runs = client.run_many((0..rows.jobs).map(input), rows.limit);
        let saved = runs.map(|done| {
            let (client, folder) = (&client, results(rows));
            async move {
                let path = folder.join(format!("{}.mp4", done.index));
                client.download_output(&done.result?, path).await
            }
        });
        saved.buffer_unordered(rows.limit).try_fold(0, async |count, _| Ok(count + 1)).await
    })?;
    ensure!(done? == rows.jobs, "not every job is done");
    Ok(json!({ "cost": cost.json() }))
}

/// Reads a manifest into a new batch, then opens the batch again as a resumed run does.
pub(crate) fn import(rows: &Rows) -> Result<Value> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let path = manifest(rows)?;
    let open = || async {
        let manifest = Manifest::read(&path)?;
        let batch = Batch::open(&manifest, results(rows), BatchOptions::default()).await?;
        anyhow::Ok(batch.planned().await?)
    };
    let (imported, import) = measure(&runtime, open())?;
    let (planned, resume) = measure(&runtime, open())?;
    ensure!(imported? == rows.jobs && planned? == rows.jobs, "not every row was imported");
    let ledger_bytes = std::fs::metadata(results(rows).join(LEDGER_FILE))?.len();
    Ok(json!({
        "import": import.json(),
        "resume": resume.json(),
        "manifest_bytes": std::fs::metadata(&path)?.len(),
        "ledger_bytes": ledger_bytes,
    }))
}

fn results(rows: &Rows) -> PathBuf {
    rows.folder.join("results")
}

/// Writes the manifest of the rows.
fn manifest(rows: &Rows) -> Result<PathBuf> {
    let mut text = String::from("id,video,audio\n");
    for number in 0..rows.jobs {
        let media = format!("https://example.com/{number}");
        writeln!(text, "row-{number},{media}/face.mp4,{media}/voice.mp3")?;
    }
    std::fs::create_dir_all(&rows.folder)?;
    let path: &Path = &rows.folder.join("jobs.csv");
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_owned())
}
