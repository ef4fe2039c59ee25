//! Web origins as people write them into a site's list, brought into the one form that browsers send.
//!
//! Called where a site's list is written, so that everywhere else an equal text is an equal origin. Wildcards are no
//! origins: a list that admits whole domains admits whatever is ever hosted under them.

use crate::model::record::OWN_ORIGIN;

/// A text that is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "An origin is \"https://\" or \"http://\", a host and perhaps a port, like \"https://shop.example.com\", or \"{OWN_ORIGIN}\" \
     for this server itself. Write an international host in its xn-- form."
)]
pub struct BadOrigin;

/// Longest origin, in bytes: a host name has at most 253.
const ORIGIN_BYTES_MAX: usize = 270;

/// An origin as browsers write it: lower case, without a port where it is the scheme's own.
pub fn normal_origin(text: &str) -> Result<String, BadOrigin> {
    let text = text.trim();
    if text == OWN_ORIGIN {
        return Ok(text.to_owned());
    }
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_suffix('/').unwrap_or(&lower);
    let (scheme, rest) = lower.split_once("://").ok_or(BadOrigin)?;
    let own_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err(BadOrigin),
    };
    // The brackets of an IPv6 address hold colons that are no port's.
    let host_end = rest.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match rest[host_end..].rfind(':') {
        Some(colon) => (
            &rest[..host_end + colon],
            Some(&rest[host_end + colon + 1..]),
        ),
        None => (rest, None),
    };
    let port: Option<u16> = port
        .map(|port| port.parse().map_err(|_| BadOrigin))
        .transpose()?;
    if !is_host(host) || lower.len() > ORIGIN_BYTES_MAX || port == Some(0) {
        return Err(BadOrigin);
    }
    Ok(match port.filter(|port| *port != own_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').unwrap_or_default();
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::normal_origin;

    #[test]
    fn an_origin_is_brought_into_the_form_that_browsers_send() {
        for (given, normal) in [
            ("self", "self"),
            ("https://Shop.Example.com", "https://shop.example.com"),
            ("https://shop.example.com:443/", "https://shop.example.com"),
            ("http://localhost:80", "http://localhost"),
            (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(normal_origin(given).as_deref(), Ok(normal), "{given}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in [
            "",
            "null",
            "*",
            "https://",
            "https://*.example.com",
            "shop.example.com",
            "ftp://shop.example.com",
            "https://shop.example.com/path",
            "https://user@shop.example.com",
            "https://shop.example.com:0",
            "https://shop.example.com:99999",
            "https://shop.example.com:",
            "https://bücher.example",
            "http://[::1",
            "http://[nonsense]",
            "https://a b",
        ] {
            assert!(normal_origin(bad).is_err(), "{bad}");
        }
    }
}
