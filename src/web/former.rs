//! The widget's parts of other versions: of those that ran before, and of those that other nodes run during an upgrade.
//!
//! Called by the server at its start and by `web::assets`. A page that somebody has open for days loads the chat, or a
//! part of it, by the hashed name that it was told when it was loaded. Parts of two versions do not fit each other, so it
//! has to be that very one: each server puts its own beside the files that people send, sealed, and serves whatever any has
//! put there. Where that place is away or was emptied, such a page is told 404 and says that the chat does not answer.

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use crate::files::FilesError;
use crate::web::rest::Rest;

/// Where the parts of the widget lie.
pub const WIDGET: &str = "/widget/";
/// A name that holds its hash never means anything else.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Any site may load the widget.
pub const ANY_SITE: [(HeaderName, HeaderValue); 2] = [
    (
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
];

/// Some forty a version, so of the last twenty-five versions at least; 6 MB.
const PARTS_MAX: usize = 1_000;
/// The place is asked for so many at once: strangers may ask for any name.
const LOOKS_AT_ONCE: usize = 8;
/// What could not be put there now is tried again after this.
const AGAIN: Duration = Duration::from_secs(60);
/// Of the hash in a name, in hexadecimal digits.
const HASH_CHARS: usize = 10;

/// Taken by whoever looks for one.
static LOOKS: Semaphore = Semaphore::const_new(LOOKS_AT_ONCE);

/// Path and bytes.
pub type Part = (&'static str, &'static [u8]);

/// Puts our own parts there, as soon as the place takes them. Ends with the token only.
pub async fn run(rest: Arc<Rest>, own: Vec<Part>, stop: CancellationToken) {
    let keeping = async {
        // Where files cannot be stored, a look at the place says so at the start.
        while let Err(error) = keep(&rest, &own).await {
            tracing::debug!(%error, "the widget's parts are not kept for later yet");
            sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = keeping => stop.cancelled().await,
        () = stop.cancelled() => {}
    }
}

async fn keep(rest: &Rest, own: &[Part]) -> Result<(), FilesError> {
    let Rest {
        files, accounts, ..
    } = rest;
    let kept = files.parts().await?;
    let known: HashSet<&str> = kept.iter().map(String::as_str).collect();
    for (path, bytes) in own {
        if let Some(name) = name_in(path).filter(|name| !known.contains(name)) {
            let sealed = accounts.seal.close(name, bytes);
            files.keep_part(name, Bytes::from(sealed)).await?;
        }
    }
    for name in kept.iter().skip(PARTS_MAX) {
        if !own.iter().any(|(path, _)| path.ends_with(name)) {
            files.drop_part(name).await?;
        }
    }
    Ok(())
}

/// A part of another version, if this is the path of one and it was kept.
pub async fn serve(rest: &Rest, path: &str) -> Option<Response> {
    let Rest {
        files, accounts, ..
    } = rest;
    let name = name_in(path)?;
    let _turn = LOOKS.acquire().await.ok()?;
    let sealed = match files.part(name).await {
        Ok(sealed) => sealed,
        Err(FilesError::NotThere) => return None,
        Err(error) => {
            tracing::warn!(%error, "a part of another version of the widget could not be read");
            return None;
        }
    };
    let Some(begin) = accounts.seal.opens(name, &sealed) else {
        tracing::warn!("what lies among the widget's parts was not put there by this installation");
        return None;
    };
    let mut headers = HeaderMap::from_iter(ANY_SITE);
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, type_of(name));
    set(header::CACHE_CONTROL, FOR_EVER);
    Some((headers, sealed.slice(begin..)).into_response())
}

/// `app-0123456789.js` of `/widget/app-0123456789.js`; nothing of any other path.
fn name_in(path: &str) -> Option<&str> {
    let name = path.strip_prefix(WIDGET)?;
    let (stem, ending) = name.rsplit_once('.')?;
    let (what, hash) = stem.rsplit_once('-')?;
    let is_word = |sign: u8| sign.is_ascii_alphanumeric() || matches!(sign, b'_' | b'-');
    let is_hash = hash.len() == HASH_CHARS && hash.bytes().all(|sign| sign.is_ascii_hexdigit());
    (matches!(ending, "js" | "txt") && is_hash && what.bytes().all(is_word)).then_some(name)
}

fn type_of(name: &str) -> &'static str {
    if name.ends_with(".js") {
        "text/javascript; charset=utf-8"
    } else {
        "text/plain; charset=utf-8"
    }
}
