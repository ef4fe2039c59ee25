//! Every key that Balie has in Redis, and the channel.
//!
//! All keys of the board share the hash tag `{b}`, so they lie in one slot and one script may touch them all. A board is
//! never told apart by an expiry: it is rebuilt as a whole from the log and the live sockets when it is gone
//! (`desk::rebuild`), and everything in it is taken out by news from the log. Names begin with `balie:` and the
//! installation's epoch: two installations may share a Redis, and a restored backup begins with an empty board.
//!
//! Nodes of two versions run side by side on one board. Its form is therefore only ever widened.

/// What a board consists of, in the order in which scripts take it (`board.lua`). Members are text, records msgpack;
/// what separates the parts of a member is `|`, which no id and no department's key contains.
pub const BOARD: [&str; 19] = [
    // Hash: `incarnation` (told apart by whoever knew another one), `phase` (empty, whole), `teller` and `teller_until`
    // (the node that tells an empty board everything), `ticked_at` (last sign of life of any node), `settles_at` (no
    // pairing before). Written by `tick` and `told`.
    "state",
    // Hash: conversation → record of its place in line, with its claim, its needs and who declined or missed it. Written by
    // `observe`, `claim`, `offer`, `give_back`, `decline`, `widen`, `due`, `seat`, `sockets`; deleted by `observe`.
    "waiting",
    // Hash: conversation → its agent and the event that put it there. `observe`.
    "served",
    // Hash: conversation → the event that closed it, so that older news that comes late is known as such. `observe`;
    // deleted after a minute by `observe` and `due`.
    "closed",
    // Sorted set: conversation by the moment it was noted as closed. With `closed`.
    "closing",
    // Hash: agent → record of seat, sockets, load and graces. Every verb that changes an agent; deleted when there is
    // nothing to remember.
    "agents",
    // Hash: conversation → the sockets of its visitor. `sockets`, `bury`; deleted with the last one, or by `observe` when
    // it closes.
    "visitors",
    // Sorted set by text: `department|order key|conversation|since|mode` of all who wait. `observe`.
    "order",
    // Sorted set by text: `lane|order key|conversation` of those who could be served now. A lane is `department` or, with the
    // needs that are left, `department+fr+gold`; once it is wide a conversation stands in those of who stands in too. Whatever
    // changes that.
    "ready",
    // Sorted set by text: `department|load share|idle since|agent` of agents with a free place, best first, and
    // `department+skill|…` for each of their skills.
    "free", // Hash: department → agents online. With `agents`.
    "online",
    // Sorted set: `kind id|moment` by that moment, kinds 1 to 7 in the order in which they fire; taken out by `due`, and
    // not before: one whose cause is gone does nothing.
    "due",
    // Sorted set by text: `agent|conversation` of what was declined or missed, so that `seat` finds it.
    "refusals",
    // Hash: conversation → agent at whom it rings. `offer`; deleted with the claim.
    "offers",
    // Sorted set by text: `node|kind|conversation or agent|socket` of all live sockets. `sockets`; those of a dead node
    // are taken out by `bury`.
    "sockets",
    // Sorted set: node by the end of its lease. `tick`; a dead node is taken out by `bury`.
    "leases",
    // Hash: conversation → who has it open on which sockets. `sockets`, `bury`; deleted with the last one.
    "views",
    // Sorted set by text: `department|since|conversation` of who waits live, the longest wait first. `observe`.
    "live",
    // Hash: `department+skill` → how many of its agents have it, there or not. `seat`, `remove`.
    "skilled",
];

/// The names of one installation's keys.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: String,
    board: Vec<String>,
}

impl Keys {
    /// The keys of the installation with this epoch.
    #[must_use]
    pub fn new(installation: &str) -> Self {
        let prefix = format!("balie:{installation}");
        let board = BOARD.iter().map(|name| format!("{prefix}:{{b}}:{name}"));
        Self {
            board: board.collect(),
            prefix,
        }
    }

    /// The keys of the board, in the order of [`BOARD`].
    #[must_use]
    pub fn board(&self) -> &[String] {
        &self.board
    }

    /// String: the answer to a request, for its repeats. Every verb that changes something; expires after
    /// [`super::board::ANSWER`]. In the board's slot.
    #[must_use]
    pub fn answer(&self, request: uuid::Uuid) -> String {
        format!("{}:{{b}}:answer:{}", self.prefix, request.simple())
    }

    /// Hash `{count, since}`: how often something was asked for within a span, over all nodes. `count`; expires with the
    /// span. In a slot of its own.
    #[must_use]
    pub fn counter(&self, what: &str) -> String {
        format!("{}:count:{{{what}}}", self.prefix)
    }

    /// Hash: node → how much it holds of something of which there may be so much over all nodes, and the version of that. `hold`;
    /// expires after [`super::board::HELD`] without news. In the board's slot, for it counts while a node's lease runs.
    #[must_use]
    pub fn holding(&self, what: &str) -> String {
        format!("{}:{{b}}:held:{what}", self.prefix)
    }

    /// The leases, as [`BOARD`] has them.
    #[must_use]
    pub fn leases(&self) -> String {
        format!("{}:{{b}}:leases", self.prefix)
    }

    /// The channel that every node hears. Nothing of it is stored.
    #[must_use]
    pub fn channel(&self) -> String {
        format!("{}:news", self.prefix)
    }

    /// What all names of Balie begin with, as a permission names it.
    #[must_use]
    pub fn pattern() -> &'static str {
        "balie:*"
    }
}
