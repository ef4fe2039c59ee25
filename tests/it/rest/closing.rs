//! The last hour before a department closes: who may still begin to wait, and where the others go.

use std::sync::Arc;

use balie::desk::visit::{Visiting, Whereabouts};
use balie::desk::{Desk, Refused, book};
use balie::domain::conversation::{Command, Conversation};
use balie::model::event::{AgentName, Mode};
use balie::model::id::{CommandId, DepartmentKey, VisitorId};
use balie::model::time::Millis;
use balie::protocol::visitor::VisitorStart;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::conversations::{agent_named, start};
use super::{Api, Login};
use crate::support::eventually;

/// The clock of these tests begins on a Friday at eight o'clock in London.
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// What a chat of this day takes.
const CHAT: Millis = Millis(20 * MINUTE);

/// A desk with its day book, at three in the afternoon: one agent of support has served one after the other all day, serves
/// another, and three wait. Departments close at five.
pub(super) struct Day {
    pub(super) api: Api,
    pub(super) ada: Login,
    /// Those who wait, in their order.
    pub(super) line: Vec<Conversation>,
    pub(super) stop: CancellationToken,
}

impl Day {
    pub(super) async fn at_three() -> Self {
        let (api, ada) = Api::with_ada().await;
        let begin = api.clock.now();
        let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
        let path = format!("/api/agents/{}", ben.id);
        let change = json!({"capacity": 1});
        let changed = api.patch(&path).by(&ada).body(change).send().await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let ben = agent_named(&api, &ben, true).await;
        while api.clock.now() - begin < Millis(7 * HOUR) {
            let chat = start(&api, "support").await;
            let chat = takes(&api, &ben, &chat).await;
            api.clock.advance(CHAT);
            let close = Command::Close {
                agent: ben.clone(),
                is_supervisor: false,
                tags: Vec::new(),
            };
            api.append(chat.id, close).await;
        }
        let chat = start(&api, "support").await;
        takes(&api, &ben, &chat).await;
        let mut line = Vec::new();
        for _ in 0..3 {
            line.push(start(&api, "support").await);
        }
        let stop = CancellationToken::new();
        tokio::spawn(book::run(Arc::clone(&api.noted.desk.0), stop.clone()));
        let day = Self {
            api,
            ada,
            line,
            stop,
        };
        for key in ["support", "sales"] {
            let week = json!([{"days": [5], "from": "07:00", "to": "17:00"}]);
            let hours = json!({"tz": "Europe/London", "week": week});
            day.change(key, json!({ "hours": hours })).await;
        }
        let support = key("support");
        eventually("what newcomers wait", || async {
            // Waits are foretold once a second.
            day.api.clock.advance(Millis(1_000));
            let outlook = day.desk().book.outlook(day.api.clock.now());
            let eta = outlook.of_newcomer(&support)?;
            // Read in part, the history tells of fewer who wait.
            (eta.p90_ms > Millis(HOUR)).then_some(())
        })
        .await;
        day
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.api.noted.desk.0
    }

    pub(super) async fn change(&self, department: &str, change: Value) {
        let path = format!("/api/departments/{department}");
        let changed = self
            .api
            .patch(&path)
            .by(&self.ada)
            .body(change)
            .send()
            .await;
        assert_eq!(changed.status, 200, "{}", changed.body);
    }

    /// A newcomer's chat: the department in which it began, or the words with which it was refused.
    async fn newcomer(&self, department: &str) -> Result<DepartmentKey, String> {
        let who = Visiting {
            visitor: VisitorId::fresh(),
            site: "demo".parse().unwrap(),
            socket: 1,
        };
        let whereabouts = Whereabouts {
            page: None,
            lang: None,
            tz: None,
        };
        let start = VisitorStart {
            cmd: CommandId::fresh(),
            department: Some(key(department)),
            fields: Default::default(),
            needs: Vec::new(),
            mode: Mode::Chat,
            text: Some("help".to_owned()),
        };
        let site = self.api.rest.settings.site(&who.site).unwrap();
        match self.desk().start(&who, &site, &whereabouts, start).await {
            Ok(receipt) => {
                let found = self.api.rest.store.conversation(receipt.conversation).await;
                Ok(found.unwrap().unwrap().department)
            }
            Err(Refused::ClosedHours(words)) => Err(words),
            Err(other) => panic!("refused otherwise: {other}"),
        }
    }
}

async fn takes(api: &Api, agent: &AgentName, chat: &Conversation) -> Conversation {
    let assign = Command::Assign {
        agent: agent.clone(),
        placed_seq: chat.placed_seq,
        why: None,
    };
    api.append(chat.id, assign).await
}

fn key(key: &str) -> DepartmentKey {
    key.parse().unwrap()
}

#[tokio::test]
async fn in_the_last_hour_a_chat_begins_only_where_its_turn_comes_before_closing() {
    let day = Day::at_three().await;
    // Two hours are left, and nobody knows who comes to help.
    assert_eq!(day.newcomer("support").await, Ok(key("support")));
    day.api.clock.advance(Millis(HOUR + 10 * MINUTE));
    let words = day.newcomer("support").await.unwrap_err();
    assert!(
        words.contains("closes on Friday 15 January at 17:00"),
        "{words}"
    );
    assert!(words.contains("leave a message"), "{words}");
    // Of sales nothing is known, which keeps nobody away.
    assert_eq!(day.newcomer("sales").await, Ok(key("sales")));
    // Somebody who stands in and is open takes them.
    day.change("support", json!({"routing": {"stand_ins": ["sales"]}}))
        .await;
    assert_eq!(day.newcomer("support").await, Ok(key("sales")));
    day.api.clock.advance(Millis(HOUR));
    let words = day.newcomer("support").await.unwrap_err();
    assert!(words.contains("is closed now. It opens on"), "{words}");
    day.stop.cancel();
}
