//! When a department has closed: whoever still waits there moves to the first stand-in that is open, with their place in time.
//!
//! Part of every node's sweep ([`super::sweep`]), once a second. The append is conditional on the place that the decision was made
//! on, so of several nodes one moves somebody, and of an agent who takes them in this very moment and the move one wins. Where
//! nobody stands in, who waits stays: their turn may come yet.

use std::collections::HashMap;

use crate::desk::{Desk, Refused};
use crate::domain::conversation::{Command, Place};
use crate::model::event::Mode;
use crate::model::id::{ConversationId, DepartmentKey};

/// So many of a line are moved at one look, those who stand first; the next a second later.
const MOVED_MAX: usize = 100;

impl Desk {
    pub(super) async fn move_from_closed(&self) -> Result<(), Refused> {
        let settings = self.settings.snapshot();
        let now = self.clock.now();
        let closed = settings
            .departments()
            .filter(|one| !settings.is_open(&one.key, now));
        let mut stand_ins = HashMap::new();
        for department in closed {
            if let Some(stand_in) = settings.open_for(department, now).next() {
                stand_ins.insert(department.key.clone(), stand_in.key.clone());
            }
        }
        // While nobody knows who waits, they wait where they are. Most nights nobody does: a look without rows is enough.
        if stand_ins.is_empty() || !self.does_anybody_wait_in(&stand_ins).await {
            return Ok(());
        }
        let Ok(lines) = self.coordination.lines(MOVED_MAX).await else {
            return Ok(());
        };
        for line in lines {
            let Some(stand_in) = stand_ins.get(&line.department) else {
                continue;
            };
            // Whoever rings at an agent is about to be served.
            let live = line.first.iter().filter(|one| one.mode == Mode::Chat);
            for one in live.filter(|one| !one.is_offered) {
                self.move_on(one.conversation, &line.department, stand_in)
                    .await?;
            }
        }
        Ok(())
    }

    async fn does_anybody_wait_in(
        &self,
        departments: &HashMap<DepartmentKey, DepartmentKey>,
    ) -> bool {
        let Ok(lines) = self.coordination.lines(0).await else {
            return false;
        };
        let mut lines = lines.iter();
        lines.any(|line| line.live > 0 && departments.contains_key(&line.department))
    }

    async fn move_on(
        &self,
        id: ConversationId,
        from: &DepartmentKey,
        to: &DepartmentKey,
    ) -> Result<(), Refused> {
        let Some(found) = self.store.conversation(id).await? else {
            return Ok(());
        };
        if found.department != *from || !matches!(found.place, Place::Waiting { .. }) {
            return Ok(());
        }
        let command = Command::StandIn {
            department: to.clone(),
            placed_seq: found.placed_seq,
        };
        match self.append(id, None, command).await {
            // Somebody else was faster: an agent, or another node.
            Ok(_) | Err(Refused::Rule(_)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }
}
