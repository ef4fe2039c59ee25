//! Identifiers as types of their own, so that two of them side by side cannot be swapped.
//!
//! Ids made by the server are UUIDv7: they sort by time, which keeps index pages full (RFC 9562, section 5.7). A
//! command id (`cmd`) is made by a client and may be any UUID. Keys (`site`, `department`) and skills are chosen by people,
//! `[a-z0-9-]{1,40}`, and never change.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id that sorts after those made before it.
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id from its 16 bytes, as a store keeps them.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the id.
            #[must_use]
            pub fn bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

uuid_id! {
    /// One conversation between a visitor and the desk.
    ConversationId
}
uuid_id! {
    /// One visitor of a site.
    VisitorId
}
uuid_id! {
    /// One person who works at the desk, whatever their role.
    AgentId
}
uuid_id! {
    /// The `cmd` a client gave a command that must happen once.
    CommandId
}
uuid_id! {
    /// One login session of the panel, or one API token.
    SessionId
}
uuid_id! {
    /// One canned reply.
    CannedReplyId
}
uuid_id! {
    /// One file, sent in a conversation or about to be.
    AttachmentId
}

uuid_id! {
    /// One article of a site.
    ArticleId
}
uuid_id! {
    /// One opening of the widget on one page, as the page itself counts it: kept in memory only, so that it joins nothing.
    VisitId
}

/// Longest key of a site or department, in characters.
pub const KEY_CHARS_MAX: usize = 40;

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key has 1 to {KEY_CHARS_MAX} characters out of a–z, 0–9 and the hyphen")]
pub struct BadKey;

fn checked_key(text: &str) -> Result<Arc<str>, BadKey> {
    let good = (1..=KEY_CHARS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if good {
        Ok(Arc::from(text))
    } else {
        Err(BadKey)
    }
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, TS, JsonSchema, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, pattern = "^[a-z0-9-]{1,40}$")]
        pub struct $name(#[ts(type = "string")] #[schemars(with = "String")] Arc<str>);

        impl $name {
            /// The key, if the text is one.
            pub fn new(text: &str) -> Result<Self, BadKey> {
                checked_key(text).map(Self)
            }

            /// The key's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadKey;
            fn from_str(text: &str) -> Result<Self, BadKey> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

key! {
    /// The key of a site: where the widget is embedded.
    SiteKey
}
key! {
    /// The key of a department: where a conversation waits.
    DepartmentKey
}
key! {
    /// What an agent can do that not all can: a language or a skill, as `start` may ask for it.
    Skill
}

#[cfg(test)]
mod tests {
    use super::{DepartmentKey, SiteKey};

    #[test]
    fn a_key_is_short_and_plain() {
        assert!(SiteKey::new("demo-2").is_ok());
        for bad in ["", "Demo", "a b", "é", &"x".repeat(41)] {
            assert!(SiteKey::new(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<DepartmentKey>("\"Not a key\"").is_err());
    }
}
