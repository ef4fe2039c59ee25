//! A day of queue events, read from a file and checked line by line.
//!
//! JSON lines, plain or gzipped: a header, then what happened, in order. `docs/waiting.md` describes the format. A trace
//! that exists is consistent: time never goes back, whoever is served was waiting, whoever is done was served by that
//! agent. What is not is refused with line and field.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use crate::domain::happening::{Happening, Place, PlannedShifts};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

/// The first two bytes of whatever is gzipped (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// No time of a trace is later than this after its start: ten years, so that sums of spans cannot overflow.
const SPAN_MS_MAX: i64 = 10 * 366 * 24 * 3_600_000;
/// Most slots of an agent; more is a slip of the pen.
const CAPACITY_MAX: i64 = 1_000;

/// A day, as read.
pub struct Trace {
    /// What it calls itself.
    pub name: String,
    /// The moment that its times count from.
    pub t0: At,
    /// The site's time zone, an IANA name.
    pub zone: String,
    /// Predictions for earlier moments are not scored.
    pub score_from: At,
    /// In the order of the header.
    pub departments: Vec<DepartmentKey>,
    /// The shifts as planned, where the header has them.
    pub rota: Vec<PlannedShifts>,
    /// What happened, in order.
    pub events: Vec<(At, Happening)>,
    conversation_names: Vec<String>,
    agent_names: Vec<String>,
}

/// Why a file is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It cannot be read at all.
    #[error("it cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// A line is not what it should be.
    #[error("line {line}: {field}{message}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// `field "agent": `, or nothing where the whole line is meant.
        field: String,
        /// What is asked for.
        message: String,
    },
}

impl Trace {
    /// Reads a file, gzipped or plain.
    ///
    /// # Errors
    /// It cannot be read, or a line is wrong.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let mut file = BufReader::new(File::open(path).map_err(TraceError::Unreadable)?);
        if file
            .fill_buf()
            .map_err(TraceError::Unreadable)?
            .starts_with(&GZIP)
        {
            let unpacked = BufReader::new(flate2::bufread::MultiGzDecoder::new(file));
            Self::read(unpacked)
        } else {
            Self::read(file)
        }
    }

    /// Reads lines.
    ///
    /// # Errors
    /// A line cannot be read, or is wrong.
    pub fn read(lines: impl BufRead) -> Result<Self, TraceError> {
        let mut reader: Option<Reader> = None;
        for (index, text) in lines.lines().enumerate() {
            let line = index + 1;
            let text =
                text.map_err(|error| wrong_line(line, &format!("cannot be read: {error}")))?;
            if text.trim().is_empty() {
                continue;
            }
            let fields = Fields::parse(line, &text)?;
            match &mut reader {
                None => reader = Some(Reader::begin(&fields)?),
                Some(reader) => reader.add(&fields)?,
            }
        }
        reader
            .map(|reader| reader.trace)
            .ok_or_else(|| wrong_line(1, "the file is empty; a trace begins with its header"))
    }

    /// What the trace calls a conversation.
    ///
    /// # Panics
    /// For one of another trace.
    #[must_use]
    pub fn conversation_name(&self, id: ConversationId) -> &str {
        &self.conversation_names[number(id.0.as_u128())]
    }

    /// What the trace calls an agent.
    ///
    /// # Panics
    /// For one of another trace.
    #[must_use]
    pub fn agent_name(&self, id: AgentId) -> &str {
        &self.agent_names[number(id.0.as_u128())]
    }
}

/// Ids of a trace are the ordinal numbers of its names.
fn number(id: u128) -> usize {
    usize::try_from(id).expect("an id of a trace is the number of its name")
}

fn wrong_line(line: usize, message: &str) -> TraceError {
    TraceError::Line {
        line,
        field: String::new(),
        message: message.to_owned(),
    }
}

/// Departments of one day: more than any desk has, and few enough for a sweep over all their lines.
const DEPARTMENTS_MAX: usize = 10_000;

