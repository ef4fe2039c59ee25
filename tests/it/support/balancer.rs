//! The load balancer in front of several nodes: haproxy, as an operator would set it.
//!
//! It asks each node's `/readyz`, gives new sockets to those that are ready, and ends the sockets of one that is gone. It listens on a
//! loopback address of its own. Ended when dropped.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::eventually;
use super::node::own_address;

/// A haproxy.
pub struct Balancer {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Balancer {
    /// A place for one; nodes are told it as their public address before it is there.
    pub fn place() -> SocketAddr {
        own_address()
    }

    /// Starts at this place, before these nodes.
    pub async fn start(address: SocketAddr, nodes: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, settings(address, nodes)).unwrap();
        let child = Command::new(program())
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let balancer = Self {
            child,
            address,
            _folder: folder,
        };
        eventually("haproxy to listen", async || {
            TcpStream::connect(address).await.ok()
        })
        .await;
        balancer
    }

    /// `http://address:port`, the public address of all nodes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian keeps it where only root's path leads.
fn program() -> &'static str {
    ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or("haproxy")
}

fn settings(address: SocketAddr, nodes: &[SocketAddr]) -> String {
    let mut lines = format!(
        "global
  maxconn 4000
defaults
  mode http
  timeout connect 1s
  timeout check 2s
  timeout client 2m
  timeout server 2m
  timeout tunnel 2m
  timeout http-request 10s
  retries 3
  option redispatch 1
frontend desk
  bind {address}
  default_backend nodes
backend nodes
  balance leastconn
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 250ms fall 2 rise 1 on-marked-down shutdown-sessions
"
    );
    for (number, node) in nodes.iter().enumerate() {
        lines.push_str(&format!("  server node{number} {node}\n"));
    }
    lines
}
