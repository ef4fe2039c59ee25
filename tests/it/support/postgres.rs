//! PostgreSQL servers of the tests' own: made in a temporary folder, on a free port, gone with the test process.
//!
//! One server serves all tests that only need a database each ([`shared`]); whoever stops or starves it takes one of their own
//! ([`Server::start`]). PostgreSQL refuses to run as root, so it then runs as `postgres` or `nobody`. The process hangs on a pipe
//! from this one: however the tests end, it ends too, and removes its folder.

use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The first user, who may do everything.
pub const USER: &str = "owner";
/// The password of every user. Not a word that an address must escape.
pub const PASSWORD: &str = "sesame";

/// A server, up or down.
pub struct Server {
    folder: PathBuf,
    port: u16,
    user: Option<(u32, u32)>,
    child: Option<Child>,
}

/// The server of all tests that leave it alone.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&[]))
}

impl Server {
    /// Makes a server and waits until it answers. Settings are `name=value`.
    pub fn start(settings: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("balie-postgres-")
            .tempdir()
            .unwrap()
            .keep();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|free| free.local_addr())
            .unwrap()
            .port();
        let mut server = Self {
            folder,
            port,
            user,
            child: None,
        };
        let secret = server.folder.join("password");
        fs::write(&secret, PASSWORD).unwrap();
        if let Some((uid, gid)) = user {
            chown(&secret, Some(uid), Some(gid)).unwrap();
        }
        let data = server.data();
        server.run(
            "initdb",
            &[
                "--no-sync",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                &format!("--username={USER}"),
                &format!("--pwfile={}", secret.display()),
                &format!("--pgdata={}", data.display()),
            ],
        );
        let mut lines = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 300\n"
        );
        for setting in settings {
            lines.push_str(setting);
            lines.push('\n');
        }
        let file = data.join("postgresql.auto.conf");
        fs::write(file, lines).unwrap();
        // Wires come from an address of their own.
        let file = File::options().append(true).open(data.join("pg_hba.conf"));
        writeln!(file.unwrap(), "host all all 127.0.0.0/8 scram-sha-256").unwrap();
        server.resume();
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PGPASSWORD", PASSWORD)
            .env("LC_ALL", "C")
            .current_dir(&self.folder);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self
            .command(&binary(program))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {}{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Starts it, and waits until it answers.
    pub fn resume(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        // The shell reads until this process closes the pipe or ends, and then ends the server at once: what was
        // acknowledged must be on the disk anyway.
        let script = "\"$0\" -D \"$1\" >>\"$2/log\" 2>&1 </dev/null & server=$!; cat; kill -QUIT $server; wait $server; \
                      [ -e \"$2/kept\" ] || rm -rf \"$2\"";
        let child = self
            .command(Path::new("/bin/sh"))
            .arg("-c")
            .arg(script)
            .arg(binary("postgres"))
            .arg(self.data())
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(120);
        let port = self.port.to_string();
        let is_up = || {
            let answer = self
                .command(&binary("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status();
            answer.unwrap().success()
        };
        while !is_up() {
            assert!(
                Instant::now() < deadline,
                "it did not start:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash does: no checkpoint, no farewell.
    pub fn crash(&mut self) {
        fs::write(self.folder.join("kept"), "").unwrap();
        let mut child = self.child.take().expect("it runs");
        drop(child.stdin.take());
        child.wait().unwrap();
        fs::remove_file(self.folder.join("kept")).unwrap();
    }

    /// Makes all its processes stand still: connections stay open and are even taken, and nobody answers.
    pub fn freeze(&self) -> Frozen {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let first: u32 = file.lines().next().unwrap().parse().unwrap();
        // The first process, so that no further ones come; then those that it has made.
        let frozen = Frozen([vec![stopped(first)], children_of(first)].concat());
        assert!(frozen.0.len() > 1, "a server has several processes");
        frozen
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of one of its databases, for its first user.
    pub fn url(&self, database: &str) -> String {
        self.url_for(USER, PASSWORD, self.port, database)
    }

    /// The address with everything chosen.
    pub fn url_for(&self, user: &str, password: &str, port: u16, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
    }

    /// Makes an empty database.
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("create database {name}"));
        name
    }

    /// Makes a database that is a copy of another one, to which nobody is connected.
    pub fn copy(&self, template: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("copy{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(
            "postgres",
            &format!("create database {name} template {template}"),
        );
        name
    }

    /// Makes a database that is a copy of one of another server's.
    pub fn copy_from(&self, other: &Self, database: &str) -> String {
        let copy = self.database();
        let file = self.folder.join(format!("{copy}.sql"));
        let to = format!("--file={}", file.display());
        let port = other.port.to_string();
        let dumped = self.run(
            "pg_dump",
            &[
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                USER,
                "--no-owner",
                &to,
                database,
            ],
        );
        assert_eq!(dumped, "");
        let (port, file) = (self.port.to_string(), file.display().to_string());
        self.run(
            "psql",
            &[
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                USER,
                "-d",
                &copy,
                "-f",
                &file,
            ],
        );
        copy
    }

    /// Dumps a database to a file, while it is in use.
    pub fn dump(&self, database: &str) -> PathBuf {
        let file = self.folder.join(format!("{database}.dump"));
        let to = format!("--file={}", file.display());
        self.run(
            "pg_dump",
            &[
                "--format=custom",
                &to,
                &format!("--dbname={}", self.url(database)),
            ],
        );
        file
    }

    /// Makes a database of a dump, perhaps another server's.
    pub fn restore(&self, dump: &Path) -> String {
        let database = self.database();
        let into = format!("--dbname={}", self.url(&database));
        let dump = dump.display().to_string();
        self.run(
            "pg_restore",
            &["--exit-on-error", "--no-owner", &into, &dump],
        );
        database
    }

    /// Runs statements as the first user, and gives what they print.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let port = self.port.to_string();
        let arguments = [
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            USER,
            "-d",
            database,
            "-c",
            statements,
        ];
        self.run("psql", &arguments).trim().to_owned()
    }
}

/// Servers' processes that stand still until this is dropped.
pub struct Frozen(Vec<Pid>);

impl Drop for Frozen {
    fn drop(&mut self) {
        for process in &self.0 {
            // One that has ended meanwhile needs nothing.
            let _ = kill_process(*process, Signal::CONT);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// A program of PostgreSQL's: on the path, or where Debian keeps them.
fn binary(name: &str) -> PathBuf {
    let on_path: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut packaged: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    packaged.sort();
    let folders = packaged.into_iter().rev().chain(on_path);
    let mut files = folders.map(|folder| folder.join(name));
    files.find(|file| file.exists()).unwrap_or_else(|| {
        panic!("{name} is not here: install the package postgresql, or use tests/run, which does")
    })
}

/// Makes one process stand still.
fn stopped(process: u32) -> Pid {
    let process = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(process, Signal::STOP).unwrap();
    process
}

/// The processes that this one has made, stopped.
fn children_of(parent: u32) -> Vec<Pid> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    let is_child = |process: &u32| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        line.is_some_and(|number| number.trim() == parent.to_string())
    };
    numbers.filter(is_child).map(stopped).collect()
}

/// Somebody without rights, who runs the servers where the tests run as root.
pub fn unprivileged() -> Option<(u32, u32)> {
    let is_root = rustix::process::geteuid().is_root();
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let ids_of = |name: &str| {
        let line = passwd
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    is_root.then(|| {
        ids_of("postgres")
            .or_else(|| ids_of("nobody"))
            .expect("there is a user `nobody`")
    })
}
