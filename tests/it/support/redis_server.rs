//! A real Redis for a test, on a free port and in a folder of its own; and a proxy in front of it that cuts the wire.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for a server to start, or for a state to come about.
pub const SOON: Duration = Duration::from_secs(30);

/// A redis-server, ended when dropped.
pub struct Server {
    child: Child,
    folder: TempDir,
    pub host: String,
    pub port: u16,
    arguments: Vec<String>,
}

/// A loopback address from which nobody connects: a client that tries a dead port there cannot meet itself.
fn own_host() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() % 1_000 * 50;
    format!("127.9.{}.{}", number / 250 % 250, number % 250 + 2)
}

pub fn free_port(host: &str) -> u16 {
    let listener = std::net::TcpListener::bind((host, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

impl Server {
    pub async fn start(arguments: &[&str]) -> Self {
        let host = own_host();
        let port = free_port(&host);
        Self::start_at(&host, port, arguments).await
    }

    pub async fn start_at(host: &str, port: u16, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        let child = spawn(host, port, &folder, &arguments);
        let server = Self {
            child,
            folder,
            host: host.to_owned(),
            port,
            arguments,
        };
        server.answers().await;
        server
    }

    async fn answers(&self) {
        let begun = Instant::now();
        while TcpStream::connect((self.host.as_str(), self.port))
            .await
            .is_err()
        {
            assert!(begun.elapsed() < SOON, "redis-server does not start");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn url(&self) -> String {
        format!("redis://{}:{}", self.host, self.port)
    }

    pub async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Runs one command.
    pub async fn run(&self, words: &[&str]) -> redis::Value {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command
            .query_async(&mut self.connection().await)
            .await
            .unwrap()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn stop(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    pub fn go_on(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Starts again at the same place, with nothing but what it wrote to its folder: here, nothing.
    pub async fn start_again(&mut self) {
        self.child = spawn(&self.host, self.port, &self.folder, &self.arguments);
        self.answers().await;
    }
}

fn spawn(host: &str, port: u16, folder: &TempDir, arguments: &[String]) -> Child {
    let port = port.to_string();
    let folder = folder.path().to_str().unwrap();
    Command::new("redis-server")
        .args(arguments.iter().filter(|one| one.ends_with(".conf")))
        .args(["--bind", host, "--port", &port, "--dir", folder])
        .args(["--save", "", "--appendonly", "no"])
        .args(arguments.iter().filter(|one| !one.ends_with(".conf")))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is there: tests/run installs it")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stands between a node and Redis.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    /// Nothing is let through, and what stands is closed.
    is_cut: AtomicBool,
    /// What Redis answers is thrown away, and the wire cut after it.
    swallows: AtomicBool,
    changed: Notify,
}

impl Proxy {
    pub async fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = (server.host.clone(), server.port);
        let state = Arc::new(State {
            is_cut: AtomicBool::new(false),
            swallows: AtomicBool::new(false),
            changed: Notify::new(),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(upstream) = TcpStream::connect(target.clone()).await else {
                    continue;
                };
                tokio::spawn(carry(client, upstream, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
        self.state.changed.notify_waiters();
    }

    pub fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }

    /// The next answer of Redis is lost with its connection.
    pub fn swallow(&self) {
        self.state.swallows.store(true, Ordering::SeqCst);
    }

    pub async fn swallowed(&self) {
        let begun = Instant::now();
        while self.state.swallows.load(Ordering::SeqCst) {
            assert!(begun.elapsed() < SOON, "nothing was answered");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, mut upstream: TcpStream, state: Arc<State>) {
    let (mut asked, mut answered) = ([0; 16_384], [0; 16_384]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => if upstream.write_all(&asked[..count]).await.is_err() { return },
            },
            read = upstream.read(&mut answered) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    if state.swallows.swap(false, Ordering::SeqCst) {
                        return;
                    }
                    if client.write_all(&answered[..count]).await.is_err() { return }
                }
            },
            () = state.changed.notified() => return,
        }
        if state.is_cut.load(Ordering::SeqCst) {
            return;
        }
    }
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let waiting = async {
        while !check().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(SOON, waiting).await.is_ok(), "never: {what}");
}
