//! What `balie check` finds in a store, whatever the engine.

/// Problems named one by one; more only repeat what is plain by then.
pub(super) const PROBLEMS_MAX: usize = 20;

/// What a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The database's size.
    pub bytes: u64,
    /// The schema's version.
    pub schema_version: u32,
    /// Conversations, open and closed.
    pub conversations: u64,
    /// Events in all their logs.
    pub events: u64,
    /// People who may sign in.
    pub people: u64,
    /// What is wrong, in words; at most 20. Empty is sound.
    pub problems: Vec<String>,
}
