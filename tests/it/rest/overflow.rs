//! Who is expected to wait longer than their department wants is served by those who stand in.

use std::sync::Arc;

use balie::desk::overflow;
use balie::model::time::Millis;
use balie::model::why::Rule;
use serde_json::json;

use super::closing::Day;
use super::conversations::agent_named;
use crate::support::eventually;

#[tokio::test]
async fn who_is_expected_to_wait_too_long_is_served_by_those_who_stand_in() {
    let day = Day::at_three().await;
    let fay = day.api.joins(&day.ada, "Fay", "agent", &["sales"]).await;
    let fay = agent_named(&day.api, &fay, true).await;
    // Chats take twenty minutes: the first waits less than that, and whoever stands far behind more than half an hour.
    let half_an_hour = 30 * 60_000;
    let routing = json!({"stand_ins": ["sales"], "overflow_after_ms": half_an_hour});
    day.change("support", json!({ "routing": routing })).await;
    let coordination = &day.desk().coordination;
    day.desk().rebuild().await.unwrap();
    coordination.agent_joined(fay.id, 1).await.unwrap();
    for (socket, waits) in (2..).zip(&day.line) {
        coordination.visitor_joined(waits.id, socket).await.unwrap();
    }
    assert_eq!(coordination.claim().await.unwrap(), None, "not hers");
    let desk = Arc::clone(&day.api.noted.desk.0);
    tokio::spawn(overflow::run(desk, day.stop.clone()));
    let claim = eventually("what is expected to last", || async {
        // Waits are foretold once a second.
        day.api.clock.advance(Millis(1_000));
        coordination.claim().await.unwrap()
    })
    .await;
    assert_eq!((claim.agent, claim.why.rule), (fay.id, Rule::Overflow));
    assert_ne!(
        claim.conversation, day.line[0].id,
        "the first one's turn comes soon enough"
    );
    day.stop.cancel();
}
