//! A Sentinel of the tests' own, and a pair of servers as it wants them.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::redis_server::{Server, free_port, own_host, until};

/// The service that it knows them as.
pub const SERVICE: &str = "desk";

/// A Sentinel, ended when dropped.
pub struct Sentinel {
    child: Child,
    pub host: String,
    pub port: u16,
    _folder: TempDir,
}

impl Sentinel {
    /// Minds this master, whose replicas it finds by itself.
    pub fn minding(master: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let host = own_host();
        let port = free_port(&host);
        let lines = [
            format!("port {port}"),
            format!("bind {host}"),
            "protected-mode no".to_owned(),
            format!("dir {}", folder.path().display()),
            format!(
                "sentinel monitor {SERVICE} {} {} 1",
                master.host, master.port
            ),
            format!("sentinel down-after-milliseconds {SERVICE} 1000"),
            format!("sentinel failover-timeout {SERVICE} 3000"),
        ];
        fs::write(&file, lines.join("\n")).unwrap();
        let child = Command::new("redis-server")
            .arg(&file)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            host,
            port,
            _folder: folder,
        }
    }

    /// Where it says the master is, and how many replicas it knows.
    pub async fn knows(&self) -> Option<(u16, usize)> {
        let client = redis::Client::open((self.host.as_str(), self.port)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let mut ask = redis::cmd("SENTINEL");
        ask.arg("get-master-addr-by-name").arg(SERVICE);
        let (_, port): (String, u16) = ask.query_async(&mut connection).await.ok()?;
        let mut ask = redis::cmd("SENTINEL");
        ask.arg("replicas").arg(SERVICE);
        let replicas: Vec<redis::Value> = ask.query_async(&mut connection).await.ok()?;
        Some((port, replicas.len()))
    }

    /// Makes the replica the master; false if it cannot be just now.
    pub async fn fails_over(&self) -> bool {
        let client = redis::Client::open((self.host.as_str(), self.port)).unwrap();
        let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
            return false;
        };
        let mut order = redis::cmd("SENTINEL");
        order.arg("FAILOVER").arg(SERVICE);
        let done: redis::RedisResult<redis::Value> = order.query_async(&mut connection).await;
        done.is_ok()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A master, a replica that has everything, and a Sentinel that knows both.
pub async fn minded_pair() -> (Server, Server, Sentinel) {
    let master = minded(None).await;
    let replica = minded(Some(&master)).await;
    until("the replica has everything", async || {
        let info: String =
            redis::from_redis_value(replica.run(&["INFO", "replication"]).await).unwrap();
        info.contains("master_link_status:up")
    })
    .await;
    let sentinel = Sentinel::minding(&master);
    until("the Sentinel knows both", async || {
        sentinel.knows().await == Some((master.port, 1))
    })
    .await;
    (master, replica, sentinel)
}

/// A server as a Sentinel wants it, which is after a restart what the Sentinel had made of it.
async fn minded(master: Option<&Server>) -> Server {
    let host = own_host();
    let port = free_port(&host);
    let mut settings = vec![
        format!("replica-announce-ip {host}"),
        // The replica is told everything at once, not in five seconds.
        "repl-diskless-sync-delay 0".to_owned(),
    ];
    if let Some(master) = master {
        settings.push(format!("replicaof {} {}", master.host, master.port));
    }
    Server::start_with_file(&host, port, &settings).await
}
