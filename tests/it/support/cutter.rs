//! A wire that a test can cut: a proxy in front of PostgreSQL that forwards everything, until it is told to cut at a commit.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the wire is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Nowhere.
    Nowhere = 0,
    /// The next commit does not reach the server.
    BeforeCommit = 1,
    /// The next commit is done, and its answer does not reach the client.
    AfterCommit = 2,
}

/// The proxy. Its task ends with the runtime of the test.
pub struct Cutter {
    port: u16,
    cut: Arc<AtomicU8>,
}

impl Cutter {
    /// Listens in front of this port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicU8::new(Cut::Nowhere as u8));
        let told = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                if let Ok(server) = TcpStream::connect(server).await {
                    tokio::spawn(forward(client, server, Arc::clone(&told)));
                }
            }
        });
        Self { port: own, cut }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts one wire, the next time that there is something to cut.
    pub fn arm(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Whether it has cut since it was armed.
    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == Cut::Nowhere as u8
    }
}

/// Forwards until one side ends or the wire is cut. A commit is a simple query, so it stands in one piece on a quiet wire.
async fn forward(mut client: TcpStream, mut server: TcpStream, cut: Arc<AtomicU8>) {
    const COMMIT: &[u8] = b"commit\0";
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let piece = &asked[..length];
                let is_commit = piece.windows(COMMIT.len()).any(|window| window == COMMIT);
                let take = |wanted: Cut| {
                    is_commit
                        && cut
                            .compare_exchange(
                                wanted as u8,
                                Cut::Nowhere as u8,
                                Ordering::SeqCst,
                                Ordering::SeqCst,
                            )
                            .is_ok()
                };
                if take(Cut::BeforeCommit) {
                    return;
                }
                let swallow = take(Cut::AfterCommit);
                if server.write_all(piece).await.is_err() {
                    return;
                }
                if swallow {
                    // The answer comes only after the commit is done; nobody gets it.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
