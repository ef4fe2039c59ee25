//! What a team promises itself: how soon visitors are answered, how many of them, and counted how.
//!
//! A setting of each department. Figures are judged by it, staffing is reckoned for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::time::Millis;

/// A department's standard.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema,
)]
pub struct Standard {
    /// Answered within this wait (T); 1,000 to 86,400,000 ms.
    pub threshold_ms: Millis,
    /// So many in a hundred; 1 to 99.
    pub target_percent: u8,
    /// Of whom.
    pub definition: Definition,
}

impl Default for Standard {
    /// Four in five within 20 s, the usual one.
    fn default() -> Self {
        Self {
            threshold_ms: Millis::seconds(20),
            target_percent: 80,
            definition: Definition::default(),
        }
    }
}

/// The five usual definitions of the service level for a threshold T.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// Answered within T, of all who did not leave at once. The default.
    #[default]
    WithoutShort,
    /// Answered within T, of all.
    Strict,
    /// Answered within T, of all who did not leave within T.
    AfterThreshold,
    /// Answered or gone within T, of all.
    Kind,
    /// Answered within T, of the answered.
    AnsweredOnly,
}
