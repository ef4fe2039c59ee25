//! The store on PostgreSQL: the common suite, on a real server with a database each.

use std::sync::Arc;

use balie::store::Store;
use balie::store::postgres::{PostgresPlace, PostgresStore, SecretUrl};
use std::time::Duration;

use crate::support::postgres::shared;

pub fn place(url: String) -> PostgresPlace {
    PostgresPlace {
        url: SecretUrl::new(url),
        connections_max: 10,
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(20),
    }
}

pub async fn open(url: String) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(&place(url)).await.unwrap())
}

async fn fresh() -> (Arc<dyn Store>, ()) {
    let server = shared();
    (open(server.url(&server.database())).await, ())
}

crate::store_suite::cases!(fresh);
