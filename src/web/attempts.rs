//! Failed logins counted over all nodes, beside the throttle of each (`accounts::throttle`).
//!
//! A crowd of guesses that is spread over the nodes by a balancer meets the limits of one. Counted here are what one address
//! may get wrong, for one account and altogether; failures of an account over all addresses each node counts for itself, since
//! it alone knows from where that person signed in before. While coordination is away each node's own count must do.

use std::net::IpAddr;
use std::sync::Arc;

use crate::accounts::throttle::{PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS, WINDOW, name_of_account};
use crate::coordination::Coordination;
use crate::model::time::Millis;
use crate::web::address::counted_as;

/// Counts failed logins.
pub struct Attempts {
    coordination: Arc<dyn Coordination>,
    counts_loopback: bool,
}

/// An attempt that was let through. It counts as failed until it is taken back.
#[must_use = "take it back unless it failed"]
pub struct Attempt {
    coordination: Arc<dyn Coordination>,
    counted: Vec<String>,
}

impl Attempts {
    /// Failures from this machine count per address only if `counts_loopback`.
    #[must_use]
    pub fn new(coordination: Arc<dyn Coordination>, counts_loopback: bool) -> Self {
        Self {
            coordination,
            counts_loopback,
        }
    }

    /// Lets an attempt through, or says after how long one may come.
    pub async fn attempt(&self, address: IpAddr, email: &str) -> Result<Attempt, Millis> {
        let address = counted_as(address.to_canonical());
        let both = format!("login:{}:{address}", name_of_account(email));
        let mut limits = vec![(both, PER_ACCOUNT_AND_ADDRESS)];
        if self.counts_loopback || !address.is_loopback() {
            limits.push((format!("login:{address}"), PER_ADDRESS));
        }
        let mut attempt = Attempt {
            coordination: Arc::clone(&self.coordination),
            counted: Vec::new(),
        };
        for (what, count_max) in limits {
            match self.coordination.count(&what, count_max, WINDOW).await {
                Ok(None) => attempt.counted.push(what),
                Ok(Some(wait)) => {
                    attempt.taken_back().await;
                    return Err(wait);
                }
                Err(away) => {
                    tracing::debug!(error = %away, "a login is counted on this node alone");
                }
            }
        }
        Ok(attempt)
    }
}

impl Attempt {
    /// It was the right password, or could not be judged.
    pub async fn taken_back(self) {
        for what in &self.counted {
            if let Err(away) = self.coordination.uncount(what).await {
                tracing::debug!(error = %away, "a login stays counted for a while");
            }
        }
    }
}
