//! A server without a network: everything of it but the listener, and sockets that are function calls.
//!
//! What the real socket's task does with frames and mailbox a [`Socket`] does when it is asked to, so that a history
//! decides when a client reads, and a kill can come at any moment.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use balie::accounts::Accounts;
use balie::accounts::sessions::SignedIn;
use balie::config::{Config, DatabaseUrl, FilesUrl, LogForm, Networks, PublicUrl};
use balie::coordination::memory::MemoryCoordination;
use balie::desk::{Desk, pair, relay};
use balie::domain::routing::Graces;
use balie::files::{Files, Place};
use balie::hub::Hub;
use balie::hub::mailbox::{Item, Taken};
use balie::model::time::{Clock, Millis};
use balie::protocol::visitor::ToVisitor;
use balie::store::Store;
use balie::store::settings::Settings;
use balie::store::sqlite::{OpenError, SqliteStore};
use balie::web::Web;
use balie::web::address::Addresses;
use balie::web::agent::AgentPeer;
use balie::web::attempts::Attempts;
use balie::web::hooks::Hooks;
use balie::web::rest::uploads::Uploads;
use balie::web::rest::{PublicPace, Rest};
use balie::web::socket::{Answer, Peer};
use balie::web::visitor::VisitorPeer;
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::coordination::Shaky;
use super::dice::Dice;
use super::store::ShakyStore;

/// Where the visitors' pages come from.
pub const ORIGIN: &str = "http://127.0.0.1:8080";

pub const GRACES: Graces = Graces {
    visitor: Millis::seconds(60),
    agent: Millis::seconds(30),
    away: Millis::seconds(5),
    ring: Millis::seconds(20),
};

pub struct Node {
    pub web: Arc<Web>,
    pub store: Arc<ShakyStore>,
    pub coordination: Arc<Shaky>,
    tasks: JoinSet<()>,
}

impl Node {
    /// Opens the folder and starts the tasks, as the server does.
    pub async fn start(folder: &Path, clock: &Clock, dice: &mut Dice) -> Self {
        let engine = own_again(folder).await;
        let store = Arc::new(ShakyStore::new(engine, dice.fork()));
        let shared: Arc<dyn Store> = store.clone();
        let settings = Arc::new(Settings::load(Arc::clone(&shared)).await.unwrap());
        settings.set_own_origins(vec![ORIGIN.to_owned()]);
        let memory = MemoryCoordination::new(clock.clone(), GRACES);
        let coordination = Arc::new(Shaky::new(memory, dice.fork()));
        let installation = shared.installation().await.unwrap();
        let desk = Arc::new(Desk::new(
            Arc::clone(&shared),
            coordination.clone(),
            Arc::new(Hub::new(dice.below(1 << 40) as u64)),
            Arc::clone(&settings),
            clock.clone(),
            &installation.epoch,
        ));
        desk.rebuild().await.unwrap();
        let accounts = Accounts::open(
            Arc::clone(&shared),
            Arc::clone(&settings),
            clock.clone(),
            false,
        );
        let config = config(folder);
        let addresses = Addresses::new(&config, coordination.clone());
        let rest = Rest {
            attempts: Attempts::new(coordination.clone(), false),
            addresses: Arc::clone(&addresses),
            store: shared,
            accounts: accounts.await.unwrap(),
            settings,
            clock: clock.clone(),
            files: Arc::new(Files::open(Place::Folder(folder.join("files"))).unwrap()),
            uploads: Uploads::new(false),
            desk: Arc::new(Hooks(Arc::clone(&desk))),
            secure_cookies: false,
            changes: tokio::sync::Mutex::new(()),
            pace: PublicPace::new(false),
        };
        let web = Arc::new(Web {
            desk: Arc::clone(&desk),
            rest: Arc::new(rest),
            addresses,
            config,
            is_ready: AtomicBool::new(true),
        });
        let mut tasks = JoinSet::new();
        let notices = desk.coordination.notices().unwrap();
        tasks.spawn(pair::run(Arc::clone(&desk), CancellationToken::new()));
        tasks.spawn(relay::run(desk, notices, CancellationToken::new()));
        Self {
            web,
            store,
            coordination,
            tasks,
        }
    }

    pub fn desk(&self) -> &Desk {
        &self.web.desk
    }

    /// A background task that ended did so by a mistake of ours.
    pub fn check_tasks(&mut self) {
        if let Some(ended) = self.tasks.try_join_next() {
            panic!("a background task ended: {ended:?}");
        }
    }

