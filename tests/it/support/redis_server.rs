//! A real Redis for a test, on a free port and in a folder of its own.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for a server to start, or for a state to come about. Only reached when it never will.
pub const SOON: Duration = Duration::from_secs(120);

/// A redis-server, ended when dropped.
pub struct Server {
    child: Child,
    folder: TempDir,
    pub host: String,
    pub port: u16,
    arguments: Vec<String>,
}

/// A loopback address from which nobody connects: a client that tries a dead port there cannot meet itself.
pub fn own_host() -> String {
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
        let arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
        Self::start_in(tempfile::tempdir().unwrap(), host, port, arguments).await
    }

    /// With a file of settings, in which a Sentinel keeps what it makes of the server: a restart begins with that.
    pub async fn start_with_file(host: &str, port: u16, settings: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("redis.conf");
        fs::write(&file, settings.join("\n")).unwrap();
        let arguments = vec![file.display().to_string()];
        Self::start_in(folder, host, port, arguments).await
    }

    async fn start_in(folder: TempDir, host: &str, port: u16, arguments: Vec<String>) -> Self {
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
        // A machine that builds and tests something else meanwhile is slow.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(SOON))
            .set_response_timeout(Some(SOON));
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        connecting.await.unwrap()
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

    /// Runs one command, if the server is there to do it.
    pub async fn try_run(&self, words: &[&str]) {
        let running = async {
            let client = redis::Client::open(self.url())?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]);
            command.query_async::<redis::Value>(&mut connection).await
        };
        let _ = timeout(Duration::from_millis(500), running).await;
    }

    /// What it answers to a command, in words, whatever it answers.
    pub async fn says(&self, words: &[&str]) -> String {
        let asking = async {
            let client = redis::Client::open(self.url())?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]);
            command.query_async::<String>(&mut connection).await
        };
        match timeout(Duration::from_secs(5), asking).await {
            Ok(Ok(said)) => said,
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "nothing".to_owned(),
        }
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
        // Wires come from another address than the one that it takes for its own.
        .args(["--save", "", "--appendonly", "no", "--protected-mode", "no"])
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

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let waiting = async {
        while !check().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(SOON, waiting).await.is_ok(), "never: {what}");
}
