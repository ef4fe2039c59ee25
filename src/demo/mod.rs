//! `balie demo`: fills an empty data folder with a shop's desk and a week of its conversations.
//!
//! Called by the command line, before the first start. `week` plays the week with the rules of `domain`, so that every
//! log is one that the server could have written; here it is put into the store. Never touches a folder that holds
//! people or conversations, and never one that a server uses.

mod arrivals;
mod articles;
mod dice;
mod play;
mod shop;
mod stories;
mod week;

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use tokio::task::JoinSet;

use crate::accounts::passwords::Passwords;
use crate::accounts::people::{Application, prepare};
use crate::config::Config;
use crate::model::event::{Event, View};
use crate::model::id::{ConversationId, SiteKey};
use crate::model::record::{JournalEntry, PersonRole, Visitor};
use crate::model::time::{At, Clock, Millis};
use crate::store::{ConversationFilter, NewPerson, Store};

use arrivals::DAY;
use shop::Colleague;
use week::Week;

/// The people were added so long before the week.
const EMPLOYED_FOR: Millis = Millis(60 * DAY.0);
/// Letters of the password: no two that look alike, 32 of them, so that each is five random bits.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters of the password: 100 random bits.
const PASSWORD_CHARS: usize = 20;
/// The site of a fresh data folder.
const SITE: &str = "demo";

