//! Which sockets this node has, and what the board has yet to be told of them.
//!
//! The sockets are the truth of presence, and they are here. What could not be told is owed, and told as soon as the board
//! answers again; on a board that is new, or that took this node for dead, everything is owed. One entry a socket, so what
//! is owed never grows beyond what there is.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::routing::SocketId;
use crate::model::id::{AgentId, ConversationId};

/// Sockets told in one call.
pub const AT_ONCE_MAX: usize = 200;
/// Sockets that are gone and were not told. Beyond that the lease of this node must do: it is let run out by whoever
/// restarts, and the board is told anew.
const GONE_MAX: usize = 200_000;

/// One socket, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// A visitor's, at an open conversation.
    Visitor(ConversationId, SocketId),
    /// An agent's.
    Agent(AgentId, SocketId),
    /// One on which an agent has a conversation open.
    Viewer(ConversationId, AgentId, SocketId),
}

/// The sockets of this node.
#[derive(Default)]
pub struct Presence(Mutex<Sockets>);

#[derive(Default)]
struct Sockets {
    /// All that are here, with the name of a viewer.
    here: HashMap<Spot, String>,
    /// Those of which the board has not been told, here or gone.
    owed: HashSet<Spot>,
}

impl Spot {
    /// Its kind, whose it is, and the socket, as scripts know them.
    fn parts(&self) -> (&'static str, String, String) {
        match self {
            Spot::Visitor(conversation, socket) => {
                ("v", conversation.to_string(), socket.to_string())
            }
            Spot::Agent(agent, socket) => ("a", agent.to_string(), socket.to_string()),
            Spot::Viewer(conversation, agent, socket) => {
                ("w", conversation.to_string(), format!("{agent}/{socket}"))
            }
        }
    }

    /// As the board names one of a node's sockets: `kind|conversation or agent|socket`.
    pub fn named(name: &str) -> Option<Self> {
        let mut parts = name.split('|');
        let (kind, id, socket) = (parts.next()?, parts.next()?, parts.next()?);
        Some(match kind {
            "v" => Spot::Visitor(id.parse().ok()?, socket.parse().ok()?),
            "a" => Spot::Agent(id.parse().ok()?, socket.parse().ok()?),
            "w" => {
                let (agent, socket) = socket.split_once('/')?;
                Spot::Viewer(id.parse().ok()?, agent.parse().ok()?, socket.parse().ok()?)
            }
            _ => return None,
        })
    }

    /// As `sockets.lua` takes it.
    fn arguments(&self, is_here: bool, name: &str) -> [String; 5] {
        let (kind, id, socket) = self.parts();
        let sign = if is_here { "+" } else { "-" };
        [
            sign.to_owned(),
            kind.to_owned(),
            id,
            socket,
            name.to_owned(),
        ]
    }
}

impl Presence {
    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        // Held for one look-up, never across an await.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A socket is here; answers what to tell the board.
    pub fn joined(&self, spot: Spot, name: &str) -> [String; 5] {
        let mut sockets = self.sockets();
        sockets.here.insert(spot, name.to_owned());
        sockets.owed.insert(spot);
        spot.arguments(true, name)
    }

    /// A socket is gone; answers what to tell the board.
    pub fn left(&self, spot: Spot) -> [String; 5] {
        let mut sockets = self.sockets();
        sockets.here.remove(&spot);
        if sockets.owed.len() < GONE_MAX {
            sockets.owed.insert(spot);
        }
        spot.arguments(false, "")
    }

    /// The board was told that the socket is here, or gone; it may have changed again meanwhile.
    pub fn told(&self, spot: Spot, is_here: bool) {
        let mut sockets = self.sockets();
        if sockets.here.contains_key(&spot) == is_here {
            sockets.owed.remove(&spot);
        }
    }

    /// The board knows none of them.
    pub fn owe_everything(&self) {
        let mut sockets = self.sockets();
        let here: Vec<Spot> = sockets.here.keys().copied().collect();
        sockets.owed.extend(here);
    }

    /// The board has these of this node's: whatever differs is owed. What changes meanwhile is told once more than needed.
    pub fn compare(&self, told: &HashSet<Spot>) {
        let mut sockets = self.sockets();
        let differs: Vec<Spot> = {
            let unknown = sockets.here.keys().filter(|spot| !told.contains(spot));
            let gone = told.iter().filter(|spot| !sockets.here.contains_key(spot));
            unknown.chain(gone).copied().collect()
        };
        sockets.owed.extend(differs);
    }

    /// Some of what is owed: the spots as they are told, and the arguments that tell them.
    pub fn owed(&self) -> (Vec<(Spot, bool)>, Vec<String>) {
        let sockets = self.sockets();
        let mut spots = Vec::new();
        let mut arguments = Vec::new();
        for spot in sockets.owed.iter().take(AT_ONCE_MAX) {
            let name = sockets.here.get(spot);
            let is_here = name.is_some();
            let name = name.map_or("", String::as_str);
            arguments.extend(spot.arguments(is_here, name));
            spots.push((*spot, is_here));
        }
        (spots, arguments)
    }
}
