//! The scripts, one a verb, each behind what all of them share.
//!
//! A script is called by its hash. A server that does not know it (a new one, one that was restarted, a replica that
//! became the master, a slot that moved) is given the text in the same call, and knows it from then on.

use std::sync::LazyLock;

/// One verb.
pub struct Script {
    /// Its name, for the log.
    pub name: &'static str,
    /// Its text.
    pub text: String,
    /// By what it is called.
    pub hash: String,
}

impl Script {
    fn alone(name: &'static str, text: &str) -> Self {
        let hash = redis::Script::new(text).get_hash().to_owned();
        Self {
            name,
            text: text.to_owned(),
            hash,
        }
    }

    fn of_board(name: &'static str, verb: &str) -> Self {
        Self::alone(name, &[include_str!("board.lua"), verb].concat())
    }
}

macro_rules! verbs {
    ($($name:ident = $file:literal),+ $(,)?) => {
        $(
            #[doc = concat!("`", $file, "`")]
            pub static $name: LazyLock<Script> =
                LazyLock::new(|| Script::of_board($file, include_str!($file)));
        )+
    };
}

verbs! {
    OBSERVE = "observe.lua",
    SEAT = "seat.lua",
    REMOVE = "remove.lua",
    SOCKETS = "sockets.lua",
    CLAIM = "claim.lua",
    OFFER = "offer.lua",
    GIVE_BACK = "give_back.lua",
    DECLINE = "decline.lua",
    WIDEN = "widen.lua",
    DUE = "due.lua",
    AGENT = "agent.lua",
    OFFERED = "offered.lua",
    OPEN = "open.lua",
    LINES = "lines.lua",
    PLACES = "places.lua",
    PLACED = "placed.lua",
    SEATS = "seats.lua",
    OWN_SOCKETS = "own_sockets.lua",
    TOLD = "told.lua",
    BURY = "bury.lua",
}

/// `tick.lua`
pub static TICK: LazyLock<Script> =
    LazyLock::new(|| Script::alone("tick.lua", include_str!("tick.lua")));
/// `uncount.lua`
pub static UNCOUNT: LazyLock<Script> =
    LazyLock::new(|| Script::alone("uncount.lua", include_str!("uncount.lua")));
/// `hold.lua`
pub static HOLD: LazyLock<Script> =
    LazyLock::new(|| Script::alone("hold.lua", include_str!("hold.lua")));
/// `count.lua`
pub static COUNT: LazyLock<Script> =
    LazyLock::new(|| Script::alone("count.lua", include_str!("count.lua")));
