//! Signing in with mail address and password, making the first administrator, and changing one's own password.
//!
//! Called by `web`. The order is what matters: throttle, then the store, then the hash; the same steps in the same time
//! whether or not the address is anybody's.

use std::net::IpAddr;

use crate::accounts::Accounts;
use crate::accounts::passwords::{self, BadPassword, Busy};
use crate::accounts::people::{self, Application, BadPerson};
use crate::accounts::sessions::{Begun, SignedIn};
use crate::accounts::throttle::Throttled;
use crate::model::record::{Person, PersonRole};
use crate::store::StoreError;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Address or password are wrong; which of them is nobody's business.
    #[error("The mail address or the password is wrong.")]
    WrongWords,
    /// Too many failures.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too many at this moment.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the first administrator is not made.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// Not the token, or there is somebody already.
    #[error(
        "This set-up link is not valid any more. Start the server anew for a fresh one, or sign in."
    )]
    WrongToken,
    /// The form is filled in wrongly.
    #[error(transparent)]
    Person(#[from] BadPerson),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a password is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The present one is wrong, or it could not be checked.
    #[error(transparent)]
    Current(#[from] SignInError),
    /// The new one is no good.
    #[error(transparent)]
    New(#[from] BadPassword),
}

impl From<Busy> for ChangePasswordError {
    fn from(busy: Busy) -> Self {
        ChangePasswordError::Current(busy.into())
    }
}

impl From<StoreError> for ChangePasswordError {
    fn from(error: StoreError) -> Self {
        ChangePasswordError::Current(error.into())
    }
}

impl Accounts {
    /// Begins a session for whoever knows address and password.
    pub async fn sign_in(
        &self,
        from: IpAddr,
        email: &str,
        password: &str,
    ) -> Result<(Person, Begun), SignInError> {
        let person = self.prove(from, email, password).await?;
        let begun = self.sessions.begin(person.id).await?;
        Ok((person, begun))
    }

    /// Makes the first administrator and begins their session.
    pub async fn set_up(
        &self,
        token: &str,
        name: String,
        email: String,
        password: String,
    ) -> Result<(Person, Begun), SetUpError> {
        if !self.setup.admits(token) {
            return Err(SetUpError::WrongToken);
        }
        // The first administrator serves every department, so that a chat works a minute after the first start.
        let departments = self
            .settings
            .snapshot()
            .departments
            .keys()
            .cloned()
            .collect();
        let application = Application {
            email,
            name,
            role: PersonRole::Admin,
            departments,
            password,
        };
        let new = people::prepare(&self.passwords, application).await?;
        let id = new.id;
        match self.store.create_first_person(new, self.clock.now()).await {
            Ok(()) => self.setup.finish(),
            Err(StoreError::Taken(_)) => {
                self.setup.finish();
                return Err(SetUpError::WrongToken);
            }
            Err(error) => return Err(error.into()),
        }
        let person = self.store.person(id).await?;
        let person = person.ok_or(StoreError::NotThere("person"))?;
        let begun = self.sessions.begin(id).await?;
        Ok((person, begun))
    }

    /// Whether the installation waits for its first administrator; the command line may have made one meanwhile.
    pub async fn needs_set_up(&self) -> Result<bool, StoreError> {
        if self.setup.is_needed() && !self.store.people().await?.is_empty() {
            self.setup.finish();
        }
        Ok(self.setup.is_needed())
    }

    /// Gives whoever is signed in a new password, and ends their other sessions.
    pub async fn change_password(
        &self,
        from: IpAddr,
        who: &SignedIn,
        current: &str,
        new: &str,
    ) -> Result<(), ChangePasswordError> {
        let person = &who.person;
        passwords::check(new, &person.email, &person.name)?;
        self.prove(from, &person.email, current).await?;
        let hash = self.passwords.hash(new).await?;
        let kept = Some(who.session.id);
        self.store.set_password(person.id, hash, kept).await?;
        Ok(())
    }

    /// Whose address and password these are.
    async fn prove(
        &self,
        from: IpAddr,
        email: &str,
        password: &str,
    ) -> Result<Person, SignInError> {
        let attempt = self.throttle.attempt(from, email)?;
        let found = match self.store.person_by_email(email.trim()).await {
            Ok(found) => found,
            Err(error) => {
                attempt.forgiven();
                return Err(error.into());
            }
        };
        let kept = found.as_ref().map(|(_, hash)| hash.as_str());
        match (self.passwords.verify(password, kept).await, found) {
            (Ok(true), Some((person, _))) => {
                attempt.succeeded();
                Ok(person)
            }
            (Ok(_), _) => Err(SignInError::WrongWords),
            (Err(busy), _) => {
                attempt.forgiven();
                Err(busy.into())
            }
        }
    }
}
