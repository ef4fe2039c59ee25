//! What an operator may set, and from where: command line over environment over `balie.toml`.
//!
//! Every key exists once, in [`Config`]; the command line (clap) and the environment are checked by clap, the file by
//! serde. Unknown keys are errors, in the environment too (`BALIE_…`), and every error names key, value and remedy
//! before anything is touched. Read by every room above `domain`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;

use crate::domain::routing::Graces;
use crate::files::Place;
use crate::model::time::Millis;
use crate::store::place::Place as StorePlace;
use crate::store::postgres::{PostgresPlace, SecretUrl};

/// The file read when there is one, in the working folder, or the one named by `--config`.
pub const FILE: &str = "balie.toml";

/// The folder of files within the data folder.
const FILES_FOLDER: &str = "files";

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr, $env:literal, $value_name:literal;)+) => {
        /// Where each setting may come from: absent here means the next source counts.
        #[derive(Args, Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Sources {
            /// Settings file; without it `balie.toml` in the working folder, if there is one
            #[arg(long, env = "BALIE_CONFIG", value_name = "FILE", global = true)]
            #[serde(skip)]
            config: Option<PathBuf>,
            $(
                $(#[doc = $doc])+
                #[arg(long, env = $env, value_name = $value_name, hide_env_values = true, global = true)]
                $key: Option<$type>,
            )+
        }

        /// Everything that is set.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $key: $type,)+
        }

        /// Every environment variable that is a setting.
        const ENVIRONMENT: &[&str] = &["BALIE_CONFIG", $($env),+];

        /// Every setting: (key, environment variable, default as text, what it is).
        #[must_use]
        pub fn table() -> Vec<(&'static str, &'static str, String, &'static str)> {
            vec![$((stringify!($key), $env, shown(&$default), concat!($($doc),+))),+]
        }

        impl Sources {
            fn over(self, file: Sources) -> Config {
                Config { $($key: self.$key.or(file.$key).unwrap_or_else(|| $default),)+ }
            }
        }
    };
}

