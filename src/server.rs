//! The composition root: opens the engines, starts the tasks, serves, and lets go of everything in order.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::config::Config;
use crate::coordination::Coordination;
use crate::coordination::memory::MemoryCoordination;
use crate::coordination::redis::{Address, RedisCoordination};
use crate::desk::{self, Desk};
use crate::files::Files;
use crate::hub::mailbox::Farewell;
use crate::hub::{Hub, frame_bytes};
use crate::model::time::{Clock, Millis};
use crate::protocol::error::Close;
use crate::protocol::parts::ByeReason;
use crate::protocol::visitor::ToVisitor;
use crate::store::Store;
use crate::store::settings::Settings;
use crate::web::address::Addresses;
use crate::web::attempts::Attempts;
use crate::web::hooks::Hooks;
use crate::web::rest::uploads::Uploads;
use crate::web::rest::{PublicPace, Rest};
use crate::web::{self, Web, assets, former, listen};

/// A client that is sent away comes back after this plus a share of the spread, so that not all come in one instant.
const COME_BACK: Millis = Millis(500);
/// See [`COME_BACK`].
const COME_BACK_SPREAD: Millis = Millis(4_500);
/// The clock is compared with the store's so often. A crystal drifts by some milliseconds meanwhile, at worst.
const CLOCK_COMPARED_EVERY: Duration = Duration::from_secs(30);
/// Clocks that differ by more are worth a word.
const CLOCK_OFF_MAX: Millis = Millis::seconds(1);
/// Time to finish what background tasks have begun.
const TASKS_TIMEOUT: Duration = Duration::from_secs(3);

/// Serves until the process is told to stop (SIGTERM, SIGINT), then drains and returns.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    serve(config, stop).await
}

/// Serves until the token is cancelled.
pub async fn serve(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    let store = config.store_place().open_for_server().await?;
    let listener = listen::bind(config.listen).with_context(|| {
        format!(
            "cannot listen on {}: choose another address with --listen",
            config.listen
        )
    })?;
    let address = listener
        .local_addr()
        .context("the bound address cannot be read")?;
    let clock = open_clock(store.as_ref()).await?;
    let web = compose(config, store, clock, address).await?;
    let relaying = CancellationToken::new();
    let mut tasks = start_tasks(&web, &stop, &relaying)?;
    web.is_ready.store(true, Ordering::Release);
    announce(&web, address);
    let served = serve_until_stopped(&web, listener, &mut tasks, &stop).await;
    // Whatever ended the serving, nobody is left hanging.
    web.is_ready.store(false, Ordering::Release);
    stop.cancel();
    drain(&web).await;
    relaying.cancel();
    let _ = timeout(TASKS_TIMEOUT, async {
        while tasks.join_next().await.is_some() {}
    })
    .await;
    tracing::info!("stopped");
    served
}

/// The store's clock where it tells the time, else the machine's.
async fn open_clock(store: &dyn Store) -> anyhow::Result<Clock> {
    let Some(at) = store.moment().await? else {
        return Ok(Clock::system());
    };
    let ahead = Clock::system().now() - at;
    if ahead.0.abs() > CLOCK_OFF_MAX.0 {
        tracing::warn!(
            ahead_ms = ahead.0,
            "this machine's clock differs from the database's, which Balie goes by"
        );
    }
    Ok(Clock::following(at))
}

/// Keeps the clock with the store's, until told to stop.
async fn keep_time(store: Arc<dyn Store>, clock: Clock, stop: CancellationToken) {
    let mut is_off = false;
    while stop
        .run_until_cancelled(sleep(CLOCK_COMPARED_EVERY))
        .await
        .is_some()
    {
        // A store that is away tells no time; the monotonic clock carries on meanwhile.
        let Ok(Some(there)) = store.moment().await else {
            continue;
        };
        let behind = clock.compare(there);
        let was_off = std::mem::replace(&mut is_off, behind.0.abs() > CLOCK_OFF_MAX.0);
        if is_off && !was_off {
            tracing::warn!(
                behind_ms = behind.0,
                "the database's clock has jumped; this node follows it slowly"
            );
        }
    }
}

