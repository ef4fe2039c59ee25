//! Backups of everything: the database, and the files that people sent beside it.
//!
//! A backup is `FILE`, and `FILE.files`: a folder of the files that the database names, or a note on the bucket where
//! they lie. `FILE` gets its name last, so that whoever finds it finds all of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::Config;
use crate::files::Place;
use crate::files::copies::{self, Copied};
use crate::store::Store;
use crate::store::place::Place as StorePlace;
use crate::store::sqlite::{self, Restoring, name_aside, sync_folder_of, with_suffix};

/// Writes a backup, beside a running server too.
pub async fn write(config: &Config, store: &dyn Store, file: &Path) -> anyhow::Result<()> {
    let files = with_suffix(file, ".files");
    for taken in [file, &files] {
        if taken.exists() {
            let taken = taken.display();
            bail!("{taken} is there already, and a backup never overwrites. Choose another name");
        }
    }
    let draft = with_suffix(file, ".unfinished");
    let files_draft = with_suffix(&files, ".unfinished");
    let written = write_drafts(config, store, &draft, &files_draft).await;
    let finished = written.and_then(|said| {
        fs::rename(&files_draft, &files)?;
        fs::rename(&draft, file)?;
        sync_folder_of(file)?;
        Ok(said)
    });
    match finished {
        Ok(said) => {
            println!("{} holds everything up to now", file.display());
            println!("{}: {said}", files.display());
            Ok(())
        }
        Err(error) => {
            // What is left of it would only take room on a disk that may be full.
            let _ = fs::remove_file(&draft);
            let _ = fs::remove_dir_all(&files_draft);
            let _ = fs::remove_file(&files_draft);
            Err(error).with_context(|| format!("no backup was made at {}", file.display()))
        }
    }
}

/// The database first: a file that it names was there before and is only ever removed if nobody sent it. What is said of
/// the files comes back.
async fn write_drafts(
    config: &Config,
    store: &dyn Store,
    draft: &Path,
    files_draft: &Path,
) -> anyhow::Result<String> {
    if draft.exists() {
        // Of a backup that was broken off.
        fs::remove_file(draft)?;
    }
    store.backup(draft).await?;
    match config.files_place() {
        Place::Folder(folder) => {
            let named = sqlite::files_named(draft)?;
            let copied = copies::copy(&named, &folder, files_draft)
                .with_context(|| format!("files from {} cannot be copied", folder.display()))?;
            Ok(counted(copied, "beside it"))
        }
        place @ Place::S3 { .. } => {
            let note = format!(
                "The files that people sent are not in this backup. They lie in {place}, which needs a backup of its \
                 own, by versions or copies of the bucket."
            );
            fs::write(files_draft, format!("{note}\n"))?;
            Ok(note)
        }
    }
}

fn counted(copied: Copied, whither: &str) -> String {
    let Copied { files, missing } = copied;
    match missing {
        0 => format!("{files} files {whither}"),
        _ => format!("{files} files {whither}, and {missing} that are nowhere to be found"),
    }
}

/// Puts a backup in the place of the data. What was there is moved aside.
pub fn restore(config: &Config, file: &Path) -> anyhow::Result<()> {
    let StorePlace::Folder(data) = config.store_place() else {
        bail!(
            "a backup of a data folder cannot go into PostgreSQL. Put one made by pg_dump back with pg_restore or psql, then run \
             `balie admin new-epoch`"
        );
    };
    let restoring = Restoring::begin(&data, file)?;
    let source = with_suffix(file, ".files");
    let place = config.files_place();
    // All that takes long, or room, comes before the first change.
    let prepared = match &place {
        Place::Folder(folder) if source.is_dir() => {
            let prepared = with_suffix(folder, ".restoring");
            let copied = copies::copy(&sqlite::files_named(file)?, &source, &prepared)
                .with_context(|| format!("files from {} cannot be copied", source.display()))?;
            Some((folder, prepared, copied))
        }
        Place::Folder(_) | Place::S3 { .. } => None,
    };
    let restored = restoring.finish()?;
    if let Some(aside) = restored.moved_aside {
        println!("what was there is kept as {}", aside.display());
    }
    match prepared {
        Some((folder, prepared, copied)) => {
            if let Some(aside) = exchange(&prepared, folder)? {
                println!("the files that were there are kept as {}", aside.display());
            }
            println!("{}: {}", folder.display(), counted(copied, "restored"));
        }
        None => println!("{}", where_files_are(&place, &source)),
    }
    println!(
        "restored from {}; clients will read their conversations anew",
        file.display()
    );
    Ok(())
}

/// What to do about files that this restore did not touch.
fn where_files_are(place: &Place, source: &Path) -> String {
    let shown = source.display();
    if source.is_dir() {
        return format!(
            "the files of this backup lie in {shown}: copy them to {place} with a tool for S3, each under its name"
        );
    }
    match fs::read_to_string(source) {
        Ok(note) => note.trim_end().to_owned(),
        Err(_) => format!("there are no files at {shown}; those in {place} stay as they are"),
    }
}

/// Gives the folder its last name; the one that was there is moved aside.
fn exchange(prepared: &Path, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let aside = folder.exists().then(|| name_aside(folder));
    if let Some(aside) = &aside {
        fs::rename(folder, aside)
            .with_context(|| format!("{} cannot be moved aside", folder.display()))?;
    }
    fs::rename(prepared, folder)
        .with_context(|| format!("{} cannot take its place", prepared.display()))?;
    sync_folder_of(folder)?;
    Ok(aside)
}