settings! {
    /// Address and port to listen on; port 0 takes a free one
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), "BALIE_LISTEN", "ADDRESS";
    /// Folder that holds the log and everything else
    data: PathBuf = PathBuf::from("balie-data"), "BALIE_DATA", "FOLDER";
    /// PostgreSQL that holds the log in place of the data folder, for several nodes, as `postgres://user:password@host:5432/database`
    database_url: DatabaseUrl = DatabaseUrl(None), "BALIE_DATABASE_URL", "URL";
    /// Connections to PostgreSQL that one node opens at most, besides four that write
    database_connections_max: u32 = 10, "BALIE_DATABASE_CONNECTIONS_MAX", "N";
    /// Longest time to connect to PostgreSQL, in ms
    database_connect_ms: u32 = 2_000, "BALIE_DATABASE_CONNECT_MS", "MS";
    /// Longest time to wait for an answer of PostgreSQL, in ms
    database_answer_ms: u32 = 5_000, "BALIE_DATABASE_ANSWER_MS", "MS";
    /// Redis or Valkey that several nodes coordinate over: `redis://`, `rediss://`, `redis+sentinel://host:port,host:port/SERVICE` or `redis+cluster://host:port,host:port`; without it everything is in this process
    redis_url: String = String::new(), "BALIE_REDIS_URL", "URL";
    /// Address under which browsers reach the server, as `https://chat.example.com`
    public_url: PublicUrl = PublicUrl(None), "BALIE_PUBLIC_URL", "URL";
    /// Proxies whose X-Forwarded-For is believed, as addresses or networks with commas
    trusted_proxies: Networks = Networks(Vec::new()), "BALIE_TRUSTED_PROXIES", "NETWORKS";
    /// Form of the log on standard error
    log: LogForm = LogForm::Text, "BALIE_LOG", "FORM";
    /// What is logged, as tracing's filter: warn, info, balie=debug …
    log_filter: String = "info".to_owned(), "BALIE_LOG_FILTER", "FILTER";
    /// A waiting visitor without a socket keeps the place so long, in ms
    visitor_grace_ms: u32 = 60_000, "BALIE_VISITOR_GRACE_MS", "MS";
    /// An agent without a socket keeps the conversations so long, in ms
    agent_grace_ms: u32 = 30_000, "BALIE_AGENT_GRACE_MS", "MS";
    /// After so long without a socket the agent's visitors are told, in ms
    agent_away_ms: u32 = 5_000, "BALIE_AGENT_AWAY_MS", "MS";
    /// An offer rings so long, in ms
    ring_ms: u32 = 20_000, "BALIE_RING_MS", "MS";
    /// Frames a second that a visitor's socket may send, with a burst of twice that; 0 is no limit
    visitor_frames_per_s: u32 = 20, "BALIE_VISITOR_FRAMES_PER_S", "N";
    /// Frames a second that an agent's socket may send, with a burst of twice that; 0 is no limit
    agent_frames_per_s: u32 = 100, "BALIE_AGENT_FRAMES_PER_S", "N";
    /// Sockets that one visitor may have open; 0 is no limit
    visitor_sockets_max: u32 = 20, "BALIE_VISITOR_SOCKETS_MAX", "N";
    /// Sockets that one address (IPv6: one /64) may have open; 0 is no limit
    address_sockets_max: u32 = 200, "BALIE_ADDRESS_SOCKETS_MAX", "N";
    /// Conversations a minute that one address may start; 0 is no limit
    address_starts_per_min: u32 = 30, "BALIE_ADDRESS_STARTS_PER_MIN", "N";
    /// Whether limits per address count loopback addresses too
    limit_loopback: bool = false, "BALIE_LIMIT_LOOPBACK", "BOOL";
    /// Where files that people send lie, as `s3://bucket/prefix`; without it in the data folder. Keys are taken from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`)
    files_url: FilesUrl = FilesUrl(None), "BALIE_FILES_URL", "URL";
    /// Address of the S3 store, where it is not Amazon's, as `https://s3.example.com`
    files_endpoint: String = String::new(), "BALIE_FILES_ENDPOINT", "URL";
    /// Region of the S3 store, where `AWS_REGION` does not say
    files_region: String = String::new(), "BALIE_FILES_REGION", "NAME";
    /// Longest time to let go of the sockets when the server stops, in ms
    drain_ms: u32 = 5_000, "BALIE_DRAIN_MS", "MS";
}

/// Form of the log on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The public address: scheme, host and port, without a path; or none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(pub Option<String>);

/// A bucket and what its keys begin with; or none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FilesUrl(pub Option<(String, String)>);

/// Where PostgreSQL is, password included; or none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(pub Option<SecretUrl>);

/// Networks whose word about a client's address is believed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Networks(pub Vec<IpNet>);

/// A setting that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable of ours that is no setting.
    #[error(
        "{0} is set in the environment, but there is no such setting. Remove it, or see `balie help serve`."
    )]
    UnknownVariable(String),
    /// The file cannot be read.
    #[error("The settings file {path} cannot be read: {source}. Check --config.")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that cannot be.
    #[error("The settings file {path} is wrong:\n{message}")]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What, with line and column.
        message: String,
    },
    /// A value that is well formed but cannot work.
    #[error("{key} is {value}: {remedy}")]
    Value {
        /// Which setting.
        key: &'static str,
        /// What it was.
        value: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Sources {
    /// Puts the sources together, and checks what clap and serde could not.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        check_environment(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let file = match &self.config {
            Some(path) => read(path)?,
            None if Path::new(FILE).exists() => read(Path::new(FILE))?,
            None => Sources::default(),
        };
        let config = self.over(file);
        config.check()?;
        Ok(config)
    }
}

