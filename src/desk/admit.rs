//! Whether a live chat may begin, and in which department.
//!
//! It begins in the department that was asked for, while that is open. Where that is closed, or closes before the newcomer's
//! turn would come, it begins in the first stand-in that is open: teams in other time zones follow the sun. Where nobody is
//! open, or too many wait, it is refused in words that say what can be done instead. Decides by settings, the clock, and what is
//! known of the line just now; keeps nothing. Called by [`super::start`].

use std::sync::Arc;

use crate::desk::{Desk, Refused};
use crate::model::id::Skill;
use crate::model::record::Department;
use crate::model::time::{At, Millis};
use crate::store::settings::Snapshot;

/// So long before a department closes nobody begins to wait for a turn that comes after it has. Earlier nobody knows: more
/// agents may come, and most of those who wait may leave.
const DRAIN: Millis = Millis::seconds(60 * 60);

impl Desk {
    /// The department in which a live chat begins that is meant for this one.
    pub(super) async fn admit(&self, wanted: &Department) -> Result<Arc<Department>, Refused> {
        let settings = self.settings.snapshot();
        let now = self.clock.now();
        let mut draining_until = None;
        for department in settings.open_for(wanted, now) {
            match self.is_too_late(&settings, department, now) {
                None => {
                    self.require_room(department).await?;
                    return Ok(Arc::clone(department));
                }
                Some(closes) => {
                    draining_until.get_or_insert((department, closes));
                }
            }
        }
        Err(Refused::ClosedHours(match draining_until {
            Some((department, closes)) => closes_too_soon(&settings, department, closes),
            None => is_closed(&settings, wanted, now),
        }))
    }

    /// When the department closes, if a newcomer's turn is not expected before.
    fn is_too_late(&self, settings: &Snapshot, department: &Department, now: At) -> Option<At> {
        let closes = settings
            .schedule(&department.key)?
            .closes_within(now, DRAIN)?;
        // What is not known keeps nobody away.
        let expected = self.foretold(now).of_newcomer(&department.key)?;
        (expected.p90_ms > closes - now).then_some(closes)
    }

    /// Nobody begins to wait behind as many as the department wants to wait. The free places are for the first of those who
    /// wait, so one may come for each. Several who come in the same moment may all find the last place: the limit is there to
    /// keep promises honest, and one more does not break them.
    async fn require_room(&self, department: &Department) -> Result<(), Refused> {
        let Some(queue_max) = department.routing.queue_max else {
            return Ok(());
        };
        // While nobody knows how many wait, nobody is sent away.
        let Ok(lines) = self.coordination.lines(0).await else {
            return Ok(());
        };
        let line = lines
            .into_iter()
            .find(|line| line.department == department.key);
        let (live, free) = line.map_or((0, 0), |line| (line.live, line.free_slots));
        if live < u64::from(queue_max) + free {
            return Ok(());
        }
        let name = &department.name;
        Err(Refused::QueueFull(format!(
            "As many people wait for {name} as can be helped within reason. You can leave a message, or try again in a \
             few minutes."
        )))
    }

    /// What a conversation of this department needs: what the site says, and the visitor's language before it where the
    /// department goes by that and somebody there speaks it.
    pub(super) fn needs_of(
        &self,
        department: &Department,
        lang: Option<&str>,
        mut told: Vec<String>,
    ) -> Vec<String> {
        let spoken = lang
            .filter(|_| department.routing.speaks)
            .and_then(primary_language)
            .filter(|spoken| {
                let settings = self.settings.snapshot();
                settings.has_skill(&department.key, spoken)
            });
        if let Some(spoken) = spoken {
            told.retain(|need| need != spoken.as_str());
            told.insert(0, spoken.to_string());
        }
        told
    }
}

/// The language itself of a BCP 47 tag: `nl` of `nl-BE`.
fn primary_language(tag: &str) -> Option<Skill> {
    let primary = tag.split(['-', '_']).next()?;
    Skill::new(&primary.to_ascii_lowercase()).ok()
}

fn is_closed(settings: &Snapshot, wanted: &Department, now: At) -> String {
    let name = &wanted.name;
    let first = settings.next_opening_for(wanted, now);
    let opens = first.map_or_else(String::new, |(department, at)| {
        let moment = in_words(settings, department, at);
        if department.key == wanted.key {
            format!(" It opens on {moment}.")
        } else {
            format!(" {} opens first, on {moment}.", department.name)
        }
    });
    format!("{name} is closed now.{opens} You can leave a message.")
}

fn closes_too_soon(settings: &Snapshot, department: &Department, closes: At) -> String {
    let name = &department.name;
    let moment = in_words(settings, department, closes);
    format!(
        "{name} closes on {moment}, and those who wait already are expected to take until then. You can leave a message."
    )
}

fn in_words(settings: &Snapshot, department: &Department, at: At) -> String {
    let schedule = settings.schedule(&department.key);
    schedule.map_or_else(String::new, |schedule| schedule.in_words(at))
}

#[cfg(test)]
mod tests {
    use super::primary_language;

    #[test]
    fn a_language_is_the_first_part_of_its_tag() {
        let primary = |tag| primary_language(tag).map(|skill| skill.to_string());
        for (tag, language) in [
            ("nl", "nl"),
            ("nl-BE", "nl"),
            ("PT_br", "pt"),
            ("zh-Hant-TW", "zh"),
        ] {
            assert_eq!(primary(tag).as_deref(), Some(language), "{tag}");
        }
        for tag in ["", "-nl", "ünï", "*"] {
            assert_eq!(primary(tag), None, "{tag}");
        }
    }
}