    /// The process dies. The sockets' tasks must be gone already.
    pub async fn kill(self) {
        let Self {
            web,
            store,
            coordination,
            mut tasks,
        } = self;
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
        drop((web, coordination));
        // What was handed to the writer keeps it until it is written.
        let deadline = Instant::now() + Duration::from_secs(10);
        while Arc::strong_count(&store) > 1 {
            assert!(
                Instant::now() < deadline,
                "somebody holds the store of a dead node"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A folder that was this process's own a moment ago may be held still: by a child that another test has just begun, until it is
/// the program that it is to become.
async fn own_again(folder: &Path) -> SqliteStore {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match SqliteStore::open_exclusive(folder) {
            Err(OpenError::InUse { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            opened => return opened.unwrap(),
        }
    }
}

/// As a server is set whose limits are off.
pub fn config(folder: &Path) -> Config {
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data: folder.to_owned(),
        database_url: DatabaseUrl(None),
        database_connections_max: 1,
        database_connect_ms: 1_000,
        database_answer_ms: 1_000,
        redis_url: String::new(),
        public_url: PublicUrl(None),
        trusted_proxies: Networks(Vec::new()),
        log: LogForm::Text,
        log_filter: "off".to_owned(),
        visitor_grace_ms: 60_000,
        agent_grace_ms: 30_000,
        agent_away_ms: 5_000,
        ring_ms: 20_000,
        visitor_frames_per_s: 0,
        agent_frames_per_s: 0,
        visitor_sockets_max: 0,
        address_sockets_max: 0,
        address_starts_per_min: 0,
        limit_loopback: false,
        files_url: FilesUrl(None),
        files_endpoint: String::new(),
        files_region: String::new(),
        drain_ms: 0,
    }
}

/// Opens a visitor's socket with `hello`; no socket if it is refused.
pub async fn visitor_socket(
    web: Arc<Web>,
    hello: String,
) -> (Option<Socket<VisitorPeer>>, Vec<Bytes>) {
    let address = IpAddr::from(Ipv4Addr::LOCALHOST);
    let seen = web
        .addresses
        .enter(address, web.desk.clock.now())
        .await
        .unwrap();
    let greeting = balie::web::visitor::greet(Arc::clone(&web), ORIGIN.into(), seen, hello.into());
    opened(web, greeting.await)
}

/// Opens an agent's socket with `hello`.
pub async fn agent_socket(
    web: Arc<Web>,
    signed_in: Arc<SignedIn>,
    hello: String,
) -> (Option<Socket<AgentPeer>>, Vec<Bytes>) {
    let hello = Utf8Bytes::from(hello);
    let greeting = balie::web::agent::greet(Arc::clone(&web), signed_in, hello).await;
    opened(web, greeting)
}

fn opened<P>(
    web: Arc<Web>,
    (answers, peer): (Vec<Answer>, Option<P>),
) -> (Option<Socket<P>>, Vec<Bytes>) {
    let frames = answers.into_iter().map(bytes_of).collect();
    (peer.map(|peer| Socket { web, peer }), frames)
}

fn bytes_of(answer: Answer) -> Bytes {
    match answer {
        Answer::Frame(bytes) => bytes,
        Answer::Refusal(error) | Answer::Last(error) => {
            serde_json::to_vec(&ToVisitor::Error(*error))
                .unwrap()
                .into()
        }
    }
}

/// One client's connection.
pub struct Socket<P> {
    web: Arc<Web>,
    peer: P,
}

impl<P: Peer> Socket<P> {
    /// Says a frame and reads the answers.
    pub async fn say(&mut self, text: &str) -> Vec<Bytes> {
        let answers = self.peer.frame(text).await;
        answers.into_iter().map(bytes_of).collect()
    }

    /// Reads what is there.
    pub async fn read(&mut self) -> Vec<Bytes> {
        let mut frames = Vec::new();
        loop {
            let mailbox = Arc::clone(self.peer.mailbox());
            let taken = tokio::select! {
                biased;
                taken = mailbox.take() => taken,
                () = std::future::ready(()) => return frames,
            };
            match taken {
                Taken::Items(items) => self.write(items, &mut frames).await,
                Taken::End(_, farewell) => panic!("a reader was cut off: {farewell:?}"),
            }
        }
    }

    /// As the socket's task does it.
    async fn write(&mut self, mut items: VecDeque<Item>, frames: &mut Vec<Bytes>) {
        let mut ping = None;
        while let Some(item) = items.pop_front() {
            match item {
                Item::Ephemeral(key, _) if !self.peer.wants(&key) => {}
                Item::Frame(bytes) | Item::Ephemeral(_, bytes) => frames.push(bytes),
                Item::Ping => ping = Some(self.peer.ping()),
                other => {
                    let reply = self.peer.item(other).await;
                    frames.extend(reply.frames);
                    if let Some(again) = reply.again {
                        items.push_front(again);
                    }
                }
            }
        }
        // The client's own answer; RFC 6455 lets it answer the last one only.
        if let Some(said) = ping {
            self.peer.pong(said);
        }
    }

    /// The connection is gone.
    pub async fn leave(self) {
        self.web.desk.hub.leave(self.peer.mailbox());
        self.peer.leave().await;
    }
}
