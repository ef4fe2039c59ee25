//! `balie check`: says in words what is wrong, and changes nothing.

use anyhow::{Context, bail};

use crate::config::Config;
use crate::store::sqlite;

/// Checks the settings (which were resolved to come here), the data folder and the address.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    println!("settings  fine");
    match sqlite::check(&config.data)? {
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
                bail!(
                    "the data is damaged. Stop the server and put a backup back: balie admin restore FILE"
                );
            }
        }
        None => println!(
            "data      {} holds nothing yet; the first start fills it",
            config.data.display()
        ),
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