/// One line, a JSON object.
struct Fields {
    line: usize,
    fields: Map<String, Value>,
}

impl Fields {
    fn parse(line: usize, text: &str) -> Result<Self, TraceError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self { line, fields }),
            Ok(_) => Err(wrong_line(line, "write one JSON object a line")),
            Err(error) => Err(wrong_line(line, &format!("this is not JSON: {error}"))),
        }
    }

    fn wrong(&self, field: &str, message: impl Into<String>) -> TraceError {
        TraceError::Line {
            line: self.line,
            field: format!("field \"{field}\": "),
            message: message.into(),
        }
    }

    fn text(&self, field: &str) -> Result<&str, TraceError> {
        match self.fields.get(field).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong(field, "write a text")),
        }
    }

    fn integer(&self, field: &str, least: i64, most: i64) -> Result<i64, TraceError> {
        let value = self.fields.get(field).and_then(Value::as_i64);
        value
            .filter(|value| (least..=most).contains(value))
            .ok_or_else(|| {
                self.wrong(
                    field,
                    format!("write a whole number from {least} to {most}"),
                )
            })
    }

    fn departments(&self, field: &str) -> Result<Vec<DepartmentKey>, TraceError> {
        let list = self.fields.get(field).and_then(Value::as_array);
        if list.is_some_and(|list| list.len() > DEPARTMENTS_MAX) {
            let message = format!("name {DEPARTMENTS_MAX} departments at most");
            return Err(self.wrong(field, message));
        }
        let keys: Option<Vec<DepartmentKey>> = list
            .into_iter()
            .flatten()
            .map(|value| {
                value
                    .as_str()
                    .and_then(|text| DepartmentKey::new(text).ok())
            })
            .collect();
        keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
            self.wrong(
                field,
                "write a list of departments' keys (a–z, 0–9 and the hyphen)",
            )
        })
    }
}

/// Where somebody is, so far.
enum Whereabouts {
    Waiting(Place),
    Served(AgentId),
    Gone,
}

/// The trace so far, and what a next line is checked against.
struct Reader {
    trace: Trace,
    conversations: HashMap<String, (ConversationId, Whereabouts)>,
    agents: HashMap<String, (AgentId, bool)>,
    last: i64,
}

impl Reader {
    fn begin(header: &Fields) -> Result<Self, TraceError> {
        if header.text("ev")? != "trace" {
            return Err(header.wrong("ev", "the first line is the header, with \"ev\":\"trace\""));
        }
        if header.integer("v", 0, i64::MAX)? != 1 {
            return Err(header.wrong("v", "this program reads version 1"));
        }
        let t0 = header.text("t0")?;
        let t0 = t0.parse::<jiff::Timestamp>().map_err(|_| {
            header.wrong("t0", "write a moment of UTC, like \"2026-03-29T20:00:00Z\"")
        })?;
        let zone = header.text("tz")?;
        if jiff::tz::TimeZone::get(zone).is_err() {
            return Err(header.wrong(
                "tz",
                "there is no such time zone; write it like \"Europe/Amsterdam\"",
            ));
        }
        let t0 = At(t0.as_millisecond());
        let score_from = match header.fields.get("score_from") {
            None => 0,
            Some(_) => header.integer("score_from", 0, SPAN_MS_MAX)?,
        };
        let trace = Trace {
            name: header.text("name")?.to_owned(),
            t0,
            zone: zone.to_owned(),
            score_from: At(t0.0 + score_from),
            departments: header.departments("depts")?,
            rota: Vec::new(),
            events: Vec::new(),
            conversation_names: Vec::new(),
            agent_names: Vec::new(),
        };
        let mut reader = Self {
            trace,
            conversations: HashMap::new(),
            agents: HashMap::new(),
            last: 0,
        };
        match header.fields.get("rota") {
            None | Some(Value::Null) => {}
            Some(Value::Object(rota)) => reader.plan(header, rota)?,
            Some(_) => return Err(header.wrong("rota", "write null, or an object with each agent")),
        }
        Ok(reader)
    }

