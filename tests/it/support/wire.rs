//! The wire between a node and what it uses, as a proxy in the test: cut, silent, slow, or with one answer lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::redis_server::{SOON, Server};

/// How it is on a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything gets through.
    Clear,
    /// What stands is closed, and nothing new is let in.
    Cut,
    /// Nothing gets through either way, and nobody is told so. What was said meanwhile arrives afterwards.
    Silent,
    /// Everything takes this much longer, each way.
    Slow(Duration),
}

/// A proxy. Its tasks end with it.
pub struct Wire {
    /// Where it listens.
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    target: watch::Sender<SocketAddr>,
    /// What is answered next is thrown away, and that connection closed after it.
    swallows: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

/// A word that is put in the place of another one of the same length in all that is answered: a server that says where others are
/// then says where their wires are.
#[derive(Clone, Copy, Debug)]
pub struct Instead {
    pub of: &'static str,
    pub this: &'static str,
}

impl Wire {
    /// A wire to this Redis, on a port of its own.
    pub async fn before(server: &Server) -> Self {
        let target = SocketAddr::new(server.host.parse().unwrap(), server.port);
        Self::between("127.0.0.1:0".parse().unwrap(), target, None).await
    }

    /// A wire from here to there.
    pub async fn between(from: SocketAddr, to: SocketAddr, instead: Option<Instead>) -> Self {
        let listener = TcpListener::bind(from).await.unwrap();
        let address = listener.local_addr().unwrap();
        let weather = watch::Sender::new(Weather::Clear);
        let swallows = Arc::new(AtomicBool::new(false));
        let (told, shared) = (weather.subscribe(), Arc::clone(&swallows));
        let target = watch::Sender::new(to);
        let leads_to = target.subscribe();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *told.borrow() == Weather::Cut {
                    continue;
                }
                let to = *leads_to.borrow();
                let Ok(server) = connect(to).await else {
                    continue;
                };
                let asking = Way {
                    weather: told.clone(),
                    swallows: None,
                    instead: None,
                };
                let answering = Way {
                    weather: told.clone(),
                    swallows: Some(Arc::clone(&shared)),
                    instead,
                };
                tokio::spawn(async move {
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    // The end of one way is the end of both.
                    tokio::select! {
                        () = asking.carry(from_client, to_server) => {}
                        () = answering.carry(from_server, to_client) => {}
                    }
                });
            }
        });
        Self {
            address,
            weather,
            target,
            swallows,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Changes the weather, for what stands too.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    pub fn cut(&self) {
        self.set(Weather::Cut);
    }

    pub fn mend(&self) {
        self.set(Weather::Clear);
    }

    /// From now on it leads to this Redis; what stands ends.
    pub async fn leads_to(&self, server: &Server) {
        self.cut();
        self.target
            .send_replace(SocketAddr::new(server.host.parse().unwrap(), server.port));
        // Each end sees that it was cut.
        sleep(Duration::from_millis(100)).await;
        self.mend();
    }

    /// The next answer is lost with its connection.
    pub fn swallow(&self) {
        self.swallows.store(true, Ordering::SeqCst);
    }

    pub async fn swallowed(&self) {
        let begun = Instant::now();
        while self.swallows.load(Ordering::SeqCst) {
            assert!(begun.elapsed() < SOON, "nothing was answered");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        // Ends those that stand.
        self.weather.send_replace(Weather::Cut);
    }
}

/// From an address of its own: a dead port in the range of the system's choice could otherwise be connected to from itself.
async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.64.0.2:0".parse().expect("an address"))?;
    socket.connect(to).await
}

/// One direction of one connection.
struct Way {
    weather: watch::Receiver<Weather>,
    swallows: Option<Arc<AtomicBool>>,
    instead: Option<Instead>,
}

impl Way {
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 16_384];
        loop {
            let read = tokio::select! {
                read = from.read(&mut piece) => read,
                changed = self.weather.changed() => {
                    if changed.is_err() || *self.weather.borrow() == Weather::Cut {
                        return;
                    }
                    continue;
                }
            };
            let Ok(length @ 1..) = read else { return };
            let piece = &mut piece[..length];
            if !self.gets_through().await {
                return;
            }
            if let Some(swallows) = &self.swallows
                && swallows.swap(false, Ordering::SeqCst)
            {
                return;
            }
            if let Some(instead) = self.instead {
                replace(piece, instead);
            }
            if to.write_all(piece).await.is_err() {
                return;
            }
        }
    }

    /// Waits as long as the weather wants it; false if the wire is cut meanwhile.
    async fn gets_through(&mut self) -> bool {
        loop {
            let weather = *self.weather.borrow_and_update();
            match weather {
                Weather::Clear => return true,
                Weather::Cut => return false,
                Weather::Slow(span) => {
                    sleep(span).await;
                    return true;
                }
                Weather::Silent => {
                    if self.weather.changed().await.is_err() {
                        return false;
                    }
                }
            }
        }
    }
}

fn replace(piece: &mut [u8], instead: Instead) {
    let (old, new) = (instead.of.as_bytes(), instead.this.as_bytes());
    assert_eq!(old.len(), new.len());
    let mut at = 0;
    while at + old.len() <= piece.len() {
        if &piece[at..at + old.len()] == old {
            piece[at..at + old.len()].copy_from_slice(new);
            at += old.len();
        } else {
            at += 1;
        }
    }
}
