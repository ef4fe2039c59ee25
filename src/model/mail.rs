//! Mail addresses, as far as looking at one can tell.
//!
//! For whoever takes an address from outside: accounts for people, the desk for visitors who leave a message.

/// Longest mail address, in bytes: RFC 5321, section 4.5.3.1.3, less the angle brackets.
pub const ADDRESS_BYTES_MAX: usize = 254;

/// The address without space around it, if it can be one. Only a mail sent there can prove more.
#[must_use]
pub fn address(text: &str) -> Option<&str> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let is_good = !local.is_empty()
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !local.contains('@')
        && text.len() <= ADDRESS_BYTES_MAX
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    is_good.then_some(text)
}
