//! Visitors and agents that speak the whole contract over real sockets and fail by themselves on any breach of it.
//!
//! From the bottom up: [`wire`] reads frames, [`fault`] names the breaches, [`timeline`] checks one log and [`story`] what it tells, [`ledger`] the
//! commands and their acks, [`outbox`] repeats commands until they are answered; [`visitor_mind`] and [`agent_mind`] join
//! these into what one participant knows, without any network; [`dial`] opens sockets and HTTP requests, [`driver`] keeps a
//! mind connected, and [`visitor`] and [`agent`] are the [`handle`]s that tests and the load tester hold. [`compare`] reads
//! logs back over HTTP and lays them beside what was seen.

pub mod agent;
pub mod agent_mind;
pub mod compare;
pub mod dial;
pub mod driver;
pub mod fault;
pub mod handle;
pub mod ledger;
pub mod mind;
pub mod outbox;
pub mod story;
pub mod timeline;
pub mod visitor;
pub mod visitor_mind;
pub mod wire;
