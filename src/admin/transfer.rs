//! Moving everything into another store, SQLite or PostgreSQL, by a file of lines: `docs/export.md`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::Config;
use crate::store::sqlite::{sync_folder_of, with_suffix};
use crate::store::transfer;

/// Writes everything but the bytes of files, beside running servers too.
pub async fn export(config: &Config, file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        let taken = file.display();
        bail!("{taken} is there already, and an export never overwrites. Choose another name");
    }
    let place = config.store_place();
    let mut source = place.source().await?;
    let draft = with_suffix(file, ".unfinished");
    let written = async {
        let out = create_private(&draft)?;
        let mut out = BufWriter::with_capacity(1024 * 1024, out);
        let exported = transfer::export(source.as_mut(), place.schema(), &mut out).await?;
        out.get_ref().sync_all()?;
        fs::rename(&draft, file)?;
        sync_folder_of(file)?;
        anyhow::Ok(exported)
    }
    .await;
    match written {
        Ok(exported) => {
            println!(
                "{} holds {} conversations with {} events, {} rows in all, passwords' hashes and secrets among them: keep it safe",
                file.display(),
                exported.conversations,
                exported.events,
                exported.rows
            );
            println!(
                "the files that people sent are not in it; they lie in {}",
                config.files_place()
            );
            Ok(())
        }
        Err(error) => {
            // What is left of it would only take room on a disk that may be full.
            let _ = fs::remove_file(&draft);
            Err(error).with_context(|| format!("no export was made at {}", file.display()))
        }
    }
}

/// Reads an export into a fresh store that no server runs on.
pub async fn import(config: &Config, file: &Path) -> anyhow::Result<()> {
    let shown = file.display();
    let input = File::open(file).with_context(|| format!("{shown} cannot be read"))?;
    let input = BufReader::with_capacity(1024 * 1024, input);
    let place = config.store_place();
    let target = place.target().await?;
    let imported = transfer::import(target, place.schema(), input)
        .await
        .with_context(|| format!("nothing was imported from {shown}"))?;
    println!(
        "{place} holds {} conversations with {} events now, {} rows in all",
        imported.conversations, imported.events, imported.rows
    );
    println!(
        "the files that people sent are looked for in {}",
        config.files_place()
    );
    println!(
        "if people chatted after the export, run `balie admin new-epoch` too, so that clients read their conversations anew"
    );
    Ok(())
}

/// Makes the file, for its owner only: it holds secrets. What an export that was broken off has left is in the way and goes.
fn create_private(draft: &PathBuf) -> std::io::Result<File> {
    if draft.exists() {
        fs::remove_file(draft)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(draft)
}
