//! Several servers that are one desk: on one database and one Redis, each reached by itself or all through a balancer.

use std::net::SocketAddr;

use balie_loadtest::participant::agent::{Agent, AgentBuilder};
use balie_loadtest::participant::visitor::{Visitor, VisitorBuilder};
use futures_util::future::join_all;

use super::balancer::Balancer;
use super::node::Node;
use super::people::beginning_on_postgres;
use super::postgres::shared;
use super::redis_server::Server as Redis;

/// The servers. Dropped in this order: who uses something goes before it.
pub struct Fleet {
    pub nodes: Vec<Node>,
    balancer: Option<Balancer>,
    pub redis: Redis,
}

impl Fleet {
    /// So many nodes, each reached by itself, on the tests' PostgreSQL and a Redis of their own.
    pub async fn of(count: usize, settings: &[(&'static str, &str)]) -> Self {
        let redis = Redis::start(&[]).await;
        let database = shared().url(&fresh_database());
        let nodes = start(count, &redis.url(), &database, settings).await;
        Self {
            nodes,
            balancer: None,
            redis,
        }
    }

    /// Nodes that are each started by a shell line of their own, which ends in `exec "$0"`.
    pub async fn wrapped(lines: &[String]) -> Self {
        let redis = Redis::start(&[]).await;
        let (place, database) = (redis.url(), shared().url(&fresh_database()));
        let settings = [
            ("BALIE_REDIS_URL", place.as_str()),
            ("BALIE_DATABASE_URL", &database),
            // Who starts with something before it takes longer.
            ("BALIE_DATABASE_CONNECT_MS", "10000"),
        ];
        let starting = lines
            .iter()
            .map(|line| Node::wrapped(Some(line), &settings));
        Self {
            nodes: join_all(starting).await,
            balancer: None,
            redis,
        }
    }

    /// So many nodes behind a balancer.
    pub async fn behind_balancer(count: usize, settings: &[(&'static str, &str)]) -> Self {
        let place = Balancer::place();
        let public = format!("http://{place}");
        let mut settings = settings.to_vec();
        settings.push(("BALIE_PUBLIC_URL", &public));
        let mut fleet = Self::of(count, &settings).await;
        let addresses: Vec<SocketAddr> = fleet.nodes.iter().map(Node::address).collect();
        fleet.balancer = Some(Balancer::start(place, &addresses).await);
        fleet
    }

    /// Where everybody comes who is not bound to one node.
    pub fn url(&self) -> String {
        self.balancer
            .as_ref()
            .expect("it was asked for one with a balancer")
            .url()
    }

    /// A visitor who comes through the balancer, and comes again.
    pub fn visitor_builder(&self) -> VisitorBuilder {
        let builder = Visitor::of(&self.url(), "demo").unwrap();
        builder.keeps_going().patience_ms(60_000)
    }

    /// A person at the desk who comes through the balancer, and comes again.
    pub fn agent_builder(&self, person: &str) -> AgentBuilder {
        let builder = Agent::of(&self.url(), self.nodes[0].token_of(person)).unwrap();
        builder.keeps_going().patience_ms(60_000)
    }
}

/// A database with everybody at the desk, in the tests' PostgreSQL.
pub fn fresh_database() -> String {
    let template = beginning_on_postgres().template.as_deref();
    shared().copy(template.expect("it was begun on PostgreSQL"))
}

/// Starts so many nodes at once.
pub async fn start(
    count: usize,
    redis: &str,
    database: &str,
    settings: &[(&'static str, &str)],
) -> Vec<Node> {
    let mut all = vec![("BALIE_REDIS_URL", redis), ("BALIE_DATABASE_URL", database)];
    all.extend_from_slice(settings);
    let starting = (0..count).map(|_| Node::with(&all));
    join_all(starting).await
}
