//! What is shown of the lines: each waiting visitor's place (`places.rs`), the departments' lanes, who waits, who is at the desk.
//!
//! Derived on a tick from coordination's lines, and only when something moved: a pairing costs the same whatever
//! waits, and nobody hears more than once a second, and only what changed. Called by the relay.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::coordination::Away;
use crate::desk::book::{Outlook, Wait};
use crate::desk::lanes::{self, Outlooks};
use crate::desk::places::{Places, Seen, patience, shown};
use crate::desk::{Desk, Refused, is_supervisor, visitor_card};
use crate::domain::conversation::Place::Waiting;
use crate::domain::figures::Ratio;
use crate::domain::routing::{InLine, LineState, PlaceInLine};
use crate::hub::frame_bytes;
use crate::hub::mailbox::{EphemeralKey, Item, Mailbox, Who};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey, SiteKey};
use crate::model::record::Person;
use crate::model::time::{At, Millis};
use crate::protocol::agent::{Lane, ToAgent, WaitingRow};
use crate::protocol::lane::{LaneFigures, LaneStaffing, Silence};
use crate::protocol::parts::Eta;
use crate::protocol::visitor::ToVisitor;

/// Rows of a line that agents are sent; the lane's count tells how many more there are.
const ROWS_MAX: usize = 200;
/// Between two looks at what is foretold, while nothing moves: agents hear of other words this soon.
const FORESEE: Millis = Millis::seconds(1);
/// Between two readings of the lines out of the log, while coordination is away.
const LOG_MIN: Duration = Duration::from_secs(1);
/// And so many times as long as one took.
const LOG_SHARE: u32 = 10;
/// Between two looks at opening hours: they turn on whole minutes.
const HOURS: Millis = Millis::seconds(1);
/// Spans and shares that change by themselves with time are told anew this often; clients count the longest wait on their own.
const DRIFT: Millis = Millis::seconds(5);
/// Who waits for a word changes with every message: told at most this often on its own.
const SILENCES: Millis = Millis(500);

/// What was last shown, and what is to be looked at.
#[derive(Default)]
pub struct Board {
    /// A line moved since the last look.
    pub has_moved: bool,
    /// Agents whose place changed since the last look.
    pub changed_agents: HashSet<AgentId>,
    /// For those who wait and are followed here.
    places: Places,
    /// No reading of the lines out of the log before.
    log_again_at: Option<At>,
    /// Nobody is paired just now.
    is_paused: bool,
    /// The lines as they stood when something moved last.
    lines: Vec<LineState>,
    foreseen_at: Option<At>,
    lanes: Vec<Lane>,
    /// Who waited for a word of whom, as told with the lanes.
    silences: Vec<Silence>,
    rows: BTreeMap<ConversationId, Row>,
    /// Sockets that have been sent everybody who waits.
    introduced: HashSet<u64>,
    outlooks: Outlooks,
    /// How far the day book was when it was looked at last.
    turns: u64,
    /// When the lanes were told last.
    lanes_at: Option<At>,
    is_site_open: HashMap<SiteKey, bool>,
    /// The departments that are within their hours, and when that was looked at.
    in_hours: HashSet<DepartmentKey>,
    hours_at: Option<At>,
}

/// The lines, and where those stand who were asked about.
type Look = (Vec<LineState>, Vec<(ConversationId, Option<PlaceInLine>)>);

struct Row {
    row: WaitingRow,
    told_at: At,
}

impl Desk {
    /// One look. Cheap when nothing moved.
    pub(super) async fn show(&self, board: &mut Board) {
        if let Err(refused) = self.show_what_changed(board).await {
            tracing::debug!(reason = %refused, "the lines were not shown");
            // Nobody may hear of it otherwise.
            board.has_moved = true;
        }
    }

