//! Where Redis is: what `BALIE_REDIS_URL` says, and how to get to whoever is in charge there.
//!
//! Nothing here keeps a connection; `link.rs` and `news.rs` ask anew each time one broke.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, RedisError, Value, cmd,
};
use tokio::time::timeout;

/// Time for a connection to stand, with TLS, password and greeting. One node in ten thousand kilometres needs 0.5 s.
pub const CONNECT: Duration = Duration::from_millis(1_500);
/// Time for an answer. The scripts take well below a millisecond; the crate's own 500 ms would take a short stall of the
/// machine for an outage.
pub const RESPONSE: Duration = Duration::from_millis(1_000);

const FORMS: &str = "redis://host:6379, rediss://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/SERVICE or \
     redis+cluster://host:6379,host:6379";

/// A URL that names no Redis.
#[derive(Debug, thiserror::Error)]
#[error("BALIE_REDIS_URL is wrong: {0}. Give it as {FORMS}.")]
pub struct BadAddress(String);

/// Where Redis is.
#[derive(Clone, Debug)]
pub struct Address {
    kind: Kind,
    /// Hosts and ports without the password, for messages.
    shown: String,
}

#[derive(Clone, Debug)]
enum Kind {
    One(Box<ConnectionInfo>),
    /// Sentinels know who the master of a service is.
    Sentinel {
        sentinels: Vec<ConnectionInfo>,
        service: String,
        /// How to greet the master.
        master: Box<ConnectionInfo>,
    },
    Cluster(Vec<ConnectionInfo>),
}

/// A connection for commands.
#[derive(Clone)]
pub enum Wire {
    /// To one server.
    One(MultiplexedConnection),
    /// To all of a cluster.
    Cluster(ClusterConnection),
}

impl Wire {
    /// Sends one command.
    pub async fn send(&self, command: &redis::Cmd) -> Result<Value, RedisError> {
        // Clones share the connection; the crate asks for a `&mut` one.
        match self {
            Wire::One(connection) => command.query_async(&mut connection.clone()).await,
            Wire::Cluster(connection) => command.query_async(&mut connection.clone()).await,
        }
    }
}

impl std::str::FromStr for Address {
    type Err = BadAddress;

    fn from_str(url: &str) -> Result<Self, BadAddress> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| BadAddress("it has no scheme".to_owned()))?;
        let (base, is_secure) = match scheme {
            "redis" | "redis+sentinel" | "redis+cluster" => ("redis", false),
            "rediss" | "rediss+sentinel" | "rediss+cluster" => ("rediss", true),
            other => return Err(BadAddress(format!("{other}:// is not a way to a Redis"))),
        };
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (format!("{login}@"), rest),
            None => (String::new(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let one = |host: &str, login: &str, database: &str| {
            let url = format!("{base}://{login}{host}/{database}");
            with_resp3(&url).map_err(|error| BadAddress(format!("{host}: {error}")))
        };
        let hosts: Vec<&str> = hosts.split(',').map(str::trim).collect();
        let shown = hosts.join(",");
        if hosts.iter().any(|host| host.is_empty()) {
            return Err(BadAddress("a host is missing".to_owned()));
        }
        let kind = if scheme.ends_with("+sentinel") {
            let (service, database) = path.split_once('/').unwrap_or((path, ""));
            if service.is_empty() {
                return Err(BadAddress("the name of the service is missing".to_owned()));
            }
            let with_port = |host: &&str| {
                let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
                    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
                });
                if has_port {
                    (*host).to_owned()
                } else {
                    format!("{host}:26379")
                }
            };
            let sentinels = hosts
                .iter()
                .map(|host| one(&with_port(host), "", ""))
                .collect::<Result<_, _>>()?;
            Kind::Sentinel {
                sentinels,
                service: service.to_owned(),
                master: Box::new(one(hosts[0], &login, database)?),
            }
        } else if scheme.ends_with("+cluster") {
            if !path.is_empty() && path != "0" {
                return Err(BadAddress("a cluster has only database 0".to_owned()));
            }
            let nodes = hosts.iter().map(|host| one(host, &login, ""));
            Kind::Cluster(nodes.collect::<Result<_, _>>()?)
        } else {
            let [host] = hosts[..] else {
                let remedy = format!("several hosts need {base}+sentinel:// or {base}+cluster://");
                return Err(BadAddress(remedy));
            };
            Kind::One(Box::new(one(host, &login, path)?))
        };
        debug_assert!(is_secure == base.ends_with("ss"));
        Ok(Self { kind, shown })
    }
}

