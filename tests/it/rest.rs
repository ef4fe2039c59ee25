//! The resources under `/api/`, over a real store and a real desk: who may do what, and what is answered.
//!
//! Requests go into the router as a connection would hand them over. The clock is moved by hand; what the desk is told
//! about ended sessions is written down on the way.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use balie::accounts::Accounts;
use balie::config::Config;
use balie::coordination::Coordination;
use balie::coordination::memory::MemoryCoordination;
use balie::desk::visit::Whereabouts;
use balie::desk::{Desk, Refused};
use balie::domain::routing::Graces;
use balie::files::{Files, Place};
use balie::hub::Hub;
use balie::model::id::{AgentId, ConversationId, VisitorId};
use balie::model::record::{Person, Site};
use balie::model::time::{At, Clock, Millis};
use balie::protocol::visitor::VisitorStart;
use balie::store::settings::Settings;
use balie::store::sqlite::SqliteStore;
use balie::store::{Receipt, Store, StoreError};
use balie::web::address::Addresses;
use balie::web::attempts::Attempts;
use balie::web::hooks::Hooks;
use balie::web::rest::caller::ClientAddress;
use balie::web::rest::uploads::Uploads;
use balie::web::rest::{AtDesk, DeskHooks, PublicPace, Rest, SignedOut, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::simulate::node::config;

mod articles;
mod closing;
mod conversations;
mod figures;
mod hours;
mod messages;
mod overflow;
mod people;
mod reference;
mod rotas;
mod routing;
mod settings;
mod sign_in;

/// Where the server of these tests is reached.
const OWN: &str = "http://127.0.0.1:8080";
/// Conversations that one address may start a minute.
const STARTS_PER_MIN: u32 = 10;
const PASSWORD: &str = "correct horse battery";

/// The desk, with a note of whom it was told to sign out.
struct Noted {
    desk: Hooks,
    signed_out: Mutex<Vec<SignedOut>>,
}

#[async_trait]
impl DeskHooks for Noted {
    async fn signed_out(&self, who: SignedOut) {
        self.signed_out.lock().unwrap().push(who.clone());
        self.desk.signed_out(who).await;
    }

    async fn before_removal(&self, person: AgentId) -> Result<(), StoreError> {
        self.desk.before_removal(person).await
    }

    async fn person_changed(&self, person: &Person) {
        self.desk.person_changed(person).await;
    }

    async fn is_open(&self, site: &Site) -> bool {
        self.desk.is_open(site).await
    }

    async fn leave_message(
        &self,
        visitor: VisitorId,
        site: &Site,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        self.desk
            .leave_message(visitor, site, whereabouts, start)
            .await
    }

    async fn at_desk(&self, person: &Person) -> AtDesk {
        self.desk.at_desk(person).await
    }

    async fn is_offered(&self, conversation: ConversationId) -> bool {
        self.desk.is_offered(conversation).await
    }
}

/// A fresh installation.
struct Api {
    router: Router,
    rest: Arc<Rest>,
    clock: Clock,
    noted: Arc<Noted>,
    _folder: tempfile::TempDir,
}

impl Api {
    async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let clock = Clock::manual(At(1_800_000_000_000));
        let settings = Arc::new(Settings::load(store.clone()).await.unwrap());
        settings.set_own_origins(vec![OWN.to_owned()]);
        let accounts = Accounts::open(store.clone(), settings.clone(), clock.clone(), false);
        let graces = Graces {
            visitor: Millis::seconds(60),
            agent: Millis::seconds(30),
            away: Millis::seconds(5),
            ring: Millis::seconds(20),
        };
        let coordination: Arc<dyn Coordination> =
            Arc::new(MemoryCoordination::new(clock.clone(), graces));
        let desk = Arc::new(Desk::new(
            store.clone(),
            Arc::clone(&coordination),
            Arc::new(Hub::new(1)),
            settings.clone(),
            clock.clone(),
            "epoch",
        ));
        let noted = Arc::new(Noted {
            desk: Hooks(desk),
            signed_out: Mutex::default(),
        });
        let rest = Arc::new(Rest {
            accounts: accounts.await.unwrap(),
            store,
            settings,
            clock: clock.clone(),
            attempts: Attempts::new(Arc::clone(&coordination), false),
            addresses: Addresses::new(
                &Config {
                    address_starts_per_min: STARTS_PER_MIN,
                    ..config(folder.path())
                },
                coordination,
            ),
            files: Arc::new(Files::open(Place::Folder(folder.path().join("files"))).unwrap()),
            uploads: Uploads::new(false),
            desk: noted.clone(),
            secure_cookies: false,
            changes: tokio::sync::Mutex::default(),
            pace: PublicPace::new(false),
        });
        Self {
            router: router(rest.clone()),
            rest,
            clock,
            noted,
            _folder: folder,
        }
    }

    /// A fresh installation with its first administrator, Ada.
    async fn with_ada() -> (Self, Login) {
        let api = Self::fresh().await;
        let token = api.rest.accounts.setup.token_to_print().unwrap();
        let first = json!({
            "token": token.reveal(), "name": "Ada", "email": "ada@example.com", "password": PASSWORD,
        });
        let answer = api.post("/api/setup").body(first).send().await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let login = Login::of(&answer);
        (api, login)
    }

    fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        Ask {
            api: self,
            request: Request::builder().method(method).uri(path),
            body: Body::empty(),
        }
    }

    fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    fn patch(&self, path: &str) -> Ask<'_> {
        self.ask("PATCH", path)
    }

    fn delete(&self, path: &str) -> Ask<'_> {
        self.ask("DELETE", path)
    }

    async fn log_in(&self, email: &str, password: &str) -> Answer {
        let words = json!({"email": email, "password": password});
        self.post("/api/login").body(words).send().await
    }

    /// Adds somebody as `by` and signs them in.
    async fn joins(&self, by: &Login, name: &str, role: &str, departments: &[&str]) -> Login {
        let email = format!("{}@example.com", name.to_lowercase());
        let person = json!({
            "email": email, "name": name, "role": role, "departments": departments, "password": PASSWORD,
        });
        let answer = self.post("/api/agents").by(by).body(person).send().await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let answer = self.log_in(&email, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Login::of(&answer)
    }

    fn signed_out(&self) -> Vec<SignedOut> {
        std::mem::take(&mut self.noted.signed_out.lock().unwrap())
    }
}