    async fn show_what_changed(&self, board: &mut Board) -> Result<(), Refused> {
        let now = self.clock.now();
        board.has_moved |= self.have_hours_turned(board, now);
        let was_paused = std::mem::replace(&mut board.is_paused, !self.coordination.is_whole());
        board.has_moved |= was_paused != board.is_paused;
        board.places.come(self.hub.take_unplaced());
        if board.has_moved {
            board.places.have_moved();
        }
        let viewers = self.hub.lane_sockets();
        let has_audience = !board.places.is_empty() || !viewers.is_empty();
        let outlook = if has_audience {
            self.outlook(board.is_paused, now)
        } else {
            Arc::default()
        };
        let due = board.places.due(&outlook, board.is_paused, now);
        let has_new_viewer = viewers
            .iter()
            .any(|mailbox| !board.introduced.contains(&mailbox.socket));
        // Words and figures change with time alone, and with what the book was told; the lines do not.
        let turns = self.book.turns();
        let has_turned = std::mem::replace(&mut board.turns, turns) != turns;
        let is_time = has_turned || board.foreseen_at.is_none_or(|at| now - at >= FORESEE);
        let has_words = !viewers.is_empty() && is_time;
        let seen = Seen {
            outlook: &outlook,
            is_paused: board.is_paused,
            now,
        };
        board.places.come_into_minutes(&seen);
        self.book.promised(board.places.take_promises());
        let has_news = board.has_moved || has_new_viewer || !due.is_empty();
        if !has_news && !has_words && board.changed_agents.is_empty() {
            return Ok(());
        }
        board.foreseen_at = Some(now);
        if !board.changed_agents.is_empty() {
            self.show_agents(&board.changed_agents).await?;
            board.changed_agents.clear();
            // What they changed shows in the lanes, too.
            board.has_moved = true;
        }
        let has_news = has_news || board.has_moved;
        if has_audience {
            let rows_max = has_news.then_some(if viewers.is_empty() { 0 } else { ROWS_MAX });
            let Some((lines, looked_at)) = self.look_at_lines(board, due, rows_max, now).await?
            else {
                return Ok(());
            };
            let outlook = if board.is_paused {
                Arc::default()
            } else {
                outlook
            };
            let seen = Seen {
                outlook: &outlook,
                is_paused: board.is_paused,
                now,
            };
            self.show_places(&mut board.places, looked_at, &lines, &seen);
            let shown = self
                .show_lanes(board, &lines, &outlook, &viewers, now)
                .await;
            board.lines = lines;
            shown?;
        }
        if !board.is_paused {
            self.show_presence(board).await?;
        }
        board.has_moved = false;
        Ok(())
    }

    /// What may be promised. Nobody is paired while it is paused, so nothing can be.
    fn outlook(&self, is_paused: bool, now: At) -> Arc<Outlook> {
        if is_paused {
            Arc::default()
        } else {
            self.book.outlook(now)
        }
    }

    /// The same for whoever does not look at the lines.
    pub(super) fn foretold(&self, now: At) -> Arc<Outlook> {
        self.outlook(!self.coordination.is_whole(), now)
    }

