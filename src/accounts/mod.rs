//! Who is asking, and may they: passwords, sessions, API tokens, visitors' tokens and signed identities.
//!
//! Called by `web` (logins, resources, upgrades of sockets) and by the command line, which makes people too. Knows no
//! HTTP; takes the store, the clock and its limits as arguments. What is secret leaves this room only towards its
//! owner, and is kept as a hash wherever a hash is enough.

pub mod identity;
pub mod origin;
pub mod passwords;
pub mod people;
pub mod seal;
pub mod secret;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod throttle;
pub mod visitor_tokens;

use std::sync::Arc;

use crate::accounts::passwords::Passwords;
use crate::accounts::seal::Seal;
use crate::accounts::sessions::Sessions;
use crate::accounts::setup::SetUp;
use crate::accounts::throttle::Throttle;
use crate::accounts::visitor_tokens::VisitorTokens;
use crate::model::time::Clock;
use crate::store::settings::Settings;
use crate::store::{Store, StoreError};

/// Everything of this room that a running server holds; cheap to share.
pub struct Accounts {
    /// Login sessions and API tokens.
    pub sessions: Sessions,
    /// Hashes and checks passwords, a few at a time.
    pub passwords: Passwords,
    /// Slows down whoever guesses.
    pub throttle: Throttle,
    /// The one-time way in while there is nobody yet.
    pub setup: SetUp,
    /// Signs and checks visitors' tokens.
    pub visitor_tokens: VisitorTokens,
    /// Marks what lies outside of the store as our own.
    pub seal: Seal,
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    clock: Clock,
}

impl Accounts {
    /// Reads what it needs from the store: the signing secret, and whether anybody exists.
    ///
    /// `counts_loopback` says whether failed logins from this machine count towards the limit per address.
    pub async fn open(
        store: Arc<dyn Store>,
        settings: Arc<Settings>,
        clock: Clock,
        counts_loopback: bool,
    ) -> Result<Self, StoreError> {
        let installation = store.installation().await?;
        let is_empty = store.people().await?.is_empty();
        Ok(Self {
            sessions: Sessions::new(store.clone(), clock.clone()),
            passwords: Passwords::default(),
            throttle: Throttle::new(clock.clone(), counts_loopback),
            setup: SetUp::new(is_empty),
            visitor_tokens: VisitorTokens::new(&installation.token_secret),
            seal: Seal::new(&installation.token_secret),
            store,
            settings,
            clock,
        })
    }
}
