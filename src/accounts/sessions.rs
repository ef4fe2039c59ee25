//! Login sessions (a cookie in a browser) and API tokens (a bearer secret for programs).
//!
//! Called by `web` for each request and upgrade. A session lives 30 days from its last use; a token lives until it is
//! removed. Only the SHA-256 of a secret is kept. Ending a session here does not close its sockets: the caller tells
//! the desk.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::accounts::secret::{self, SECRET_CHARS, Secret};
use crate::model::id::{AgentId, SessionId};
use crate::model::record::{Person, Session, SessionKind};
use crate::model::time::{Clock, Millis};
use crate::store::{Store, StoreError};

/// A session ends when it was not used for so long: 30 days.
pub const SESSION_LIFE: Millis = Millis::seconds(30 * 24 * 60 * 60);
/// Use is written down at most so often: the list of sessions shows minutes, and a write costs a disk flush.
const TOUCH_EVERY: Millis = Millis::seconds(60);
/// How every API token begins, so that people and secret scanners recognise one.
pub const TOKEN_PREFIX: &str = "balie_";
/// Most sessions of a person; one login more ends the one that was unused for longest.
const SESSIONS_MAX: usize = 50;
/// Most API tokens of a person; one more is refused, because a running program may depend on any of them.
pub const TOKENS_MAX: usize = 50;

/// Who is asking, and with what.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session or token.
    pub session: Session,
    /// Whose it is.
    pub person: Person,
}

/// Begins, finds and ends sessions.
pub struct Sessions {
    store: Arc<dyn Store>,
    clock: Clock,
}

/// A session that began, and those that ended for it.
#[derive(Debug)]
pub struct Begun {
    /// The new session.
    pub session: Session,
    /// What its owner presents from now on.
    pub secret: Secret,
    /// Sessions that made room for it.
    pub ended: Vec<SessionId>,
}

impl Sessions {
    /// Sessions kept in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// A new login session; always with a secret of its own, whatever the browser held before.
    pub async fn begin(&self, person: AgentId) -> Result<Begun, StoreError> {
        let secret = Secret::fresh("");
        let session = self.keep(person, SessionKind::Cookie, &secret, "").await?;
        let mut logins = self.logins_of(person).await?;
        logins.retain(|other| other.id != session.id);
        logins.sort_by_key(|other| std::cmp::Reverse(other.seen_at));
        let mut ended = Vec::new();
        for surplus in logins.iter().skip(SESSIONS_MAX - 1) {
            self.end(person, surplus.id).await?;
            ended.push(surplus.id);
        }
        Ok(Begun {
            session,
            secret,
            ended,
        })
    }

    /// A new API token; `None` when the person has as many as they may.
    pub async fn issue_token(
        &self,
        person: AgentId,
        label: &str,
    ) -> Result<Option<(Session, Secret)>, StoreError> {
        if self.tokens_of(person).await?.len() >= TOKENS_MAX {
            return Ok(None);
        }
        let secret = Secret::fresh(TOKEN_PREFIX);
        let session = self
            .keep(person, SessionKind::Token, &secret, label)
            .await?;
        Ok(Some((session, secret)))
    }

    /// Whose secret this is, if it is anybody's and was presented the way it was given: a cookie's secret is no bearer
    /// token, and a token in a cookie would slip past the checks of its lifetime.
    pub async fn authenticate(
        &self,
        presented: &str,
        kind: SessionKind,
    ) -> Result<Option<SignedIn>, StoreError> {
        let bare = match kind {
            SessionKind::Cookie => Some(presented),
            SessionKind::Token => presented.strip_prefix(TOKEN_PREFIX),
        };
        if bare.is_none_or(|bare| bare.len() != SECRET_CHARS) {
            return Ok(None);
        }
        let hash = secret::hash(presented);
        let Some((session, person)) = self.store.session(hash).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let is_its_own: bool = session.secret_hash.ct_eq(&hash).into();
        let has_expired = session.expires_at.is_some_and(|end| end <= now);
        if !is_its_own || session.kind != kind || has_expired {
            return Ok(None);
        }
        if now - session.seen_at >= TOUCH_EVERY {
            self.touch(session.id).await;
        }
        Ok(Some(SignedIn { session, person }))
    }

    /// Ends a session or token; one that is gone already is ended too.
    pub async fn end(&self, person: AgentId, id: SessionId) -> Result<(), StoreError> {
        match self.store.end_session(person, id).await {
            Ok(()) | Err(StoreError::NotThere(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The login sessions of a person, newest first, without those that have expired.
    pub async fn logins_of(&self, person: AgentId) -> Result<Vec<Session>, StoreError> {
        self.of_kind(person, SessionKind::Cookie).await
    }

    /// The API tokens of a person, newest first.
    pub async fn tokens_of(&self, person: AgentId) -> Result<Vec<Session>, StoreError> {
        self.of_kind(person, SessionKind::Token).await
    }

    async fn of_kind(
        &self,
        person: AgentId,
        kind: SessionKind,
    ) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let mut sessions = self.store.sessions_of(person).await?;
        sessions.retain(|session| {
            session.kind == kind && session.expires_at.is_none_or(|end| end > now)
        });
        Ok(sessions)
    }

    async fn keep(
        &self,
        person: AgentId,
        kind: SessionKind,
        secret: &Secret,
        label: &str,
    ) -> Result<Session, StoreError> {
        let now = self.clock.now();
        let session = Session {
            id: SessionId::fresh(),
            person,
            kind,
            secret_hash: secret::hash(secret.reveal()),
            label: label.to_owned(),
            created_at: now,
            seen_at: now,
            expires_at: match kind {
                SessionKind::Cookie => Some(now + SESSION_LIFE),
                SessionKind::Token => None,
            },
        };
        self.store.create_session(session.clone()).await?;
        Ok(session)
    }

    /// A session is as good without its last use written down, so a store that cannot write signs nobody out.
    async fn touch(&self, id: SessionId) {
        if let Err(error) = self.store.touch_session(id, self.clock.now()).await {
            tracing::warn!(%error, "the last use of a session was not written down");
        }
    }
}
