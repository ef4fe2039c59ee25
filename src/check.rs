//! `balie check`: says in words what is wrong, and leaves everything as it is.

use anyhow::{Context, bail};

use crate::config::Config;
use crate::coordination::redis::{Address, check};
use crate::files::{Files, Place};
use crate::store::place::Place as StorePlace;
use crate::store::{postgres, sqlite};

/// Checks the settings (which were resolved to come here), the store, the place of files, Redis and the address.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    println!("settings  fine");
    let place = config.store_place();
    let (report, notes, remedy) = match &place {
        StorePlace::Folder(folder) => (
            sqlite::check(folder)?,
            Vec::new(),
            "Stop the server and put a backup back: balie admin restore FILE",
        ),
        StorePlace::Postgres(place) => {
            let (report, notes) = postgres::check(place).await?;
            let remedy =
                "Stop the servers and put a dump of pg_dump back, then run: balie admin new-epoch";
            (report, notes, remedy)
        }
    };
    for note in notes {
        println!("  note    {note}");
    }
    match report {
        Some(report) => {
            println!(
                "data      {} conversations with {} events, {} people, {} kB, schema {}",
                report.conversations,
                report.events,
                report.people,
                report.bytes / 1_024,
                report.schema_version,
            );
            if !report.problems.is_empty() {
                for problem in &report.problems {
                    println!("  wrong   {problem}");
                }
                bail!("the data is damaged. {remedy}");
            }
        }
        None => println!("data      {place} holds nothing yet; the first start fills it"),
    }
    check_files(config.files_place()).await?;
    if !config.redis_url.is_empty() {
        let address: Address = config.redis_url.parse()?;
        let version = check(&address, "check").await?;
        println!("redis     {address} answers, version {version}");
    }
    match crate::web::listen::bind(config.listen) {
        Ok(_) => println!("address   {} is free", config.listen),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            println!(
                "address   {} is in use: by a running Balie, or choose another with --listen",
                config.listen
            );
        }
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be listened on", config.listen));
        }
    }
    Ok(())
}

/// Stores a few bytes where files go, and removes them.
async fn check_files(place: Place) -> anyhow::Result<()> {
    if let Place::Folder(folder) = &place
        && !folder.exists()
    {
        println!("files     {place} is not there yet; the first start makes it");
        return Ok(());
    }
    let shown = place.to_string();
    let probed = match Files::open(place.clone()) {
        Ok(files) => files.probe().await,
        Err(error) => Err(error),
    };
    if let Err(error) = probed {
        let remedy = place.remedy(&error);
        bail!("no files can be stored in {shown}: {error}. {remedy}");
    }
    println!("files     {shown} takes and gives them");
    Ok(())
}
