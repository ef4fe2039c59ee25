//! A wire with a hole: a proxy in front of a server that forwards everything until it is told to swallow bytes.
//!
//! What is swallowed is gone, as where a firewall has forgotten a connection: nobody hears that it is over, and healing the wire
//! helps new connections only.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What a wire swallows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swallows {
    /// All bytes: questions do not even arrive.
    Everything,
    /// What the server says: questions arrive and are done, and nobody hears of it.
    Answers,
}

/// The proxy. Its tasks end with the runtime of the test.
pub struct Hole {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    swallows_questions: AtomicBool,
    swallows_answers: AtomicBool,
}

impl Hole {
    /// Listens in front of this port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let told = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                let Ok(server) = TcpStream::connect(server).await else {
                    continue;
                };
                let (questions, to_client) = client.into_split();
                let (answers, to_server) = server.into_split();
                tokio::spawn(forward(questions, to_server, Arc::clone(&told), |state| {
                    &state.swallows_questions
                }));
                tokio::spawn(forward(answers, to_client, Arc::clone(&told), |state| {
                    &state.swallows_answers
                }));
            }
        });
        Self { port: own, state }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on bytes vanish, on connections that there are and on new ones.
    pub fn swallow(&self, what: Swallows) {
        let questions = what == Swallows::Everything;
        self.state
            .swallows_questions
            .store(questions, Ordering::SeqCst);
        self.state.swallows_answers.store(true, Ordering::SeqCst);
    }

    /// New connections are forwarded again.
    pub fn heal(&self) {
        self.state.swallows_questions.store(false, Ordering::SeqCst);
        self.state.swallows_answers.store(false, Ordering::SeqCst);
    }
}

/// Forwards one way until that side ends. A connection that has lost bytes loses all that follow.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<State>,
    swallows: fn(&State) -> &AtomicBool,
) {
    let mut piece = vec![0; 65_536];
    let mut is_broken = false;
    loop {
        let Ok(length @ 1..) = from.read(&mut piece).await else {
            if is_broken {
                // Nor does the end come across.
                std::future::pending::<()>().await;
            }
            return;
        };
        is_broken |= swallows(&state).load(Ordering::SeqCst);
        if !is_broken && to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
