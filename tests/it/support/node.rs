//! A server process of a test's own: started, asked, killed and started again.
//!
//! Each listens on a loopback address of its own, from which no client connects: one that retries a dead port could otherwise
//! connect to itself and keep it. When a node is dropped the test fails if a socket was left behind, if anything panicked, or if the
//! process does not stop as promised.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use balie_loadtest::participant::agent::{Agent, AgentBuilder};
use balie_loadtest::participant::dial::{Dial, HttpAnswer};
use balie_loadtest::participant::visitor::{Visitor, VisitorBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::people::{self, Beginning, PASSWORD, beginning, beginning_on_postgres, email_of};
use super::postgres::shared;

/// A debug build on a busy machine starts within this time, or not at all.
const START_MAX: Duration = Duration::from_secs(120);
/// A stop is promised within 10 s, on a machine that has nothing else to do.
pub const STOP_MAX: Duration = Duration::from_secs(60);
/// The sockets of participants that are gone are noticed within this time.
const SOCKETS_GONE_MAX: Duration = Duration::from_secs(60);

/// A server.
pub struct Node {
    folder: TempDir,
    address: SocketAddr,
    environment: Vec<(&'static str, String)>,
    beginning: &'static Beginning,
    child: Option<Child>,
    /// In front of the program, for odd circumstances.
    wrapper: Option<String>,
    /// An error in the log that the test is about.
    expected_error: Option<&'static str>,
}

impl Node {
    /// A server with everybody at the desk and nothing set.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with these settings, by environment.
    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        Self::wrapped(None, settings).await
    }

    /// As [`Node::with`], started by this shell line, which ends in `exec "$0"` and the like.
    pub async fn wrapped(wrapper: Option<&str>, settings: &[(&'static str, &str)]) -> Self {
        let has_database = settings
            .iter()
            .any(|(name, _)| *name == "BALIE_DATABASE_URL");
        let beginning = if has_database {
            beginning_on_postgres()
        } else {
            beginning()
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let template = beginning.template.as_deref().filter(|_| !has_database);
        let url = template.map(|template| shared().url(&shared().copy(template)));
        if beginning.template.is_none() {
            fs::write(data.join("balie.db"), &beginning.database).unwrap();
        }
        let address = own_address();
        let mut environment = vec![
            ("BALIE_DATA", data.display().to_string()),
            ("BALIE_LISTEN", address.to_string()),
            ("BALIE_PUBLIC_URL", format!("http://{address}")),
        ];
        environment.extend(url.iter().map(|url| ("BALIE_DATABASE_URL", url.clone())));
        environment.extend(
            settings
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let mut node = Self {
            folder,
            address,
            environment,
            beginning,
            child: None,
            wrapper: wrapper.map(str::to_owned),
            expected_error: None,
        };
        node.restart().await;
        node
    }

    /// `http://address:port`, which is also the origin of its own pages.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whether its store is in PostgreSQL.
    pub fn is_on_postgres(&self) -> bool {
        let mut names = self.environment.iter();
        names.any(|(name, value)| *name == "BALIE_DATABASE_URL" && !value.is_empty())
    }

    /// The process, for whoever looks at it from outside.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// All it has logged since the test began.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Writes a file to the folder that it runs in.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Errors with these words in the log are what the test is about.
    pub fn expects_error(&mut self, words: &'static str) {
        self.expected_error = Some(words);
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts it (again), on the same address and data, and waits until it says that it listens.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let program = env!("CARGO_BIN_EXE_balie");
        let mut command = match &self.wrapper {
            None => Command::new(program),
            Some(line) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", line, program]);
                shell
            }
        };
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (said, listening) = mpsc::channel();
        // Reads on to the end: a server whose output nobody reads would fail at it.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        self.child = Some(child);
        let listens = tokio::task::spawn_blocking(move || {
            let deadline = Instant::now() + START_MAX;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let line: String = listening.recv_timeout(left).ok()?;
                if let Some(url) = line.strip_prefix("Balie listens on ") {
                    return Some(url.to_owned());
                }
            }
        });
        let listens = listens.await.unwrap();
        assert_eq!(
            listens,
            Some(self.url()),
            "it did not start:\n{}",
            self.log()
        );
    }

    /// Ends it at once, as a power cut does to a process.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop (SIGTERM), and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits for the end of it, which must be near.
    pub async fn ended(&mut self) -> ExitStatus {
        let child = self.child.take().expect("it runs");
        let stopped = tokio::task::spawn_blocking(move || wait(child)).await;
        stopped.unwrap()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Runs `balie admin …` beside it.
    pub fn admin(&self, arguments: &[&str], input: &str) -> String {
        let url = self
            .environment
            .iter()
            .find(|(name, _)| *name == "BALIE_DATABASE_URL");
        let url = url.map(|(_, url)| url.as_str());
        people::admin(&self.data(), url, arguments, input)
    }

    // --- who comes --------------------------------------------------------------------------------------------

    /// A visitor of the demo shop, to be made as one likes.
    pub fn visitor_builder(&self) -> VisitorBuilder {
        Visitor::of(&self.url(), "demo").unwrap()
    }

    /// A new visitor of the demo shop.
    pub async fn visitor(&self) -> Visitor {
        self.visitor_builder().connect().await.unwrap()
    }

    /// A new visitor who waits, or is served at once.
    pub async fn visitor_who_says(&self, text: &str) -> Visitor {
        let mut visitor = self.visitor().await;
        visitor.start(text).await.unwrap();
        visitor
    }

    /// The API token of a person at the desk.
    pub fn token_of(&self, person: &str) -> &'static str {
        self.beginning.tokens.get(person).expect("a person of ours")
    }

    /// A person at the desk, to be connected as one likes.
    pub fn agent_builder(&self, person: &str) -> AgentBuilder {
        Agent::of(&self.url(), self.token_of(person)).unwrap()
    }

    /// A person at the desk, connected and not yet online.
    pub async fn agent(&self, person: &str) -> Agent {
        self.agent_builder(person).connect().await.unwrap()
    }

    /// A person at the desk who takes so many conversations.
    pub async fn online(&self, person: &str, capacity: u64) -> Agent {
        let mut agent = self.agent(person).await;
        agent.online(capacity).await.unwrap();
        agent
    }

    // --- HTTP -------------------------------------------------------------------------------------------------

    /// HTTP without any credential.
    pub fn stranger(&self) -> Dial {
        Dial::new(&self.url()).unwrap()
    }

    /// HTTP with a person's API token.
    pub fn as_person(&self, person: &str) -> Dial {
        self.stranger().with_header(
            "authorization",
            &format!("Bearer {}", self.token_of(person)),
        )
    }

    /// Signs a person in with the password; the value of the session's cookie.
    pub async fn sign_in(&self, person: &str) -> String {
        let words = serde_json::json!({"email": email_of(person), "password": PASSWORD});
        let answer = self
            .stranger()
            .with_header("origin", &self.url())
            .http("POST", "/api/login", Some(&words))
            .await
            .unwrap();
        cookie_of(&answer)
    }

    /// HTTP as a page of the server's own does it, signed in by this cookie.
    pub fn with_cookie(&self, cookie: &str) -> Dial {
        self.stranger()
            .with_header("cookie", &format!("balie_session={cookie}"))
            .with_header("origin", &self.url())
    }

    /// Changes something as the administrator.
    pub async fn administer(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self
            .as_person("ada")
            .http(method, path, Some(&body))
            .await
            .unwrap();
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    /// Makes a department offer its conversations instead of assigning them.
    pub async fn offers(&self, department: &str) {
        let path = format!("/api/departments/{department}");
        self.administer("PATCH", &path, serde_json::json!({"mode": "offer"}))
            .await;
    }

    /// The resident memory of the process, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    /// The most that its resident memory ever was, in KiB.
    pub fn resident_kib_max(&self) -> u64 {
        self.memory_kib("VmHWM:")
    }

    fn memory_kib(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with(figure))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn last_look(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if let Some(status) = child.try_wait().unwrap() {
            panic!("it ended by itself, with {status}:\n{}", self.log());
        }
        let deadline = Instant::now() + SOCKETS_GONE_MAX;
        let mut left = open_sockets(self.address);
        while left != Some(0) {
            if Instant::now() >= deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!("sockets were left behind: {left:?}\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(10));
            left = open_sockets(self.address);
        }
        self.child = Some(child);
        self.signal(Signal::TERM);
        let status = self.child.take().map(wait);
        assert!(
            status.is_some_and(|status| status.success()),
            "it stopped with {status:?}:\n{}",
            self.log()
        );
    }
}

impl Drop for Node {
    /// # Panics
    /// In a test that passed so far, when the server did not end well.
    fn drop(&mut self) {
        if thread::panicking() {
            if let Some(mut child) = self.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
            eprintln!("the log of {}:\n{}", self.address, self.log());
            return;
        }
        self.last_look();
        let log = self.log();
        assert!(!log.contains("panicked at"), "the server panicked:\n{log}");
        let is_expected = |line: &str| {
            self.expected_error
                .is_some_and(|words| line.contains(words))
        };
        let has_errors = log
            .lines()
            .any(|line| line.contains(" ERROR ") && !is_expected(line));
        assert!(!has_errors, "the server logged errors:\n{log}");
    }
}

/// The session that an answer begins.
pub fn cookie_of(answer: &HttpAnswer) -> String {
    let cookie = answer.header("set-cookie").unwrap_or_else(|| {
        panic!(
            "no cookie: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        )
    });
    let value = cookie.strip_prefix("balie_session=").unwrap();
    value.split(';').next().unwrap().to_owned()
}

/// A free port on a loopback address that nobody else uses. Clients come from 127.64.0.1 or 127.0.0.1.
pub fn own_address() -> SocketAddr {
    own_listener().local_addr().unwrap()
}

/// [`own_address`], held by a listener from the beginning.
pub fn own_listener() -> TcpListener {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = std::process::id()
        .wrapping_mul(251)
        .wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    let [_, a, b, c] = number.to_be_bytes();
    let address = Ipv4Addr::new(127, 65 + a % 60, b, 1 + c % 254);
    TcpListener::bind((IpAddr::V4(address), 0)).unwrap()
}

/// Waits for a process that was asked to stop.
///
/// # Panics
/// When it takes longer than promised.
fn wait(mut child: Child) -> ExitStatus {
    let deadline = Instant::now() + STOP_MAX;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it did not stop within {STOP_MAX:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// How many sockets the server says it has, asked without the runtime, which may be going down.
fn open_sockets(address: SocketAddr) -> Option<u64> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(SOCKETS_GONE_MAX)).ok()?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let counts = text
        .lines()
        .filter_map(|line| line.strip_prefix("balie_sockets{"))
        .map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    counts.sum()
}

/// Runs the program to its end, for starts that must fail.
pub fn run_to_end(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_balie"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        printed: String::from_utf8_lossy(&output.stdout).into_owned(),
    }
}

/// How a program ended, and what it said on its error output.
#[derive(Debug)]
pub struct Ended {
    /// The exit status, unless a signal ended it.
    pub code: Option<i32>,
    /// The error output.
    pub said: String,
    /// The standard output.
    pub printed: String,
}