    /// Where those stand whose place is to be looked at, and the lines, with so many rows of each; without a number as they stood
    /// when something moved last. `None` if that has to wait a moment.
    async fn look_at_lines(
        &self,
        board: &mut Board,
        due: Vec<ConversationId>,
        rows_max: Option<usize>,
        now: At,
    ) -> Result<Option<Look>, Refused> {
        let asking = async {
            let lines = match rows_max {
                Some(rows_max) => Some(self.coordination.lines(rows_max).await?),
                None => None,
            };
            let places = match due[..] {
                [] => Vec::new(),
                _ => self.coordination.places(&due).await?,
            };
            Ok::<_, Away>((lines, places))
        };
        if let Ok((lines, places)) = asking.await {
            board.is_paused = false;
            let lines = lines.unwrap_or_else(|| std::mem::take(&mut board.lines));
            return Ok(Some((lines, due.into_iter().zip(places).collect())));
        }
        // Nobody is paired; who waits, and in which order, the log knows too. That costs what waits, so it is asked the less
        // often the longer it takes.
        board.is_paused = true;
        if board.log_again_at.is_some_and(|again_at| now < again_at) {
            return Ok(None);
        }
        let begun = Instant::now();
        let due = board.places.due(&Outlook::default(), board.is_paused, now);
        let look = self.look_at_log(due, rows_max.unwrap_or(ROWS_MAX)).await;
        let pause = LOG_MIN.max(begun.elapsed() * LOG_SHARE);
        board.log_again_at =
            Some(now + Millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)));
        look.map(Some)
    }

    /// The lines and places as the log has them: without agents, and without what rings.
    async fn look_at_log(
        &self,
        due: Vec<ConversationId>,
        rows_max: usize,
    ) -> Result<Look, Refused> {
        let mut waiting: BTreeMap<DepartmentKey, Vec<(i64, InLine)>> = BTreeMap::new();
        for conversation in self.store.open_conversations().await? {
            let Waiting { since } = conversation.place else {
                continue;
            };
            let in_line = InLine {
                conversation: conversation.id,
                since,
                mode: conversation.mode,
                is_offered: false,
            };
            let line = waiting.entry(conversation.department.clone()).or_default();
            line.push((conversation.order_key(), in_line));
        }
        let mut places = HashMap::new();
        let mut lines = Vec::new();
        for (department, mut all) in waiting {
            all.sort_by_key(|(key, one)| (*key, one.conversation));
            let mut line = LineState::empty(department);
            for (position, (_, one)) in (1..).zip(all) {
                if position <= rows_max as u64 {
                    line.first.push(one);
                }
                match one.mode {
                    Mode::Chat => {
                        line.live += 1;
                        let longest = line.longest_since.map_or(one.since, |at| at.min(one.since));
                        line.longest_since = Some(longest);
                    }
                    Mode::Message => line.messages += 1,
                }
                let place = PlaceInLine {
                    department: line.department.clone(),
                    position,
                    since: one.since,
                    mode: one.mode,
                };
                places.insert(one.conversation, place);
            }
            lines.push(line);
        }
        let looked_at = due.into_iter().map(|id| (id, places.remove(&id)));
        Ok((lines, looked_at.collect()))
    }

    /// Whether the hours of a department began or ended since the last look.
    fn have_hours_turned(&self, board: &mut Board, now: At) -> bool {
        if board.hours_at.is_some_and(|at| now - at < HOURS) {
            return false;
        }
        board.hours_at = Some(now);
        let settings = self.settings.snapshot();
        let keys = settings.departments.keys();
        let in_hours = keys.filter(|key| settings.is_open(key, now));
        let in_hours: HashSet<DepartmentKey> = in_hours.cloned().collect();
        let have_turned = in_hours != board.in_hours;
        board.in_hours = in_hours;
        have_turned
    }

    /// Tells each changed agent, and those who share a department with them, where they stand.
    async fn show_agents(&self, changed: &HashSet<AgentId>) -> Result<(), Refused> {
        let people = self.store.people().await?;
        let here: Vec<&Person> = people
            .iter()
            .filter(|person| self.hub.has_agent(person.id))
            .collect();
        for person in people.iter().filter(|person| changed.contains(&person.id)) {
            let item = Item::Ephemeral(
                EphemeralKey::Agent(person.id),
                frame_bytes(&self.agent_frame(person).await?),
            );
            let shares = |other: &Person| {
                is_supervisor(other)
                    || other
                        .departments
                        .iter()
                        .any(|one| person.departments.contains(one))
            };
            for other in here
                .iter()
                .filter(|other| other.id == person.id || shares(other))
            {
                self.hub.push_to_agent(other.id, &item);
            }
        }
        Ok(())
    }

    /// Tells a site's visitors when it opens or closes.
    async fn show_presence(&self, board: &mut Board) -> Result<(), Refused> {
        let settings = self.settings.snapshot();
        board
            .is_site_open
            .retain(|key, _| settings.site(key).is_some());
        for site in settings.sites() {
            let open = self.is_open(site).await?;
            // Before the first look nobody was at the desk: there were no sockets.
            let was_open = board
                .is_site_open
                .insert(site.key.clone(), open)
                .unwrap_or(false);
            if was_open != open {
                let item = Item::Ephemeral(
                    EphemeralKey::Presence,
                    frame_bytes(&ToVisitor::Presence { open }),
                );
                self.hub.for_each(|mailbox| {
                    if matches!(&mailbox.who, Who::Visitor { site: theirs, .. } if *theirs == site.key) {
                        mailbox.push(item.clone());
                    }
                });
            }
        }
        Ok(())
    }

    async fn show_lanes(
        &self,
        board: &mut Board,
        lines: &[LineState],
        outlook: &Outlook,
        viewers: &[Arc<Mailbox>],
        now: At,
    ) -> Result<(), Refused> {
        board
            .introduced
            .retain(|socket| viewers.iter().any(|mailbox| mailbox.socket == *socket));
        if viewers.is_empty() {
            board.rows.clear();
            board.lanes.clear();
            return Ok(());
        }
        let gone = self.read_rows(board, lines, outlook, now).await?;
        let lanes = self.read_lanes(board, lines, outlook, now).await?;
        let has_drifted = board.lanes_at.is_none_or(|at| now - at >= DRIFT) && lanes != board.lanes;
        let silences = lanes::silences(&self.book, |_| true);
        let has_fallen_silent =
            board.lanes_at.is_none_or(|at| now - at >= SILENCES) && silences != board.silences;
        let has_changed = has_drifted || has_fallen_silent || !same_lanes(&lanes, &board.lanes);
        if has_changed {
            board.lanes_at = Some(now);
            board.lanes = lanes;
            board.silences = silences;
        }
        for mailbox in viewers {
            let Who::Agent { agent, .. } = mailbox.who else {
                continue;
            };
            let Some(person) = self.store.person(agent).await? else {
                continue;
            };
            let may_see =
                |key: &DepartmentKey| is_supervisor(&person) || person.departments.contains(key);
            let is_new = board.introduced.insert(mailbox.socket);
            if has_changed || is_new {
                let lanes = board
                    .lanes
                    .iter()
                    .filter(|lane| may_see(&lane.department))
                    .cloned()
                    .collect();
                let silences = lanes::silences(&self.book, may_see);
                let frame = frame_bytes(&ToAgent::Lanes { lanes, silences });
                mailbox.push(Item::Ephemeral(EphemeralKey::Lanes, frame));
            }
            let rows = board
                .rows
                .values()
                .map(|one| &one.row)
                .filter(|row| may_see(&row.department));
            let set: Vec<WaitingRow> = rows
                .filter(|row| is_new || gone.fresh.contains(&row.conversation))
                .cloned()
                .collect();
            let gone: Vec<ConversationId> = if is_new {
                Vec::new()
            } else {
                gone.gone.clone()
            };
            if is_new || !set.is_empty() || !gone.is_empty() {
                mailbox.push(Item::Frame(frame_bytes(&ToAgent::Waiting {
                    set,
                    gone,
                    all: is_new,
                })));
            }
        }
        Ok(())
    }

    /// Brings the rows of who waits up to date; answers what changed.
    async fn read_rows(
        &self,
        board: &mut Board,
        lines: &[LineState],
        outlook: &Outlook,
        now: At,
    ) -> Result<RowChanges, Refused> {
        let mut changes = RowChanges::default();
        let mut rows = BTreeMap::new();
        for line in lines {
            for (one, position) in line.first.iter().zip(1..) {
                let id = one.conversation;
                let Wait { eta, promised } = outlook.of(id);
                match board.rows.remove(&id) {
                    Some(mut known) if known.row.department == line.department => {
                        let is_other = shown(eta) != shown(known.row.eta)
                            || promised.is_some() && known.row.promised.is_none();
                        if is_other && now - known.told_at >= patience(position, id) {
                            known.row.eta = eta;
                            known.row.promised = promised;
                            known.told_at = now;
                            changes.fresh.insert(id);
                        }
                        rows.insert(id, known);
                    }
                    Some(_) | None => {
                        let Some(card) = self.store.card(id).await? else {
                            continue;
                        };
                        let row = WaitingRow {
                            conversation: id,
                            department: line.department.clone(),
                            enqueued_at: card.conversation.enqueued_at,
                            priority: card.conversation.priority,
                            mode: card.conversation.mode,
                            visitor: visitor_card(&card.visitor),
                            summary: card.summary,
                            promised,
                            eta,
                        };
                        changes.fresh.insert(id);
                        rows.insert(id, Row { row, told_at: now });
                    }
                }
            }
        }
        // What is left waits no longer, or in another line and is among the fresh ones.
        changes.gone = board
            .rows
            .keys()
            .filter(|id| !rows.contains_key(id))
            .copied()
            .collect();
        board.rows = rows;
        Ok(changes)
    }

    async fn read_lanes(
        &self,
        board: &mut Board,
        lines: &[LineState],
        outlook: &Outlook,
        now: At,
    ) -> Result<Vec<Lane>, Refused> {
        let settings = self.settings.snapshot();
        let mut news =
            board
                .outlooks
                .news(&self.book, settings.departments().map(AsRef::as_ref), now);
        Ok(settings
            .departments()
            .filter_map(|department| {
                let news = news.remove(&department.key)?;
                let line = lines.iter().find(|line| line.department == department.key);
                let longest = line.and_then(|line| line.longest_since);
                Some(Lane {
                    department: department.key.clone(),
                    waiting: line.map_or(0, |line| line.live),
                    messages: line.map_or(0, |line| line.messages),
                    longest_wait_ms: longest.map_or(Millis(0), |since| now - since),
                    agents_online: line.map_or(0, |line| line.agents_online),
                    free_slots: line.map_or(0, |line| line.free_slots),
                    eta: outlook.of_newcomer(&department.key),
                    service_level: Ratio {
                        part: news.day.in_time,
                        whole: news.day.judged,
                    }
                    .share(),
                    abandoned: news.day.abandoned,
                    standard: news.standard,
                    quarter: news.quarter,
                    day: news.day,
                    promises: news.promises,
                    staffing: news.staffing,
                })
            })
            .collect())
    }
}