fn with_resp3(url: &str) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info()?;
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.shown)
    }
}

impl Address {
    /// A connection for commands, to whoever is in charge now.
    pub async fn connect(&self) -> Result<Wire, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE));
        let to_one = async |info: ConnectionInfo| {
            let client = Client::open(info)?;
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await
                .map(Wire::One)
        };
        match &self.kind {
            Kind::One(info) => to_one((**info).clone()).await,
            Kind::Sentinel { .. } => to_one(self.in_charge().await?).await,
            Kind::Cluster(nodes) => {
                // Retries are ours: a call is repeated with its request id, and not for longer than a caller waits.
                let client = ClusterClientBuilder::new(nodes.clone())
                    .use_protocol(ProtocolVersion::RESP3)
                    .connection_timeout(CONNECT)
                    .response_timeout(RESPONSE)
                    .retries(3)
                    .build()?;
                client.get_async_connection().await.map(Wire::Cluster)
            }
        }
    }

    /// A connection that news comes on.
    pub async fn listen(&self) -> Result<redis::aio::PubSub, RedisError> {
        Client::open(self.in_charge().await?)?
            .get_async_pubsub()
            .await
    }

    /// Whether somebody else may come to be in charge while the one that was goes on answering.
    #[must_use]
    pub fn has_sentinels(&self) -> bool {
        matches!(self.kind, Kind::Sentinel { .. })
    }

    /// Whether it is a cluster.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }

    /// The server to talk to: the only one, the master that the Sentinels name, or any of a cluster that answers: what is
    /// published at one of them is heard at all.
    pub async fn in_charge(&self) -> Result<ConnectionInfo, RedisError> {
        match &self.kind {
            Kind::One(info) => Ok((**info).clone()),
            Kind::Sentinel {
                sentinels,
                service,
                master,
            } => {
                let mut last = None;
                for sentinel in sentinels {
                    match ask(sentinel, service).await {
                        Ok((host, port)) => {
                            let addr = match master.addr() {
                                ConnectionAddr::TcpTls {
                                    insecure,
                                    tls_params,
                                    ..
                                } => ConnectionAddr::TcpTls {
                                    host,
                                    port,
                                    insecure: *insecure,
                                    tls_params: tls_params.clone(),
                                },
                                _ => ConnectionAddr::Tcp(host, port),
                            };
                            return Ok((**master).clone().set_addr(addr));
                        }
                        Err(error) => last = Some(error),
                    }
                }
                Err(last.unwrap_or_else(|| unreachable_by("no Sentinel is named")))
            }
            Kind::Cluster(nodes) => {
                let start = usize::from(getrandom::u32().unwrap_or(0) as u16);
                let mut last = None;
                for offset in 0..nodes.len() {
                    let node = &nodes[(start + offset) % nodes.len()];
                    match greet(node).await {
                        Ok(_) => return Ok(node.clone()),
                        Err(error) => last = Some(error),
                    }
                }
                Err(last.unwrap_or_else(|| unreachable_by("no node is named")))
            }
        }
    }
}

fn unreachable_by(what: &'static str) -> RedisError {
    (redis::ErrorKind::InvalidClientConfig, what).into()
}

async fn greet(info: &ConnectionInfo) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(RESPONSE));
    let client = Client::open(info.clone())?;
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// Asks one Sentinel who the master is, and that one whether it thinks so too: a Sentinel may be behind.
async fn ask(sentinel: &ConnectionInfo, service: &str) -> Result<(String, u16), RedisError> {
    let asked = async {
        let mut connection = greet(sentinel).await?;
        let found: Option<(String, u16)> = cmd("SENTINEL")
            .arg("get-master-addr-by-name")
            .arg(service)
            .query_async(&mut connection)
            .await?;
        found.ok_or_else(|| {
            RedisError::from((
                redis::ErrorKind::MasterNameNotFoundBySentinel,
                "the Sentinels know no such service",
                service.to_owned(),
            ))
        })
    };
    match timeout(CONNECT, asked).await {
        Ok(answer) => answer,
        Err(_elapsed) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
