//! Rotas: who may plan whom, what is refused, and that waits are foretold by them at once.

use std::sync::Arc;

use balie::desk::book;
use balie::domain::conversation::{Command, Conversation};
use balie::model::event::AgentName;
use balie::model::id::DepartmentKey;
use balie::model::time::Millis;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::conversations::{agent_named, start};
use super::{Api, Login};
use crate::support::eventually;

/// On the Friday on which the clock of these tests begins, at eight o'clock.
fn shift(from: &str, to: &str) -> Value {
    json!({"tz": "UTC", "week": [{"days": [5], "from": from, "to": to}], "closed": []})
}

async fn plans(api: &Api, by: &Login, whom: &Login, rota: &Value) -> super::Answer {
    let path = format!("/api/agents/{}/rota", whom.id);
    api.ask("PUT", &path).by(by).body(rota.clone()).send().await
}

#[tokio::test]
async fn a_rota_is_kept_as_written_and_goes_with_its_person() {
    let (api, ada) = Api::with_ada().await;
    let sue = api.joins(&ada, "Sue", "supervisor", &["support"]).await;
    let ana = api.joins(&ada, "Ana", "agent", &["support"]).await;
    let all = async |by: &Login| api.get("/api/rotas").by(by).send().await.body["rotas"].take();
    assert_eq!(all(&ana).await, json!([]));
    let week = json!({"tz": "Europe/Amsterdam", "closed": ["2027-01-20"],
        "week": [{"days": [1, 2], "from": "22:00", "to": "24:00"}, {"days": [2, 3], "from": "00:00", "to": "06:00"}]});
    let planned = plans(&api, &sue, &ana, &week).await;
    assert_eq!(planned.status, 200, "{}", planned.body);
    assert_eq!(planned.body, json!({"agent": ana.id, "rota": week}));
    assert_eq!(all(&ana).await, json!([planned.body]));
    let other = plans(&api, &ada, &ana, &shift("09:00", "17:00")).await;
    assert_eq!(all(&ana).await, json!([other.body]), "replaced whole");

    assert_eq!(plans(&api, &ana, &ana, &week).await.status, 403);
    assert_eq!(plans(&api, &sue, &ada, &week).await.status, 403);
    let refused = async |rota: &Value| {
        let answer = plans(&api, &ada, &ana, rota).await;
        let (status, field) = answer.refusal();
        (status, field.to_owned())
    };
    let wrong = |field: &str| (400, field.to_owned());
    let none = json!({"tz": "UTC", "week": [], "closed": []});
    assert_eq!(refused(&none).await, wrong("week"));
    assert_eq!(refused(&shift("17:00", "09:00")).await, wrong("week[0].to"));
    let nowhere = json!({"tz": "Mars/Olympus", "week": week["week"]});
    assert_eq!(refused(&nowhere).await, wrong("tz"));

    let path = format!("/api/agents/{}/rota", ana.id);
    assert_eq!(api.delete(&path).by(&sue).send().await.status, 204);
    assert_eq!(api.delete(&path).by(&sue).send().await.status, 204, "none");
    assert_eq!(all(&ada).await, json!([]));
    plans(&api, &sue, &ana, &week).await;
    let agent = format!("/api/agents/{}", ana.id);
    assert_eq!(api.delete(&agent).by(&ada).send().await.status, 204);
    assert_eq!(all(&ada).await, json!([]));
    assert_eq!(plans(&api, &ada, &ana, &week).await.status, 404);
}

struct Shop {
    api: Api,
    ben: AgentName,
}

impl Shop {
    async fn does(&self, chat: &Conversation, command: Command) {
        self.api.append(chat.id, command).await;
    }

    /// Ben takes somebody who has just come.
    async fn serves(&self) -> Conversation {
        let chat = start(&self.api, "support").await;
        let (agent, placed_seq) = (self.ben.clone(), chat.placed_seq);
        self.does(
            &chat,
            Command::Assign {
                agent,
                placed_seq,
                why: None,
            },
        )
        .await;
        chat
    }

    async fn ends(&self, chat: &Conversation) {
        let close = Command::Close {
            agent: self.ben.clone(),
            is_supervisor: false,
            tags: Vec::new(),
        };
        self.does(chat, close).await;
    }

    /// What somebody who comes now would wait, once it is so.
    async fn expects(&self, what: &str, is_so: impl Fn(Millis) -> bool) -> Millis {
        let support = DepartmentKey::new("support").unwrap();
        eventually(what, || async {
            // What is foretold is kept for a second of this clock.
            self.api.clock.advance(Millis::seconds(1));
            let book = &self.api.noted.desk.0.book;
            let eta = book.outlook(self.api.clock.now()).of_newcomer(&support)?;
            is_so(eta.p50_ms).then_some(eta.p50_ms)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_is_foretold_shorter_once_a_colleague_is_planned() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let cleo = api.joins(&ada, "Cleo", "agent", &["support"]).await;
    let one = json!({"capacity": 1});
    let path = format!("/api/agents/{}", ben.id);
    api.patch(&path).by(&ada).body(one).send().await;
    let ben = agent_named(&api, &ben, true).await;
    let shop = Shop { api, ben };
    for _ in 0..8 {
        let chat = shop.serves().await;
        shop.api.clock.advance(Millis::seconds(300));
        shop.ends(&chat).await;
    }
    // One whom he has, and a line.
    shop.serves().await;
    for _ in 0..9 {
        start(&shop.api, "support").await;
    }
    shop.api.clock.advance(Millis::seconds(1));
    let stop = CancellationToken::new();
    let desk = Arc::clone(&shop.api.noted.desk.0);
    let keeping = tokio::spawn(book::run(desk, stop.clone()));
    let alone = shop.expects("a long wait", |_| true).await;
    assert!(alone.0 > 1_500_000, "nine are ahead: {alone}");
    // It is twenty to nine.
    let planned = plans(&shop.api, &ada, &cleo, &shift("08:45", "17:00")).await;
    assert_eq!(planned.status, 200, "{}", planned.body);
    let shorter = |p50: Millis| p50.0 < alone.0 * 3 / 4;
    shop.expects("help is on the way", shorter).await;
    let path = format!("/api/agents/{}/rota", cleo.id);
    shop.api.delete(&path).by(&ada).send().await;
    let as_before = |p50: Millis| p50.0 > alone.0 * 3 / 4;
    shop.expects("nobody else comes", as_before).await;
    stop.cancel();
    keeping.await.unwrap();
}