impl Config {
    /// How long somebody without a socket keeps what they have.
    #[must_use]
    pub fn graces(&self) -> Graces {
        Graces {
            visitor: Millis(i64::from(self.visitor_grace_ms)),
            agent: Millis(i64::from(self.agent_grace_ms)),
            away: Millis(i64::from(self.agent_away_ms)),
            ring: Millis(i64::from(self.ring_ms)),
        }
    }

    /// Where the store is.
    #[must_use]
    pub fn store_place(&self) -> StorePlace {
        let span = |ms: u32| Millis(i64::from(ms)).duration();
        match &self.database_url.0 {
            None => StorePlace::Folder(self.data.clone()),
            Some(url) => StorePlace::Postgres(PostgresPlace {
                url: url.clone(),
                connections_max: self.database_connections_max,
                connect: span(self.database_connect_ms),
                answer: span(self.database_answer_ms),
            }),
        }
    }

    /// Where files that people send lie.
    #[must_use]
    pub fn files_place(&self) -> Place {
        let unless_empty = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        match &self.files_url.0 {
            None => Place::Folder(self.data.join(FILES_FOLDER)),
            Some((bucket, prefix)) => Place::S3 {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                endpoint: unless_empty(&self.files_endpoint),
                region: unless_empty(&self.files_region),
            },
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.check_files()?;
        self.check_database()?;
        if self.ring_ms == 0 {
            let remedy =
                "an offer that rings for no time can never be accepted. Give it some seconds.";
            return Err(ConfigError::Value {
                key: "ring_ms",
                value: "0".into(),
                remedy,
            });
        }
        if self.drain_ms > 9_000 {
            let remedy = "a stop is promised within 10 s. Give at most 9000.";
            return Err(ConfigError::Value {
                key: "drain_ms",
                value: self.drain_ms.to_string(),
                remedy,
            });
        }
        if self
            .log_filter
            .parse::<tracing_subscriber::EnvFilter>()
            .is_err()
        {
            let remedy = "this is no filter. Try info, warn or balie=debug.";
            return Err(ConfigError::Value {
                key: "log_filter",
                value: self.log_filter.clone(),
                remedy,
            });
        }
        Ok(())
    }
}

impl Config {
    fn check_database(&self) -> Result<(), ConfigError> {
        if self
            .database_url
            .0
            .as_ref()
            .is_some_and(|url| !url.is_postgres())
        {
            return Err(ConfigError::Value {
                key: "database_url",
                value: "not shown, for it may hold a password".into(),
                remedy: "give it as postgres://user:password@host:5432/database.",
            });
        }
        let numbers = [
            ("database_connections_max", self.database_connections_max),
            ("database_connect_ms", self.database_connect_ms),
            ("database_answer_ms", self.database_answer_ms),
        ];
        match numbers.into_iter().find(|(_, number)| *number == 0) {
            None => Ok(()),
            Some((key, _)) => Err(ConfigError::Value {
                key,
                value: "0".into(),
                remedy: "nothing could ever be asked of PostgreSQL. Give at least 1; for times, some seconds.",
            }),
        }
    }

