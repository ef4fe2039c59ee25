//! Whether a Redis can serve: asked at the start and by `balie check`, and answered in words with the remedy.

use redis::aio::MultiplexedConnection;
use redis::{Client, ErrorKind, RedisError, cmd};
use tokio::time::timeout;
use uuid::Uuid;

use super::address::{Address, CONNECT, Wire};
use super::keys::Keys;

/// The oldest version whose scripts and permissions are as ours need them.
const VERSION_MIN: (u32, u32) = (7, 0);

/// Calls every command that the scripts use, on two keys that are gone afterwards.
const TRIAL: &str = r"
local hash, sorted = KEYS[1], KEYS[2]
local calls = {
  { 'HSET', hash, 'a', '1' }, { 'HGET', hash, 'a' }, { 'HMGET', hash, 'a' }, { 'HINCRBY', hash, 'a', 1 },
  { 'HEXISTS', hash, 'a' }, { 'HKEYS', hash }, { 'HVALS', hash }, { 'PEXPIRE', hash, 1000 }, { 'HDEL', hash, 'b' },
  { 'ZADD', sorted, 1, 'a' }, { 'ZSCORE', sorted, 'a' }, { 'ZRANGE', sorted, 0, 0 },
  { 'ZRANGEBYLEX', sorted, '-', '+' }, { 'ZRANGEBYSCORE', sorted, 0, 1 }, { 'ZREM', sorted, 'b' },
  { 'UNLINK', hash }, { 'SET', hash, '1', 'PX', 1000 }, { 'GET', hash }, { 'UNLINK', hash }, { 'UNLINK', sorted },
}
for _, one in ipairs(calls) do
  local answer = redis.pcall(unpack(one))
  if type(answer) == 'table' and answer.err then
    -- Whatever is wrong with Redis itself, as that it is a replica just now, has a word of its own, and is no lack of permission.
    local word = answer.err:match('^(%u+) ')
    local is_its_own = word and word ~= 'ERR' and word ~= 'NOPERM'
    return redis.error_reply(is_its_own and answer.err or 'NOPERM ' .. one[1] .. ': ' .. answer.err)
  end
end
return 1";

/// Why a Redis cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Nobody answers who could serve now: it is waited for.
    #[error(
        "Redis at {address} does not answer: {reason}. Check that it runs, that BALIE_REDIS_URL names the right host and port, and \
         whether it speaks TLS (rediss://)."
    )]
    Away {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The password or the user is wrong.
    #[error(
        "Redis at {address} refuses the login: {reason}. Give user and password in BALIE_REDIS_URL, as \
         redis://user:password@host (special characters as %40)."
    )]
    Login {
        /// Where.
        address: String,
        /// What it said.
        reason: String,
    },
    /// The Sentinels know no such service.
    #[error(
        "The Sentinels at {address} know no such service: {reason}. `redis-cli -p 26379 sentinel masters` lists those they know."
    )]
    Service {
        /// Where.
        address: String,
        /// What it said.
        reason: String,
    },
    /// It is too old.
    #[error(
        "Redis at {address} is version {version}; Balie needs {}.{} or later, or any Valkey. Upgrade it.",
        VERSION_MIN.0,
        VERSION_MIN.1
    )]
    TooOld {
        /// Where.
        address: String,
        /// What it is.
        version: String,
    },
    /// It drops keys when memory is short.
    #[error(
        "Redis at {address} has maxmemory-policy {policy}: when memory is short it would drop who waits without a word. Set it to \
         noeviction: redis-cli config set maxmemory-policy noeviction, and in redis.conf."
    )]
    Evicts {
        /// Where.
        address: String,
        /// What it does.
        policy: String,
    },
    /// It is part of a cluster, or is not.
    #[error("Redis at {address} is {is}: write {scheme}:// in BALIE_REDIS_URL.")]
    Footing {
        /// Where.
        address: String,
        /// What it is.
        is: &'static str,
        /// How that is written.
        scheme: &'static str,
    },
    /// The user may not do what is needed.
    #[error(
        "The user may not do what Balie needs on Redis at {address}: {reason}. Allow it: redis-cli acl setuser NAME on '>PASSWORD' \
         '~{pattern}' '&{pattern}' +@read +@write +@scripting +@pubsub +@connection +info +role +cluster"
    )]
    Permission {
        /// Where.
        address: String,
        /// What it said.
        reason: String,
        /// The keys and channels.
        pattern: &'static str,
    },
}

