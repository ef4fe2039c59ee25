//! What makes a person: the rules for names, addresses and passwords, in one place for every way in.
//!
//! Called by the set-up, by the agents resource and by the command line (`balie admin create`).

use crate::accounts::passwords::{self, BadPassword, Busy, Passwords};
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::mail;
use crate::model::record::{CAPACITY_DEFAULT, PersonRole};
use crate::store::NewPerson;

/// Longest name of a person, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// Why somebody cannot be added so; the words are for whoever filled in the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPerson {
    /// Empty, too long, or with control characters.
    #[error("A name has 1 to {NAME_CHARS_MAX} characters.")]
    Name,
    /// No address.
    #[error("This is no mail address: write it like \"ana@example.com\".")]
    Email,
    /// See there.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// See there.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// What somebody filled in for a new person.
#[derive(Clone, Debug)]
pub struct Application {
    /// Signs in with it.
    pub email: String,
    /// Shown to visitors and colleagues.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// The departments they serve.
    pub departments: Vec<DepartmentKey>,
    /// Their first password.
    pub password: String,
}

/// The person to add, once everything about them is right and the password is hashed.
pub async fn prepare(
    passwords: &Passwords,
    application: Application,
) -> Result<NewPerson, BadPerson> {
    let name = checked_name(&application.name)?;
    let email = checked_email(&application.email)?;
    passwords::check(&application.password, &email, &name)?;
    let password_hash = passwords.hash(&application.password).await?;
    Ok(NewPerson {
        id: AgentId::fresh(),
        email,
        name,
        role: application.role,
        departments: application.departments,
        skills: Vec::new(),
        capacity: CAPACITY_DEFAULT,
        password_hash,
    })
}

/// The name without space around it, if it is one. Control characters and those that turn the direction of the text
/// around are refused: a name stands beside other people's words.
pub fn checked_name(name: &str) -> Result<String, BadPerson> {
    let name = name.trim();
    let is_turning = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_good = (1..=NAME_CHARS_MAX).contains(&name.chars().count())
        && !name.chars().any(|c| c.is_control() || is_turning(c));
    is_good.then(|| name.to_owned()).ok_or(BadPerson::Name)
}

/// The address without space around it, if it can be one.
pub fn checked_email(email: &str) -> Result<String, BadPerson> {
    mail::address(email)
        .map(str::to_owned)
        .ok_or(BadPerson::Email)
}

#[cfg(test)]
mod tests {
    use super::{BadPerson, checked_email, checked_name};

    #[test]
    fn names_and_addresses_are_plain() {
        assert_eq!(checked_name("  Ana Pereira ").as_deref(), Ok("Ana Pereira"));
        assert_eq!(checked_name("李娜").as_deref(), Ok("李娜"));
        for bad in [
            "",
            "  ",
            "a\nb",
            "a\0b",
            "admin\u{202e}nimda",
            &"x".repeat(101),
        ] {
            assert_eq!(checked_name(bad), Err(BadPerson::Name), "{bad:?}");
        }
        assert_eq!(
            checked_email(" Ana@example.com").as_deref(),
            Ok("Ana@example.com")
        );
        assert!(checked_email("ana@localhost").is_ok());
        for bad in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "a b@c.d",
            "a@b@c.d",
            "ana@.com",
            "ana@com.",
        ] {
            assert_eq!(checked_email(bad), Err(BadPerson::Email), "{bad:?}");
        }
    }
}
