//! A store that speaks S3 for a test: a real server, with buckets, keys and signatures, over a folder that goes with it.
//!
//! It runs on a thread of its own, so that a test that waits for a program does not keep the program's store waiting. It
//! can be taken away and come back on the same address, with all that it held.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::files::objects_in;
use super::node::own_listener;

/// The bucket that is there from the beginning.
pub const BUCKET: &str = "balie-files";
/// Every key of ours begins so.
pub const PREFIX: &str = "shop";
const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
/// The secret of [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "a-secret-that-no-output-may-show";

/// The store.
pub struct S3 {
    folder: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl S3 {
    /// A store with one empty bucket.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let listener = own_listener();
        let mut store = Self {
            folder,
            address: listener.local_addr().unwrap(),
            running: None,
        };
        store.run(listener);
        store
    }

    /// What a server is told to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("BALIE_FILES_URL", format!("s3://{BUCKET}/{PREFIX}")),
            ("BALIE_FILES_ENDPOINT", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ]
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it; every connection is cut.
    pub fn go_away(&mut self) {
        let running = self.running.take().expect("it runs");
        running.stop.send(()).unwrap();
        running.thread.join().unwrap();
    }

    /// Starts it again.
    pub fn come_back(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        self.run(std::net::TcpListener::bind(self.address).unwrap());
    }

    fn run(&mut self, listener: std::net::TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let files = FileSystem::new(self.folder.path()).unwrap();
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, service) => {}
                    _ = stopped => {}
                }
            });
            // Dropped with every connection in it.
        });
        self.running = Some(Running { stop, thread });
    }

    /// All that lies in the bucket, what is half there included.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        // Parts of what is not whole lie beside the buckets.
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(".upload_id-") {
                found.push(entry.path());
            }
        }
        let objects = self.objects_folder();
        if objects.exists() {
            found.extend(objects_in(&objects));
        }
        found
    }

    /// Where it keeps what it is given.
    pub fn objects_folder(&self) -> PathBuf {
        self.folder.path().join(BUCKET).join(PREFIX)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.go_away();
        }
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let service = service.clone();
        tokio::spawn(async move {
            // A client may hang up at any time.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
