//! Reports: figures by time, department and agent, the standard they are judged by, tables, and the agents of a day.

use balie::domain::conversation::{Command, Conversation};
use balie::model::event::AgentName;
use balie::model::time::Millis;
use serde_json::{Value, json};

use super::conversations::{agent_named, start};
use super::{Api, Login};

struct Shop {
    api: Api,
    ada: Login,
    ana: AgentName,
}

impl Shop {
    async fn opens() -> Self {
        let (api, ada) = Api::with_ada().await;
        let ana = api.joins(&ada, "Ana", "agent", &["support"]).await;
        let ana = agent_named(&api, &ana, true).await;
        Self { api, ada, ana }
    }

    fn later(&self, seconds: i64) {
        self.api.clock.advance(Millis::seconds(seconds));
    }

    async fn answered(&self, chat: &Conversation) {
        let placed_seq = chat.placed_seq;
        let agent = self.ana.clone();
        let assign = Command::Assign {
            agent,
            placed_seq,
            why: None,
        };
        self.api.append(chat.id, assign).await;
    }

    async fn ana_says(&self, chat: &Conversation) {
        let (agent, text) = (self.ana.clone(), "Hello".to_owned());
        self.api
            .append(chat.id, Command::AgentSend { agent, text })
            .await;
    }

    async fn closed(&self, chat: &Conversation) {
        let close = Command::Close {
            agent: self.ana.clone(),
            is_supervisor: false,
            tags: Vec::new(),
        };
        self.api.append(chat.id, close).await;
    }