#[derive(Default)]
struct RowChanges {
    fresh: HashSet<ConversationId>,
    gone: Vec<ConversationId>,
}

/// Whether two looks show the same: the longest wait grows by itself, clients count on their own, and a promise is the words it is
/// shown as.
fn same_lanes(one: &[Lane], other: &[Lane]) -> bool {
    let in_words = |eta: Eta| {
        let (low, high) = eta.shown();
        let (p50_ms, p90_ms) = (Millis(low), Millis(high));
        Eta { p50_ms, p90_ms }
    };
    let timeless = |lane: &Lane| Lane {
        longest_wait_ms: Millis(i64::from(lane.waiting > 0)),
        eta: lane.eta.map(in_words),
        staffing: lane.staffing.clone().map(undated),
        quarter: lasting(&lane.quarter),
        day: lasting(&lane.day),
        ..lane.clone()
    };
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| timeless(one) == timeless(other))
}

/// What is to come, whenever it was reckoned.
fn undated(mut staffing: LaneStaffing) -> LaneStaffing {
    for course in &mut staffing.ahead {
        course.at = At(0);
    }
    if let Some(at) = staffing.warning.as_mut().and_then(|one| one.at.as_mut()) {
        *at = At(0);
    }
    staffing
}

/// What does not change with time alone.
fn lasting(figures: &LaneFigures) -> LaneFigures {
    LaneFigures {
        p50_ms: None,
        p90_ms: None,
        p95_ms: None,
        max_ms: None,
        occupancy: None,
        slot_occupancy: None,
        ..figures.clone()
    }
}
