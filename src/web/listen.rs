//! Accepting connections: hyper lives here.
//!
//! Driven by hand, because a server that waits for ever for a silent connection's first header can be filled up by
//! anybody: headers must be there in time, and the number of connections that are not yet sockets is bounded.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::config::Networks;
use crate::web::address::client_address;
use crate::web::rest::caller::ClientAddress;

/// Connections the kernel may hold before they are accepted.
const BACKLOG: u32 = 4_096;
/// A request's head must be complete within this time; an idle connection is closed after it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that are handled at once and have not become sockets. Further ones wait in the backlog.
const CONNECTIONS_MAX: usize = 4_096;
/// Pause after a failed accept: out of files, most likely, and accepting harder makes none.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Largest head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Binds the address.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the old connections' last packets.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until the token is cancelled. Sockets live on: the hub drains them.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    trusted: Networks,
    stop: CancellationToken,
) {
    let trusted = Arc::new(trusted);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.expect("the semaphore is never closed"),
            () = stop.cancelled() => return,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stop.cancelled() => return,
        };
        let router = router.clone();
        let trusted = Arc::clone(&trusted);
        tokio::spawn(async move {
            connection(stream, peer, router, trusted).await;
            drop(place);
        });
    }
}

/// One connection until it ends or becomes a socket.
async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, trusted: Arc<Networks>) {
    // Small frames must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let address = client_address(peer.ip(), request.headers(), &trusted.0);
        request.extensions_mut().insert(ClientAddress(address));
        let router = router.clone();
        async move {
            let answer = router.oneshot(request.map(Body::new)).await;
            answer.map_err(|never: Infallible| match never {})
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        // A stranger's doing: nothing to act on.
        tracing::debug!(%error, "a connection ended badly");
    }
}