    async fn report(&self, query: &str) -> Value {
        let path = format!("/api/reports/figures?{query}");
        let answer = self.api.get(&path).by(&self.ada).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// One is served after ten seconds, with a silence, and rates; one gives up; one waits.
    async fn has_a_morning(&self) {
        let first = start(&self.api, "support").await;
        self.later(10);
        self.answered(&first).await;
        self.later(5);
        self.ana_says(&first).await;
        let text = "And now?".to_owned();
        self.api
            .append(first.id, Command::VisitorSend { text })
            .await;
        self.later(40);
        self.ana_says(&first).await;
        self.closed(&first).await;
        let rate = Command::Rate {
            score: 4,
            comment: None,
        };
        self.api.append(first.id, rate).await;
        let second = start(&self.api, "support").await;
        self.later(30);
        self.api.append(second.id, Command::Leave).await;
        start(&self.api, "sales").await;
        self.later(25);
    }
}

#[tokio::test]
async fn a_report_counts_waits_talks_and_work() {
    let shop = Shop::opens().await;
    shop.has_a_morning().await;
    let report = shop.report("by=department&tz=Europe/Amsterdam").await;
    let total = &report["total"];
    let waits = &total["waits"];
    assert_eq!(
        (&waits["offered"], &waits["answered"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(
        (&waits["abandoned"], &waits["open"]),
        (&json!(1), &json!(1))
    );
    // Within 20 s: one of the answered, the one who left, and the one who waits for longer already.
    assert_eq!(
        (&waits["in_time"], &waits["judged"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(waits["max_ms"], json!(30_001));
    let talks = &total["talks"];
    // The clock moves a millisecond with each command.
    assert_eq!(talks["response_p50_ms"], json!(15_002));
    assert_eq!((&talks["silent"], &talks["served"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&talks["greeted"], &talks["score"]),
        (&json!(1), &json!(4.0))
    );
    let keys: Vec<_> = report["lines"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&keys[0]["key"], &keys[0]["name"]),
        (&json!("sales"), &json!("Sales"))
    );
    assert_eq!(keys[1]["waits"]["offered"], json!(2));
    let of_agents = shop.report("by=agent").await;
    let ana = &of_agents["lines"][0];
    assert_eq!((&ana["name"], &ana["waits"]), (&json!("Ana"), &Value::Null));
    assert_eq!(ana["talks"]["handled_ms"], json!(45_004));
    assert_eq!(ana["work"]["busy_ms"], json!(45_004));
    let work = |name: &str| ana["work"][name].as_i64().unwrap();
    assert_eq!(work("slot_ms"), 3 * work("online_ms"));
}

#[tokio::test]
async fn each_department_is_judged_by_its_own_standard() {
    let shop = Shop::opens().await;
    shop.has_a_morning().await;
    let standard =
        json!({"threshold_ms": 5_000, "target_percent": 90, "definition": "answered_only"});
    let change = json!({"standard": standard});
    let changed = shop
        .api
        .patch("/api/departments/support")
        .by(&shop.ada)
        .body(change)
        .send()
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let report = shop.report("by=department").await;
    assert_eq!(report["standards"]["support"], standard);
    let support = &report["lines"][1]["waits"];
    assert_eq!(
        (&support["in_time"], &support["judged"]),
        (&json!(0), &json!(1))
    );
    // Sales has the usual one; whoever waits there is missed.
    let total = &report["total"]["waits"];
    assert_eq!(
        (&total["in_time"], &total["judged"]),
        (&json!(0), &json!(2))
    );
}

#[tokio::test]
async fn hours_and_days_are_those_of_the_zone_and_only_what_was_asked_for_counts() {
    let shop = Shop::opens().await;
    shop.has_a_morning().await;
    let began = shop.api.clock.now();
    shop.later(26 * 3_600);
    start(&shop.api, "support").await;
    let days = shop
        .report("by=day&tz=Pacific/Auckland&department=support")
        .await;
    let offered = |report: &Value| -> Vec<u64> {
        let lines = report["lines"].as_array().unwrap().iter();
        lines
            .map(|line| line["waits"]["offered"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(offered(&days), [2, 1]);
    let quarters = shop.report("by=quarter&tz=Asia/Kolkata").await;
    let sum: u64 = offered(&quarters).iter().sum();
    assert_eq!(sum, 4, "{quarters}");
    let hours = shop.report("by=hour&tz=Asia/Kolkata").await;
    let key = hours["lines"][0]["key"].as_str().unwrap();
    assert!(key.ends_with(":00:00+05:30"), "{key}");
    // All Fridays and Saturdays together: five and a half hours later there, half past one in the afternoon.
    let of_week = shop.report("by=week_hour&tz=Asia/Kolkata").await;
    let keys = |report: &Value| -> Vec<String> {
        let lines = report["lines"].as_array().unwrap().iter();
        lines
            .map(|line| line["key"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys(&of_week), ["5-13", "6-15"]);
    assert_eq!(offered(&of_week), [3, 1]);
    let later = shop.report(&format!("from={}", began.0)).await;
    assert_eq!(offered(&later), [1]);
    let refused = async |query: &str| {
        let path = format!("/api/reports/figures?{query}");
        let answer = shop.api.get(&path).by(&shop.ada).send().await;
        let (status, field) = answer.refusal();
        (status, field.to_owned())
    };
    assert_eq!(refused("tz=Mars/Olympus").await, (400, "tz".to_owned()));
    assert_eq!(refused("from=5&to=5").await, (400, "from".to_owned()));
    assert_eq!(refused("from=1").await, (400, "from".to_owned()));
    assert_eq!(refused("by=week").await, (400, "by".to_owned()));
    assert_eq!(refused("department=nowhere").await, (404, String::new()));
    let both = refused("by=agent&department=support").await;
    assert_eq!(both, (400, "department".to_owned()));
}

#[tokio::test]
async fn reports_are_for_supervisors() {
    let shop = Shop::opens().await;
    let bob = shop
        .api
        .joins(&shop.ada, "Bob", "agent", &["support"])
        .await;
    let sue = shop
        .api
        .joins(&shop.ada, "Sue", "supervisor", &["support"])
        .await;
    for path in [
        "/api/reports/figures",
        "/api/reports/figures.csv",
        "/api/reports/staffing?department=support",
        "/api/reports/staffing.csv?department=support",
    ] {
        assert_eq!(shop.api.get(path).send().await.status, 401, "{path}");
        assert_eq!(
            shop.api.get(path).by(&bob).send().await.status,
            403,
            "{path}"
        );
        assert_eq!(
            shop.api.get(path).by(&sue).send().await.status,
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_table_has_the_lines_and_no_formulas() {
    let shop = Shop::opens().await;
    shop.has_a_morning().await;
    let change = json!({"name": "=HYPERLINK(\"http://evil\",\"x\")"});
    shop.api
        .patch("/api/departments/support")
        .by(&shop.ada)
        .body(change)
        .send()
        .await;
    let path = "/api/reports/figures.csv?by=department";
    let answer = shop.api.get(path).by(&shop.ada).send().await;
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert!(
        answer
            .header("content-disposition")
            .contains("balie-figures.csv")
    );
    let rows: Vec<&str> = answer.text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 4, "{}", answer.text);
    assert!(rows[1].starts_with("sales,Sales,1,0,0,0,1,"), "{}", rows[1]);
    assert!(
        rows[2].starts_with("support,\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",2,1,1,"),
        "{}",
        rows[2]
    );
    assert!(rows[3].starts_with("total,,3,1,1,0,1,"), "{}", rows[3]);
    let columns = rows[0].split(',').count();
    assert_eq!(rows[3].split(',').count(), columns);
    let of_agents = shop
        .api
        .get("/api/reports/figures.csv?by=agent")
        .by(&shop.ada)
        .send()
        .await;
    for row in of_agents.text.split_terminator("\r\n") {
        assert_eq!(row.split(',').count(), columns, "{row}");
    }
}

#[tokio::test]
async fn a_days_agents_are_reckoned_once_enough_is_known() {
    let shop = Shop::opens().await;
    let ask = async |path: &str| {
        let answer = shop.api.get(path).by(&shop.ada).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    };
    let path = "/api/reports/staffing?department=support&tz=UTC";
    let nothing = ask(path).await.body;
    assert_eq!(nothing["quarters"], json!([]));
    assert_eq!(nothing["basis"]["chats"], json!(0));
    for _ in 0..20 {
        let chat = start(&shop.api, "support").await;
        shop.answered(&chat).await;
        shop.later(60);
        shop.closed(&chat).await;
    }
    shop.later(1);
    // The day after tomorrow is foretold from today, at least.
    let known = ask(path).await.body;
    let basis = &known["basis"];
    assert_eq!(
        (&basis["chats"], &basis["chats_each"]),
        (&json!(20), &json!(3))
    );
    assert_eq!(basis["chat_alone_ms"], json!(60_001));
    let quarters = known["quarters"].as_array().unwrap();
    assert_eq!(quarters.len(), 96);
    let sum = |name: &str| {
        quarters
            .iter()
            .filter_map(|one| one[name].as_f64())
            .sum::<f64>()
    };
    assert!((sum("arrivals") - 20.0).abs() < 5.0, "{}", sum("arrivals"));
    for quarter in quarters {
        let (arrivals, agents) = (
            quarter["arrivals"].as_f64().unwrap(),
            quarter["agents"].as_u64(),
        );
        assert_eq!(agents.unwrap() > 0, arrivals > 0.0, "{quarter}");
        if arrivals > 0.0 {
            assert!(
                quarter["service_level"].as_f64().unwrap() >= 0.8,
                "{quarter}"
            );
        }
    }
    let table = ask("/api/reports/staffing.csv?department=support&tz=UTC")
        .await
        .text;
    assert_eq!(table.split_terminator("\r\n").count(), 97);
    let refused = async |query: &str| {
        let path = format!("/api/reports/staffing?{query}");
        let answer = shop.api.get(&path).by(&shop.ada).send().await;
        answer.status.as_u16()
    };
    assert_eq!(refused("department=support&day=2026-13-01").await, 400);
    assert_eq!(refused("department=support&day=tomorrow").await, 400);
    assert_eq!(refused("department=nowhere").await, 404);
    assert_eq!(refused("").await, 400);
}