    fn check_files(&self) -> Result<(), ConfigError> {
        let endpoint = self.files_endpoint.as_str();
        let is_address = ["http://", "https://"].iter().any(|scheme| {
            endpoint
                .strip_prefix(scheme)
                .is_some_and(|host| !host.is_empty() && !host.contains(['@', ' ']))
        });
        if !endpoint.is_empty() && !is_address {
            return Err(ConfigError::Value {
                key: "files_endpoint",
                value: endpoint.to_owned(),
                remedy: "give it as https://s3.example.com, without keys in it.",
            });
        }
        let has_details = !endpoint.is_empty() || !self.files_region.is_empty();
        if self.files_url.0.is_none() && has_details {
            return Err(ConfigError::Value {
                key: "files_url",
                value: "not set".into(),
                remedy: "an endpoint or region without a bucket does nothing. Set it to s3://bucket/prefix.",
            });
        }
        Ok(())
    }
}

fn check_environment(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    for name in names {
        if name.starts_with("BALIE_") && !ENVIRONMENT.contains(&name.as_str()) {
            return Err(ConfigError::UnknownVariable(name));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Sources, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| ConfigError::Wrong {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

impl std::str::FromStr for PublicUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let (scheme, host) = text
            .split_once("://")
            .ok_or("give it as https://chat.example.com")?;
        let host = host.strip_suffix('/').unwrap_or(host);
        if !matches!(scheme, "http" | "https") || host.is_empty() || host.contains(['@', ' ']) {
            return Err("give it as https://chat.example.com".to_owned());
        }
        if host.contains(['/', '?', '#']) {
            return Err("give it without a path: Balie serves a whole host".to_owned());
        }
        Ok(Self(Some(format!("{scheme}://{}", host.to_lowercase()))))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        // What it says is looked at in `check`: whoever refuses a value here has it printed, with the password in it.
        Ok(Self(Some(SecretUrl::new(text.to_owned()))))
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for FilesUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "give it as s3://bucket/prefix, without keys in it";
        if text.is_empty() {
            return Ok(Self(None));
        }
        let rest = text.strip_prefix("s3://").ok_or(FORM)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte))
        };
        if bucket.is_empty() || !is_name(bucket) || !is_name(prefix) {
            return Err(FORM.to_owned());
        }
        let prefix = prefix.trim_matches('/').to_owned();
        Ok(Self(Some((bucket.to_owned(), prefix))))
    }
}

impl TryFrom<String> for FilesUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Networks {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |one: &str| {
            one.parse::<IpNet>()
                .or_else(|_| {
                    one.parse()
                        .map(|address: std::net::IpAddr| IpNet::from(address))
                })
                .map_err(|_| format!("{one} is neither an address nor a network like 10.0.0.0/8"))
        };
        text.split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TryFrom<String> for Networks {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A default as the table shows it.
fn shown(value: &impl Shown) -> String {
    value.shown()
}

trait Shown {
    fn shown(&self) -> String;
}

impl Shown for SocketAddr {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for PathBuf {
    fn shown(&self) -> String {
        self.display().to_string()
    }
}

impl Shown for String {
    fn shown(&self) -> String {
        self.clone()
    }
}

impl Shown for u32 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for bool {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for LogForm {
    fn shown(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Shown for PublicUrl {
    fn shown(&self) -> String {
        self.0.clone().unwrap_or_default()
    }
}

impl Shown for FilesUrl {
    fn shown(&self) -> String {
        let url = |(bucket, prefix): &(String, String)| format!("s3://{bucket}/{prefix}");
        self.0.as_ref().map(url).unwrap_or_default()
    }
}

impl Shown for DatabaseUrl {
    fn shown(&self) -> String {
        self.0
            .as_ref()
            .map(|url| format!("{url:?}"))
            .unwrap_or_default()
    }
}

impl Shown for Networks {
    fn shown(&self) -> String {
        self.0
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Networks, PublicUrl, Sources, check_environment};

    #[test]
    fn unknown_keys_are_errors() {
        let unknown = check_environment(["BALIE_LISTN".to_owned()].into_iter());
        assert!(
            matches!(unknown, Err(ConfigError::UnknownVariable(name)) if name == "BALIE_LISTN")
        );
        assert!(toml::from_str::<Sources>("listn = \"127.0.0.1:1\"").is_err());
        assert!(toml::from_str::<Sources>("listen = \"127.0.0.1:1\"\nring_ms = 5").is_ok());
    }

    #[test]
    fn a_public_address_is_a_whole_host() {
        assert_eq!(
            "https://Chat.example.com/".parse(),
            Ok(PublicUrl(Some("https://chat.example.com".into())))
        );
        for bad in ["chat.example.com", "ftp://x", "https://x/y", "https://a@x"] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        assert_eq!(
            "10.0.0.0/8, ::1"
                .parse::<Networks>()
                .map(|networks| networks.0.len()),
            Ok(2)
        );
        assert!("10.0.0".parse::<Networks>().is_err());
    }
}
