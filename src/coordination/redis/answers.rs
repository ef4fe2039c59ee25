//! What scripts answer, read into Rust's types: the one place that knows how an answer is laid out.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use redis::Value;

use crate::coordination::Away;
use crate::domain::routing::{Due, InLine, LineState};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::At;

/// The answer of a verb of the board, with what every one tells beside.
pub struct Reply {
    /// Somebody who waits could be served now.
    pub has_work: bool,
    /// When something is due next.
    pub next_due: Option<At>,
    /// The answer itself.
    pub answer: Value,
}

/// An answer that no script of ours gives.
pub fn nonsense(script: &str) -> Away {
    Away(format!("the answer of {script} cannot be read"))
}

impl Reply {
    /// Reads it; `None` if it is laid out otherwise.
    pub fn read(value: Value) -> Option<Self> {
        let mut parts = items(value).into_iter();
        let has_work = number(&parts.next()?)? == 1;
        let next_due = id(&parts.next()?).map(At);
        Some(Self {
            has_work,
            next_due,
            answer: parts.next()?,
        })
    }
}

/// The items of a list; none of anything else.
pub fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// A whole number.
pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

/// A text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

/// A text that is something.
pub fn id<T: FromStr>(value: &Value) -> Option<T> {
    text(value)?.parse().ok()
}

/// Everybody who has a conversation open: {id, name, id, name …}.
pub fn viewers(parts: Vec<Value>) -> Option<Vec<(AgentId, String)>> {
    parts
        .chunks_exact(2)
        .map(|pair| Some((id(&pair[0])?, text(&pair[1])?)))
        .collect()
}

/// One thing that is due.
pub fn read_due(parts: &[Value]) -> Option<Due> {
    let who = parts.get(1)?;
    Some(match text(parts.first()?)?.as_str() {
        "v" => Due::VisitorGone {
            conversation: id(who)?,
            gone_at: At(id(parts.get(2)?)?),
        },
        "w" => Due::AgentAway { agent: id(who)? },
        "g" => Due::AgentGone { agent: id(who)? },
        "m" => Due::OfferMissed {
            conversation: id(who)?,
            agent: id(parts.get(2)?)?,
            is_once_too_often: number(parts.get(3)?)? == 1,
        },
        _ => return None,
    })
}

/// The order comes sorted by department, then by place.
pub fn read_lines(answer: Value) -> Option<Vec<LineState>> {
    let mut parts = items(answer).into_iter();
    let order = items(parts.next()?);
    let offered: HashSet<ConversationId> =
        items(parts.next()?).iter().map(id).collect::<Option<_>>()?;
    let mut lines = BTreeMap::new();
    let empty = |department: DepartmentKey| LineState {
        department,
        waiting: Vec::new(),
        agents_online: 0,
        free_slots: 0,
    };
    for member in order {
        let member = text(&member)?;
        let mut parts = member.split('|');
        let department = DepartmentKey::new(parts.next()?).ok()?;
        let conversation = parts.nth(1)?.parse().ok()?;
        let since = At(parts.next()?.parse().ok()?);
        let mode = match parts.next()? {
            "chat" => Mode::Chat,
            "message" => Mode::Message,
            _ => return None,
        };
        let line = lines
            .entry(department.clone())
            .or_insert_with(|| empty(department));
        line.waiting.push(InLine {
            conversation,
            since,
            mode,
            is_offered: offered.contains(&conversation),
        });
    }
    for agent in items(parts.next()?) {
        let agent = text(&agent)?;
        let mut parts = agent.split_ascii_whitespace();
        let free: u64 = parts.next()?.parse().ok()?;
        for department in parts {
            let department = DepartmentKey::new(department).ok()?;
            let line = lines
                .entry(department.clone())
                .or_insert_with(|| empty(department));
            line.agents_online += 1;
            line.free_slots += free;
        }
    }
    Some(lines.into_values().collect())
}
