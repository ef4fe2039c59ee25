//! The verdict on a chorus: everybody's timeline beside the log that they read over HTTP, and the two sides' logs beside each other.
//!
//! The chorus calls it when it has fallen silent. Whatever cannot be read counts as a fault: nothing is taken to be right unseen.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::participant::agent::Agent;
use crate::participant::compare;
use crate::participant::fault::{Breach, Fault, Trouble};
use crate::participant::handle::Participant;
use crate::participant::mind::Mind;
use crate::participant::timeline::View;
use crate::participant::visitor::Visitor;
use crate::participant::wire::{ConversationId, Event};

/// Logs that are read at the same time.
const AT_ONCE: usize = 16;
/// How long the end of a log may take to arrive at a socket, after it could be read over HTTP.
const ARRIVAL_MS_MAX: u64 = 10_000;

/// What could not be verified is not taken to be right.
pub fn unverified(conversation: Option<ConversationId>, trouble: &Trouble) -> Fault {
    match trouble {
        Trouble::Fault(fault) => fault.clone(),
        other => Fault {
            breach: Breach::Differs,
            conversation,
            detail: format!("it could not be verified: {other}"),
        },
    }
}

/// Waits until everything in the log has been shown to this participant as well.
async fn catch_up<M: Mind>(
    participant: &mut Participant<M>,
    conversation: ConversationId,
    log: &[Event],
) {
    let last = log.last().map_or(0, |event| event.seq);
    let has_all = |mind: &mut M| {
        let timeline = mind.memory().timelines.get(&conversation)?;
        (timeline.last_seq() >= last || !timeline.is_followed()).then_some(())
    };
    // What is missing after this is found by the comparison that follows.
    let _ = participant
        .until_within(ARRIVAL_MS_MAX, "the end of the log", has_all)
        .await;
}

/// Lays what the agents were shown of `ours` (agent by index, conversation) beside their logs, and gives these by conversation.
pub async fn compare_agents(
    agents: &mut [Agent],
    ours: &HashSet<(usize, ConversationId)>,
    faults: &mut Vec<Fault>,
) -> HashMap<ConversationId, Vec<Event>> {
    let mut logs = HashMap::new();
    for (index, agent) in agents.iter_mut().enumerate() {
        let owned: Vec<ConversationId> = agent
            .owned()
            .into_iter()
            .filter(|conversation| ours.contains(&(index, *conversation)))
            .collect();
        let shared: &Agent = agent;
        let reading = stream::iter(owned).map(|id| async move { (id, shared.read_log(id).await) });
        let read: Vec<_> = reading.buffer_unordered(AT_ONCE).collect().await;
        for (conversation, log) in read {
            match log {
                Ok(log) => {
                    catch_up(agent, conversation, &log).await;
                    if let Some(timeline) = agent.timeline(conversation) {
                        faults.extend(compare::log_against_timeline(
                            View::Agent,
                            &log,
                            &timeline,
                            conversation,
                        ));
                    }
                    logs.insert(conversation, log);
                }
                Err(trouble) => faults.push(unverified(Some(conversation), &trouble)),
            }
        }
    }
    logs
}

/// Lays what each visitor was shown beside the log, and that beside the agents' where it is at hand.
pub async fn compare_visitors(
    visitors: &mut [Visitor],
    agent_logs: &HashMap<ConversationId, Vec<Event>>,
    faults: &mut Vec<Fault>,
) {
    let reading = stream::iter(visitors.iter_mut()).map(|visitor| async move {
        let log = visitor.read_log().await;
        (visitor, log)
    });
    let read: Vec<_> = reading.buffer_unordered(AT_ONCE).collect().await;
    for (visitor, log) in read {
        let conversation = visitor.conversation();
        match (conversation, log) {
            (Some(conversation), Ok(log)) => {
                catch_up(visitor, conversation, &log).await;
                if let Some(timeline) = visitor.timeline(conversation) {
                    faults.extend(compare::log_against_timeline(
                        View::Visitor,
                        &log,
                        &timeline,
                        conversation,
                    ));
                }
                // With several processes the agent may be in another one, which reads that log by itself.
                if let Some(agents) = agent_logs.get(&conversation) {
                    faults.extend(compare::views_against_each_other(
                        &log,
                        agents,
                        conversation,
                    ));
                }
            }
            (conversation, Err(trouble)) => faults.push(unverified(conversation, &trouble)),
            (None, Ok(_)) => {}
        }
    }
}
