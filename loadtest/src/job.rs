//! What the parent and its worker processes say to each other: jobs on the way there, steps on the way back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use balie_loadtest::meter::Tally;
use balie_loadtest::participant::fault::Fault;

/// What a worker is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    Idle(IdleJob),
    Chat(ChatJob),
}

/// What a worker says when it has finished a step.
#[derive(Debug, Serialize, Deserialize)]
pub enum Step {
    Ready,
    Held(IdleTally),
    Talked(Box<Tally>),
    Failed(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdleJob {
    pub url: String,
    pub site: String,
    pub visitors: usize,
    pub per_s: f64,
    pub starts: bool,
    pub hold_s: u64,
    /// Sent as `Origin`; without it the server's own.
    pub origin: Option<String>,
    pub sources: Vec<IpAddr>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IdleTally {
    pub established: usize,
    pub started: usize,
    /// By reason.
    pub refused: BTreeMap<String, u64>,
    /// Sockets that were lost after they were established, by reason.
    pub lost: BTreeMap<String, u64>,
    pub faults: Vec<Fault>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChatJob {
    pub url: String,
    pub site: String,
    pub department: Option<String>,
    pub visitors: usize,
    pub tokens: Vec<String>,
    pub capacity: u64,
    /// Messages a second of each pair; without it the loop is closed.
    pub rate_per_pair: Option<f64>,
    pub text_chars: usize,
    /// Sent as `Origin`; without it the server's own.
    pub origin: Option<String>,
    pub sources: Vec<IpAddr>,
}
