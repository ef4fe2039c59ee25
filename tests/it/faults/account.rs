//! What is told of a history that failed, at the moment at which it did: enough to understand it, since it may never happen again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::people::People;
use super::world::World;

/// All keys of Redis in words: records as JSON, sorted members with their scores; without the answers kept for repeats.
const BOARD_IN_WORDS: &str = "
    local lines = {}
    local function say(...)
      lines[#lines + 1] = table.concat({...}, '  ')
    end
    local keys = redis.call('KEYS', 'balie:*')
    table.sort(keys)
    for _, key in ipairs(keys) do
      local kind, name = redis.call('TYPE', key).ok, key:match('[^:]+$')
      local all = kind == 'hash' and redis.call('HGETALL', key)
        or kind == 'zset' and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') or {}
      for index = 1, #all, 2 do
        local is_packed, record = pcall(cmsgpack.unpack, all[index + 1])
        local is_record = is_packed and type(record) == 'table'
        say(name, all[index], is_record and cjson.encode(record) or all[index + 1])
      end
    end
    return table.concat(lines, '\\n')";

/// What came of it, and a panic caught before whoever takes part has left.
pub async fn caught<T>(story: impl Future<Output = T>) -> std::thread::Result<T> {
    let mut story = Box::pin(story);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| story.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// How everything stands. The nodes tell their own story when they are dropped.
pub async fn of(world: &World, people: &People) -> String {
    let mut told = vec!["--- what the nodes say of themselves".to_owned()];
    for node in &world.nodes {
        let answer = node.stranger().http("GET", "/readyz", None).await;
        let words = match answer {
            Ok(answer) => String::from_utf8_lossy(&answer.body).into_owned(),
            Err(trouble) => trouble.to_string(),
        };
        told.push(format!("{} {words}", node.address()));
    }
    told.push("--- who is still there".to_owned());
    told.extend(people.accounts());
    for (number, server) in world.redis.iter().enumerate() {
        for words in [
            &["INFO", "replication"][..],
            &["EVAL", BOARD_IN_WORDS, "0"][..],
        ] {
            told.push(format!("--- Redis {number}: {}", words[0]));
            told.push(server.says(words).await);
        }
    }
    told.join("\n")
}