async fn compose(
    config: Config,
    store: Arc<dyn Store>,
    clock: Clock,
    address: SocketAddr,
) -> anyhow::Result<Arc<Web>> {
    let settings = Arc::new(Settings::load(Arc::clone(&store)).await?);
    settings.set_own_origins(own_origins(&config, address));
    let accounts = Accounts::open(
        Arc::clone(&store),
        Arc::clone(&settings),
        clock.clone(),
        config.limit_loopback,
    )
    .await?;
    let installation = store.installation().await?;
    let coordination = open_coordination(&config, &installation.epoch, &clock).await?;
    let first_socket = getrandom::u64().context("the system gives no randomness")? >> 12;
    let hub = Arc::new(Hub::new(first_socket));
    let desk = Desk::new(
        Arc::clone(&store),
        coordination,
        hub,
        Arc::clone(&settings),
        clock.clone(),
        &installation.epoch,
    );
    let desk = Arc::new(desk);
    if config.redis_url.is_empty() {
        desk.rebuild().await?;
    }
    let files = open_files(&config)?;
    let secure_cookies = config
        .public_url
        .0
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    let addresses = Addresses::new(&config, Arc::clone(&desk.coordination));
    let rest = Rest {
        addresses: Arc::clone(&addresses),
        attempts: Attempts::new(Arc::clone(&desk.coordination), config.limit_loopback),
        store,
        accounts,
        settings,
        clock,
        files,
        uploads: Uploads::new(config.limit_loopback),
        desk: Arc::new(Hooks(Arc::clone(&desk))),
        secure_cookies,
        changes: tokio::sync::Mutex::new(()),
        pace: PublicPace::new(config.limit_loopback),
    };
    Ok(Arc::new(Web {
        desk,
        rest: Arc::new(rest),
        addresses,
        config,
        is_ready: AtomicBool::new(false),
    }))
}

/// Who is here and who waits: in this process, or over Redis, where one of the nodes tells an empty board everything.
async fn open_coordination(
    config: &Config,
    epoch: &str,
    clock: &Clock,
) -> anyhow::Result<Arc<dyn Coordination>> {
    if config.redis_url.is_empty() {
        let engine = MemoryCoordination::new(clock.clone(), config.graces());
        return Ok(Arc::new(engine));
    }
    let address: Address = config.redis_url.parse()?;
    let engine = RedisCoordination::open(address, epoch, clock.clone(), config.graces());
    Ok(Arc::new(engine.await?))
}

/// Where files go. One in S3 may be away at the start: chats go on without files until it is back.
fn open_files(config: &Config) -> anyhow::Result<Arc<Files>> {
    let files = Files::open(config.files_place())?;
    files
        .clear_leftovers()
        .with_context(|| format!("{} cannot be read", files.place()))?;
    Ok(Arc::new(files))
}

/// The origins of the server's own pages: the public address, or every name of loopback with the bound port. Never
/// what a request's Host header says.
fn own_origins(config: &Config, address: SocketAddr) -> Vec<String> {
    match &config.public_url.0 {
        Some(url) => vec![url.clone()],
        None => ["127.0.0.1", "[::1]", "localhost"]
            .into_iter()
            .map(|host| format!("http://{host}:{}", address.port()))
            .collect(),
    }
}