/// Somebody signed in with a browser.
#[derive(Clone)]
struct Login {
    id: String,
    cookie: String,
}

impl Login {
    fn of(answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        Self {
            id: answer.body["agent"]["id"].as_str().unwrap().to_owned(),
            cookie: cookie.to_owned(),
        }
    }
}

/// A request in the making.
struct Ask<'a> {
    api: &'a Api,
    request: axum::http::request::Builder,
    body: Body,
}

impl Ask<'_> {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With somebody's cookie, from a page of this server.
    fn by(self, login: &Login) -> Self {
        self.header("cookie", &login.cookie).header("origin", OWN)
    }

    fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn body(self, body: Value) -> Self {
        let mut ask = self.header("content-type", "application/json");
        ask.body = Body::from(body.to_string());
        ask
    }

    fn text(self, kind: &str, text: &str) -> Self {
        let mut ask = self.header("content-type", kind);
        ask.body = Body::from(text.to_owned());
        ask
    }

    async fn send(self) -> Answer {
        let mut request = self.request.body(self.body).unwrap();
        let address = ClientAddress("192.0.2.7".parse().unwrap());
        request.extensions_mut().insert(address);
        let answer = self.api.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        answer.check();
        answer
    }
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// What holds for every answer.
    fn check(&self) {
        assert!(!self.header("cache-control").is_empty());
        if self.status.is_client_error() || self.status.is_server_error() {
            assert_eq!(self.header("content-type"), "application/problem+json");
            assert_eq!(self.body["status"], self.status.as_u16());
            for member in ["type", "title", "detail"] {
                assert!(self.body[member].is_string(), "{member}: {}", self.body);
            }
        } else if !self.body.is_null() {
            assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        }
    }

    /// The status, and the field that is wrong.
    fn refusal(&self) -> (u16, &str) {
        let field = self.body["field"].as_str().unwrap_or_default();
        (self.status.as_u16(), field)
    }
}