    fn plan(&mut self, header: &Fields, rota: &Map<String, Value>) -> Result<(), TraceError> {
        for (name, plan) in rota {
            let field = format!("rota.{name}");
            let Some(plan) = plan.as_object() else {
                return Err(header.wrong(&field, "write {\"cap\",\"depts\",\"shifts\"}"));
            };
            let plan = Fields {
                line: header.line,
                fields: plan.clone(),
            };
            let capacity = plan.integer("cap", 1, CAPACITY_MAX)?;
            let departments = self.known(&plan)?;
            let t0 = self.trace.t0;
            let list = plan.fields.get("shifts").and_then(Value::as_array);
            let mut shifts = Vec::new();
            let mut last = i64::MIN;
            for shift in list.into_iter().flatten() {
                let ends = shift.as_array().map(Vec::as_slice);
                let (from, to) = match ends {
                    Some([from, Value::Null]) => (from.as_i64(), None),
                    Some([from, to]) => (from.as_i64(), to.as_i64()),
                    _ => (None, None),
                };
                let is_open = matches!(ends, Some([_, Value::Null]));
                let from = from.filter(|from| (last..=SPAN_MS_MAX).contains(from));
                let (Some(from), true) = (
                    from,
                    is_open || to.is_some_and(|to| Some(to) > from && to <= SPAN_MS_MAX),
                ) else {
                    return Err(header.wrong(
                        &format!("{field}.shifts"),
                        "write [[on, off], …] in ms, in order and apart; off may be null",
                    ));
                };
                last = to.unwrap_or(i64::MAX);
                shifts.push((At(t0.0 + from), to.map(|to| At(t0.0 + to))));
            }
            let agent = self.agent(name).0;
            self.trace.rota.push(PlannedShifts {
                agent,
                capacity: u32::try_from(capacity).unwrap_or(1),
                departments,
                shifts,
            });
        }
        Ok(())
    }

    /// The departments of a line, all of them named in the header.
    fn known(&self, fields: &Fields) -> Result<Vec<DepartmentKey>, TraceError> {
        let departments = fields.departments("depts")?;
        for key in &departments {
            if !self.trace.departments.contains(key) {
                return Err(fields.wrong("depts", format!("the header has no department {key}")));
            }
        }
        Ok(departments)
    }

    /// The agent of a name, and whether they are on.
    fn agent(&mut self, name: &str) -> &mut (AgentId, bool) {
        let names = &mut self.trace.agent_names;
        self.agents.entry(name.to_owned()).or_insert_with(|| {
            names.push(name.to_owned());
            let id = (names.len() as u128 - 1).to_be_bytes();
            (AgentId::from_bytes(id), false)
        })
    }

    fn add(&mut self, fields: &Fields) -> Result<(), TraceError> {
        let t = fields.integer("t", 0, SPAN_MS_MAX)?;
        if t < self.last {
            let message = format!(
                "time goes back from {} to {t}; write the lines in order",
                self.last
            );
            return Err(fields.wrong("t", message));
        }
        self.last = t;
        let at = At(self.trace.t0.0 + t);
        let happening = match fields.text("ev")? {
            "arrive" => self.arrive(fields, at)?,
            "start" => self.start(fields)?,
            "abandon" => self.abandon(fields)?,
            "end" => self.end(fields)?,
            "agent_on" => self.agent_on(fields)?,
            "agent_off" => self.agent_off(fields)?,
            other => {
                let message = format!(
                    "there is no \"{other}\"; write arrive, start, abandon, end, agent_on or agent_off"
                );
                return Err(fields.wrong("ev", message));
            }
        };
        self.trace.events.push((at, happening));
        Ok(())
    }

