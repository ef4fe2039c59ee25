//! What the board in Redis shows of itself: the lines and who stands where in them, and all that is compared with the log,
//! the store and this node's sockets. Changes nothing. Long answers come in pages, so that nobody waits behind one.

use std::collections::{HashMap, HashSet};

use redis::Value;

use super::answers::{id, items, nonsense, number, read_lines, read_place, read_seat, text};
use super::board::{AT_ONCE_MAX, Board};
use super::presence::Spot;
use super::script;
use crate::coordination::Away;
use crate::domain::routing::{LineState, PlaceInLine, Seat};
use crate::model::event::Seq;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};

/// Places asked for in one call, some microseconds each.
const PLACES_MAX: usize = 200;

impl Board {
    pub async fn is_open(&self, departments: &[DepartmentKey]) -> Result<bool, Away> {
        let verb: Vec<String> = departments.iter().map(ToString::to_string).collect();
        let answer = self.call(&script::OPEN, &verb).await?;
        Ok(number(&answer) == Some(1))
    }

    pub async fn lines(&self, first_max: usize) -> Result<Vec<LineState>, Away> {
        let answer = self.call(&script::LINES, &[first_max.to_string()]).await?;
        read_lines(answer).ok_or_else(|| nonsense("lines"))
    }

    pub async fn places(
        &self,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<PlaceInLine>>, Away> {
        let mut places = Vec::with_capacity(conversations.len());
        for some in conversations.chunks(PLACES_MAX) {
            let verb: Vec<String> = some.iter().map(ToString::to_string).collect();
            let answer = items(self.call(&script::PLACES, &verb).await?);
            if answer.len() != some.len() {
                return Err(nonsense("places"));
            }
            for place in answer {
                places.push(read_place(&items(place)).ok_or_else(|| nonsense("places"))?);
            }
        }
        Ok(places)
    }

    /// Every conversation in line or with an agent, a page at a time, so that nobody waits behind a long answer.
    pub async fn placed(&self) -> Result<HashMap<ConversationId, Seq>, Away> {
        let mut placed = HashMap::new();
        for list in ["waiting", "served"] {
            let mut cursor = "0".to_owned();
            loop {
                let verb = [list.to_owned(), cursor, AT_ONCE_MAX.to_string()];
                let mut parts = items(self.call(&script::PLACED, &verb).await?).into_iter();
                let next = parts.next().as_ref().and_then(text);
                for pair in items(parts.next().unwrap_or(Value::Nil)).chunks_exact(2) {
                    let read = id::<ConversationId>(&pair[0]).zip(id::<Seq>(&pair[1]));
                    placed.extend([read.ok_or_else(|| nonsense("placed"))?]);
                }
                cursor = next.ok_or_else(|| nonsense("placed"))?;
                if cursor == "0" {
                    break;
                }
            }
        }
        Ok(placed)
    }

    pub async fn seats(&self) -> Result<HashMap<AgentId, Seat>, Away> {
        let answer = self.call(&script::SEATS, &[]).await?;
        let seats = items(answer).into_iter().map(|one| read_seat(&items(one)));
        seats
            .collect::<Option<_>>()
            .ok_or_else(|| nonsense("seats"))
    }

    /// The sockets of this node that the board has, a page at a time.
    pub async fn own_sockets(&self) -> Result<HashSet<Spot>, Away> {
        let mut sockets = HashSet::new();
        let mut last = String::new();
        loop {
            let verb = [last, AT_ONCE_MAX.to_string()];
            let page = items(self.call(&script::OWN_SOCKETS, &verb).await?);
            let names: Option<Vec<String>> = page.iter().map(text).collect();
            let names = names.ok_or_else(|| nonsense("own_sockets"))?;
            sockets.extend(names.iter().filter_map(|name| Spot::named(name)));
            match names.into_iter().next_back() {
                Some(name) => last = name,
                None => return Ok(sockets),
            }
        }
    }
}