/// What may be chosen about the demo.
#[derive(Args)]
pub struct DemoArguments {
    /// Play another week: the same number always plays the same one
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// Fills the data folder.
pub async fn run(arguments: DemoArguments, config: &Config) -> anyhow::Result<()> {
    let place = config.store_place();
    let store = place.open_for_server().await?;
    let any = ConversationFilter {
        limit: 1,
        ..ConversationFilter::default()
    };
    if !store.people().await?.is_empty() || !store.conversations(any).await?.is_empty() {
        bail!(
            "{place} holds people or conversations already, and the demo would mix with them. Choose an empty folder with \
             --data, or an empty database",
        );
    }
    let site = SiteKey::new(SITE).context("the demo site's key is no key")?;
    let seed = arguments.seed;
    let now = Clock::system().now();
    let since = week::begin_of(now);
    let colleagues = shop::colleagues(seed, since - EMPLOYED_FOR);
    let stories = stories::stories()?;
    let week = week::play(&colleagues, &stories, &site, seed, now);

    let password = password()?;
    settle(&store, &site, seed, since).await?;
    employ(&store, &colleagues, &password, since - EMPLOYED_FOR).await?;
    publish(&store, &site, &colleagues, seed, since - EMPLOYED_FOR).await?;
    write_journal(&store, week.journal.clone()).await?;
    let told = tell(&week, &colleagues, &password, config);
    store.import_history(week.logs.clone()).await?;
    mark_read(&store, &week.logs).await?;
    print!("{told}");
    Ok(())
}

fn password() -> anyhow::Result<String> {
    let mut bytes = [0; PASSWORD_CHARS];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let groups: Vec<String> = letters
        .chunks(5)
        .map(|group| group.iter().collect())
        .collect();
    Ok(groups.join("-"))
}

/// Departments, site, tags and canned replies.
async fn settle(
    store: &Arc<dyn Store>,
    site: &SiteKey,
    seed: u64,
    since: At,
) -> anyhow::Result<()> {
    let returns = shop::returns();
    store.create_department(returns.clone()).await?;
    let sites = store.sites().await?;
    let mut shop_site = sites
        .into_iter()
        .find(|one| one.key == *site)
        .with_context(|| format!("the folder has no site \"{site}\""))?;
    shop_site.name = "Noord Bikes".to_owned();
    shop_site.departments.push(returns.key);
    shop_site.form = shop::form();
    shop_site.greeting =
        Some("Hello! Ask us anything about bikes, orders and the workshop.".to_owned());
    store.save_site(shop_site).await?;
    for tag in shop::TAGS {
        store.create_tag(tag).await?;
    }
    for reply in shop::canned_replies(seed, since) {
        store.create_canned_reply(reply).await?;
    }
    Ok(())
}

async fn employ(
    store: &Arc<dyn Store>,
    colleagues: &[Colleague],
    password: &str,
    since: At,
) -> anyhow::Result<()> {
    let passwords = Passwords::default();
    for colleague in colleagues {
        let application = Application {
            email: colleague.email.clone(),
            name: colleague.name.name.clone(),
            role: colleague.role,
            departments: colleague.departments.clone(),
            password: password.to_owned(),
        };
        let person = NewPerson {
            id: colleague.name.id,
            capacity: colleague.capacity,
            ..prepare(&passwords, application).await?
        };
        store.create_person(person, since).await?;
    }
    Ok(())
}

/// The articles, by the first of the colleagues, who keeps the shop.
async fn publish(
    store: &Arc<dyn Store>,
    site: &SiteKey,
    colleagues: &[Colleague],
    seed: u64,
    since: At,
) -> anyhow::Result<()> {
    let keeper = colleagues.first().context("nobody keeps the shop")?;
    for article in articles::articles(seed, since, site, &keeper.name)? {
        store.create_article(article).await?;
    }
    Ok(())
}

/// Each agent's entries in their order, all agents at once: they share the store's commits.
async fn write_journal(
    store: &Arc<dyn Store>,
    journal: Vec<(At, JournalEntry)>,
) -> anyhow::Result<()> {
    let mut agents: std::collections::BTreeMap<_, Vec<(At, JournalEntry)>> =
        std::collections::BTreeMap::new();
    for (at, entry) in journal {
        agents.entry(entry.agent).or_default().push((at, entry));
    }
    let mut writing = JoinSet::new();
    for entries in agents.into_values() {
        let store = Arc::clone(store);
        writing.spawn(async move {
            for (at, entry) in entries {
                store.journal(entry, at).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(())
}

/// The past has been read by both sides.
async fn mark_read(
    store: &Arc<dyn Store>,
    logs: &[(Visitor, ConversationId, Vec<Event>)],
) -> anyhow::Result<()> {
    let mut marking = JoinSet::new();
    for (_, id, events) in logs {
        let (store, id, seq) = (Arc::clone(store), *id, events.len() as u64);
        marking.spawn(async move {
            store.mark_read(id, View::Agent, seq).await?;
            store.mark_read(id, View::Visitor, seq).await?;
            anyhow::Ok(())
        });
    }
    while let Some(marked) = marking.join_next().await {
        marked??;
    }
    Ok(())
}

/// What was made, and how to sign in.
fn tell(week: &Week, colleagues: &[Colleague], password: &str, config: &Config) -> String {
    let events: usize = week.logs.iter().map(|(_, _, events)| events.len()).sum();
    let mut told = format!(
        "{} holds a week at Noord Bikes: {} conversations with {events} events, {} people, 3 departments.\n\n",
        config.data.display(),
        week.logs.len(),
        colleagues.len(),
    );
    for colleague in colleagues {
        let role = match colleague.role {
            PersonRole::Admin => "admin",
            PersonRole::Supervisor => "supervisor",
            PersonRole::Agent => "agent",
        };
        told.push_str(&format!(
            "  {:<10} {:<16} {}\n",
            role, colleague.name.name, colleague.email
        ));
    }
    told.push_str(&format!(
        "\n  password of everybody, shown this once: {password}\n\n\
         Start the server with the same --data and sign in at /panel/.\n"
    ));
    told
}

#[cfg(test)]
mod tests {
    use super::{SITE, shop, stories, week};
    use crate::model::event::{Body, Event};
    use crate::model::id::SiteKey;
    use crate::model::time::{At, Millis};

    #[test]
    fn the_same_seed_plays_the_same_week_and_another_one_does_not() {
        let stories = stories::stories().unwrap();
        let site = SiteKey::new(SITE).unwrap();
        let now = At(1_780_000_000_000);
        let play = |seed| {
            let colleagues = shop::colleagues(seed, week::begin_of(now));
            week::play(&colleagues, &stories, &site, seed, now)
        };
        let (one, again, other) = (play(1), play(1), play(2));
        assert_eq!(one.logs, again.logs);
        assert_eq!(one.journal, again.journal);
        assert_ne!(one.logs.len(), other.logs.len());
    }

    #[test]
    fn the_past_does_not_depend_on_when_it_is_made() {
        let stories = stories::stories().unwrap();
        let site = SiteKey::new(SITE).unwrap();
        let now = At(1_780_000_000_000);
        let colleagues = shop::colleagues(1, week::begin_of(now));
        let one = week::play(&colleagues, &stories, &site, 1, now);
        let later = week::play(&colleagues, &stories, &site, 1, now + Millis::seconds(60));
        // What ended well before the end is the same; only the last hour may go on differently.
        let begun_before = now - Millis::seconds(3 * 60 * 60);
        let texts = |week: &week::Week| -> Vec<_> {
            week.logs
                .iter()
                .filter(|(_, _, events)| events[0].at < begun_before)
                .map(|(_, id, events)| (*id, events.len()))
                .collect()
        };
        assert!(texts(&one).len() > 300);
        assert_eq!(texts(&one), texts(&later));
    }

    #[test]
    fn a_week_can_end_at_any_hour() {
        let stories = stories::stories().unwrap();
        let site = SiteKey::new(SITE).unwrap();
        for seed in 0..24 {
            let now =
                At(1_780_000_000_000) + Millis::seconds(i64::try_from(seed).unwrap() * 25_987);
            let colleagues = shop::colleagues(seed, week::begin_of(now));
            let week = week::play(&colleagues, &stories, &site, seed, now);
            assert!(week.logs.len() > 300, "{} at {now:?}", week.logs.len());
            for (_, id, events) in &week.logs {
                assert!(events.iter().all(|event| event.at <= now), "{id}");
                let is_closed = |event: &Event| matches!(event.body, Body::Closed { .. });
                assert_eq!(
                    events.iter().filter(|event| is_closed(event)).count(),
                    1,
                    "{id}"
                );
            }
            assert!(week.journal.is_sorted_by_key(|(at, _)| *at));
        }
    }
}