/// Looks whether the Redis can serve, and answers its version and a connection.
pub async fn check(address: &Address, keys: &Keys) -> Result<(String, Wire), Unfit> {
    let inspecting = async {
        let mut connection = greet(address).await?;
        let version = read_info(address, &mut connection).await?;
        let wire = address
            .connect()
            .await
            .map_err(|error| unfit(address, &error))?;
        try_everything(address, keys, &wire).await?;
        Ok((version, wire))
    };
    match timeout(CONNECT * 4, inspecting).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(Unfit::Away {
            address: address.to_string(),
            reason: "no answer in time".to_owned(),
        }),
    }
}

async fn greet(address: &Address) -> Result<MultiplexedConnection, Unfit> {
    let connecting = async {
        let info = address.in_charge().await?;
        Client::open(info)?.get_multiplexed_async_connection().await
    };
    match timeout(CONNECT * 2, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(unfit(address, &error)),
        Err(_elapsed) => Err(Unfit::Away {
            address: address.to_string(),
            reason: "no answer in time".to_owned(),
        }),
    }
}

async fn read_info(
    address: &Address,
    connection: &mut MultiplexedConnection,
) -> Result<String, Unfit> {
    let info: String = cmd("INFO")
        .query_async(connection)
        .await
        .map_err(|error| unfit(address, &error))?;
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
            .unwrap_or_default()
            .to_owned()
    };
    let version = field("redis_version");
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let address_text = address.to_string();
    if number < VERSION_MIN && field("valkey_version").is_empty() {
        return Err(Unfit::TooOld {
            address: address_text,
            version,
        });
    }
    let is_cluster = field("cluster_enabled") == "1";
    if is_cluster != address.is_cluster() {
        let (is, scheme) = if is_cluster {
            ("a node of a cluster", "redis+cluster")
        } else {
            ("no cluster", "redis")
        };
        return Err(Unfit::Footing {
            address: address_text,
            is,
            scheme,
        });
    }
    let policy = field("maxmemory_policy");
    if policy != "noeviction" {
        return Err(Unfit::Evicts {
            address: address_text,
            policy,
        });
    }
    Ok(version)
}

/// Runs what the scripts run, publishes and listens.
async fn try_everything(address: &Address, keys: &Keys, wire: &Wire) -> Result<(), Unfit> {
    let told = |error: RedisError| unfit(address, &error);
    let mut trial = cmd("EVAL");
    trial.arg(TRIAL).arg(2);
    trial
        .arg(keys.answer(Uuid::new_v4()))
        .arg(keys.answer(Uuid::new_v4()));
    wire.send(&trial).await.map_err(told)?;
    let mut publish = cmd("PUBLISH");
    publish.arg(keys.channel()).arg("");
    wire.send(&publish).await.map_err(told)?;
    let mut subscription = address.listen().await.map_err(told)?;
    subscription.subscribe(keys.channel()).await.map_err(told)
}

fn unfit(address: &Address, error: &RedisError) -> Unfit {
    let address = address.to_string();
    // A sentence of ours goes on, or ends, behind it.
    let reason = error.to_string().trim_end_matches('.').to_owned();
    if error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH"))
    {
        return Unfit::Login { address, reason };
    }
    if error.kind() == ErrorKind::MasterNameNotFoundBySentinel {
        return Unfit::Service { address, reason };
    }
    if error.code() == Some("NOPERM") {
        return Unfit::Permission {
            address,
            reason,
            pattern: Keys::pattern(),
        };
    }
    Unfit::Away { address, reason }
}
