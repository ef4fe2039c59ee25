//! What scripts answer, read into Rust's types: the one place that knows how an answer is laid out.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use redis::Value;

use crate::coordination::Away;
use crate::domain::routing::{Due, InLine, LineState, PlaceInLine, Seat};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::{At, Millis};
use crate::model::why::{Rule, Why};

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

/// Why a claim was made.
pub fn read_why(value: &Value) -> Option<Why> {
    let Value::Array(parts) = value else {
        return None;
    };
    Some(Why {
        rule: read_rule(&text(parts.first()?)?)?,
        load: u32::try_from(number(parts.get(1)?)?).ok()?,
        capacity: u8::try_from(number(parts.get(2)?)?).ok()?,
        idle_ms: Some(Millis(number(parts.get(3)?)?)),
        eligible: u32::try_from(number(parts.get(4)?)?).ok()?,
    })
}

/// The rules that a script may name.
fn read_rule(word: &str) -> Option<Rule> {
    Some(match word {
        "longest_idle" => Rule::LongestIdle,
        "least_load" => Rule::LeastLoad,
        "head_of_line" => Rule::HeadOfLine,
        "last_agent" => Rule::LastAgent,
        "relaxed" => Rule::Relaxed,
        "overflow" => Rule::Overflow,
        _ => return None,
    })
}

/// Each line's head and lengths, what rings, and who serves.
pub fn read_lines(answer: Value) -> Option<Vec<LineState>> {
    let mut parts = items(answer).into_iter();
    let waited_in = items(parts.next()?);
    let offered: HashSet<ConversationId> =
        items(parts.next()?).iter().map(id).collect::<Option<_>>()?;
    let mut lines = BTreeMap::new();
    for line in waited_in {
        let line = read_line(items(line), &offered)?;
        lines.insert(line.department.clone(), line);
    }
    for agent in items(parts.next()?) {
        let agent = text(&agent)?;
        let mut parts = agent.split_ascii_whitespace();
        let free: u64 = parts.next()?.parse().ok()?;
        for department in parts {
            let department = DepartmentKey::new(department).ok()?;
            let line = lines
                .entry(department.clone())
                .or_insert_with(|| LineState::empty(department));
            line.agents_online += 1;
            line.free_slots += free;
        }
    }
    Some(lines.into_values().collect())
}

fn read_line(parts: Vec<Value>, offered: &HashSet<ConversationId>) -> Option<LineState> {
    let mut parts = parts.into_iter();
    let department = DepartmentKey::new(&text(&parts.next()?)?).ok()?;
    let mut line = LineState::empty(department);
    line.live = u64::try_from(number(&parts.next()?)?).ok()?;
    line.messages = u64::try_from(number(&parts.next()?)?).ok()?;
    line.longest_since = id(&parts.next()?).map(At);
    for member in items(parts.next()?) {
        let member = text(&member)?;
        let mut parts = member.split('|').skip(2);
        let conversation = parts.next()?.parse().ok()?;
        line.first.push(InLine {
            conversation,
            since: At(parts.next()?.parse().ok()?),
            mode: read_mode(parts.next()?)?,
            is_offered: offered.contains(&conversation),
        });
    }
    Some(line)
}

fn read_mode(word: &str) -> Option<Mode> {
    match word {
        "chat" => Some(Mode::Chat),
        "message" => Some(Mode::Message),
        _ => None,
    }
}

/// Where somebody stands, `None` within if in no line.
pub fn read_place(parts: &[Value]) -> Option<Option<PlaceInLine>> {
    let [department, position, since, mode] = parts else {
        return parts.is_empty().then_some(None);
    };
    Some(Some(PlaceInLine {
        department: DepartmentKey::new(&text(department)?).ok()?,
        position: u64::try_from(number(position)?).ok()?,
        since: At(id(since)?),
        mode: read_mode(&text(mode)?)?,
    }))
}

/// A status, as scripts know it.
pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Online => "online",
        Status::Away => "away",
        Status::Offline => "offline",
    }
}

/// Somebody's seat.
pub fn read_seat(parts: &[Value]) -> Option<(AgentId, Seat)> {
    let [agent, status, capacity, departments, skills] = parts else {
        return None;
    };
    let status = text(status)?;
    let statuses = [Status::Online, Status::Away, Status::Offline];
    let seat = Seat {
        status: statuses
            .into_iter()
            .find(|one| status_word(*one) == status)?,
        capacity: u8::try_from(number(capacity)?).ok()?,
        departments: items(departments.clone())
            .iter()
            .map(|key| DepartmentKey::new(&text(key)?).ok())
            .collect::<Option<_>>()?,
        skills: items(skills.clone())
            .iter()
            .map(|skill| Skill::new(&text(skill)?).ok())
            .collect::<Option<_>>()?,
    };
    Some((id(agent)?, seat))
}