fn start_tasks(
    web: &Arc<Web>,
    stop: &CancellationToken,
    relaying: &CancellationToken,
) -> anyhow::Result<JoinSet<&'static str>> {
    let desk = &web.desk;
    let notices = desk
        .coordination
        .notices()
        .context("the notices were taken already")?;
    let mut tasks = JoinSet::new();
    if web.rest.clock.follows() {
        let (store, clock) = (Arc::clone(&web.rest.store), web.rest.clock.clone());
        let token = stop.clone();
        tasks.spawn(async move {
            keep_time(store, clock, token).await;
            "keeping time"
        });
    }
    let (one, token) = (Arc::clone(desk), stop.clone());
    tasks.spawn(async move {
        desk::pair::run(one, token).await;
        "pairing"
    });
    let (one, token) = (Arc::clone(desk), stop.clone());
    tasks.spawn(async move {
        desk::book::run(one, token).await;
        "keeping the day book"
    });
    let (one, token) = (Arc::clone(desk), stop.clone());
    tasks.spawn(async move {
        desk::overflow::run(one, token).await;
        "opening long waits to stand-ins"
    });
    let (one, token) = (Arc::clone(desk), stop.clone());
    tasks.spawn(async move {
        desk::sweep::run(one, token).await;
        "sweeping"
    });
    let (one, token) = (Arc::clone(desk), stop.clone());
    tasks.spawn(async move {
        desk::sweep::watch_followed(one, token).await;
        "watching what is followed"
    });
    let (one, token) = (Arc::clone(desk), stop.clone());
    tasks.spawn(async move {
        desk::sweep::rebuild_when_emptied(one, token).await;
        "rebuilding"
    });
    let (one, token) = (Arc::clone(desk), stop.clone());
    let files = Arc::clone(&web.rest.files);
    tasks.spawn(async move {
        desk::files::run(one, files, token).await;
        "clearing files"
    });
    let (rest, token) = (Arc::clone(&web.rest), stop.clone());
    tasks.spawn(async move {
        former::run(rest, assets::parts(), token).await;
        "keeping the widget's parts"
    });
    // The relay goes on while the sockets are drained: what was acknowledged is still told.
    let (one, token) = (Arc::clone(desk), relaying.clone());
    tasks.spawn(async move {
        desk::relay::run(one, notices, token).await;
        "relaying"
    });
    Ok(tasks)
}

fn announce(web: &Web, address: SocketAddr) {
    let base = web
        .config
        .public_url
        .0
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    let mut text = format!(
        "Balie listens on http://{address}\n  demo shop    {base}/demo/\n  agent panel  {base}/panel/\n"
    );
    if let Some(token) = web.rest.accounts.setup.token_to_print() {
        text.push_str(&format!(
            "  first administrator, once: {base}/panel/#setup={}\n",
            token.reveal()
        ));
    }
    // Not `println!`, which panics where nobody reads any more (`balie | head -1`): the server is no worse for it.
    let mut out = std::io::stdout();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::warn!(%error, "the addresses could not be printed");
    }
}

/// Serves until stopped. A background task that ends before was killed by a mistake of ours: going on without it would
/// strand people, so the process goes down and is started anew.
async fn serve_until_stopped(
    web: &Arc<Web>,
    listener: TcpListener,
    tasks: &mut JoinSet<&'static str>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let router = web::router(Arc::clone(web));
    let trusted = web.config.trusted_proxies.clone();
    tokio::select! {
        () = listen::serve(listener, router, trusted, stop.clone()) => Ok(()),
        Some(ended) = tasks.join_next() => match ended {
            Ok(_) if stop.is_cancelled() => Ok(()),
            Ok(name) => Err(anyhow::anyhow!("{name} ended by itself; the log above says why")),
            Err(panic) => Err(anyhow::Error::new(panic).context("a background task died")),
        },
    }
}

/// Sends every client away with a time to come back, and waits until they are gone.
async fn drain(web: &Web) {
    let hub = &web.desk.hub;
    hub.for_each(|mailbox| {
        let spread = COME_BACK_SPREAD.0.unsigned_abs();
        let share =
            i64::try_from(mailbox.socket.wrapping_mul(0x9E37_79B9_7F4A_7C15) % spread).unwrap_or(0);
        let bye = ToVisitor::Bye {
            reason: ByeReason::Restart,
            retry_ms: Millis(COME_BACK.0 + share),
        };
        mailbox.end(Farewell {
            close: Close::Restart,
            bye: Some(frame_bytes(&bye)),
        });
    });
    let deadline = Instant::now() + Duration::from_millis(u64::from(web.config.drain_ms));
    while !hub.is_empty() && Instant::now() < deadline {
        sleep(Duration::from_millis(20)).await;
    }
}