    fn arrive(&mut self, fields: &Fields, at: At) -> Result<Happening, TraceError> {
        let name = fields.text("id")?;
        if self.conversations.contains_key(name) {
            return Err(fields.wrong("id", format!("{name} has arrived before")));
        }
        let department = DepartmentKey::new(fields.text("dept")?)
            .ok()
            .filter(|key| self.trace.departments.contains(key))
            .ok_or_else(|| {
                fields.wrong("dept", "name a department that the header has in \"depts\"")
            })?;
        let names = &mut self.trace.conversation_names;
        names.push(name.to_owned());
        let conversation = ConversationId::from_bytes((names.len() as u128 - 1).to_be_bytes());
        // Equal times are in the order of the lines, as are the ids.
        let place = Place {
            department,
            key: at.0,
            conversation,
        };
        let whereabouts = Whereabouts::Waiting(place.clone());
        self.conversations
            .insert(name.to_owned(), (conversation, whereabouts));
        Ok(Happening::Arrived(place))
    }

    /// Takes somebody out of the line.
    fn called(&mut self, fields: &Fields, next: Whereabouts) -> Result<Place, TraceError> {
        let name = fields.text("id")?;
        let Some((_, whereabouts)) = self.conversations.get_mut(name) else {
            return Err(fields.wrong("id", format!("{name} has not arrived")));
        };
        match std::mem::replace(whereabouts, next) {
            Whereabouts::Waiting(place) => Ok(place),
            Whereabouts::Served(_) | Whereabouts::Gone => {
                Err(fields.wrong("id", format!("{name} does not wait at this time")))
            }
        }
    }

    /// The agent that a line names, who has been on before.
    fn present(&mut self, fields: &Fields) -> Result<(AgentId, bool), TraceError> {
        let name = fields.text("agent")?;
        let is_known = self.agents.contains_key(name);
        if !is_known {
            return Err(fields.wrong("agent", format!("{name} has not been on")));
        }
        Ok(*self.agent(name))
    }

    fn start(&mut self, fields: &Fields) -> Result<Happening, TraceError> {
        let (agent, is_on) = self.present(fields)?;
        if !is_on {
            return Err(fields.wrong("agent", "this agent is off and takes nobody"));
        }
        let place = self.called(fields, Whereabouts::Served(agent))?;
        Ok(Happening::Assigned { place, agent })
    }

    fn abandon(&mut self, fields: &Fields) -> Result<Happening, TraceError> {
        let place = self.called(fields, Whereabouts::Gone)?;
        Ok(Happening::Left {
            place,
            gone_for: Millis(0),
        })
    }

    fn end(&mut self, fields: &Fields) -> Result<Happening, TraceError> {
        let (agent, _) = self.present(fields)?;
        let name = fields.text("id")?;
        match self.conversations.get_mut(name) {
            Some((conversation, whereabouts @ Whereabouts::Served(_))) => {
                if !matches!(whereabouts, Whereabouts::Served(owner) if *owner == agent) {
                    return Err(fields.wrong("agent", format!("another agent serves {name}")));
                }
                *whereabouts = Whereabouts::Gone;
                Ok(Happening::Ended {
                    conversation: *conversation,
                })
            }
            _ => Err(fields.wrong("id", format!("nobody serves {name} at this time"))),
        }
    }

    fn agent_on(&mut self, fields: &Fields) -> Result<Happening, TraceError> {
        let capacity = fields.integer("cap", 1, CAPACITY_MAX)?;
        let departments = self.known(fields)?;
        let (agent, is_on) = self.agent(fields.text("agent")?);
        *is_on = true;
        Ok(Happening::AgentOn {
            agent: *agent,
            capacity: u32::try_from(capacity).unwrap_or(1),
            departments,
        })
    }

    fn agent_off(&mut self, fields: &Fields) -> Result<Happening, TraceError> {
        let (_, is_on) = self.present(fields)?;
        if !is_on {
            return Err(fields.wrong("agent", "this agent is off already"));
        }
        let (agent, is_on) = self.agent(fields.text("agent")?);
        *is_on = false;
        Ok(Happening::AgentOff { agent: *agent })
    }
}
