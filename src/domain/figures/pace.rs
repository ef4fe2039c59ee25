//! How long chats last, and how much several at once slow each other: what staffing is reckoned with.
//!
//! Unlike the figures beside it this is an estimate: a straight line through the lengths of the chats that ended, by how
//! many chats their agents ran meanwhile (least squares).

use crate::model::time::Millis;

/// Chats that ended, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// How many.
    pub chats: u64,
    length: f64,
    others: f64,
    others_squared: f64,
    product: f64,
}

impl Pace {
    /// A chat ended after `lived`, in which its agent's running chats times time came to `chat`.
    pub(super) fn ended(&mut self, lived: Millis, chat: Millis) {
        if lived.0 <= 0 {
            return;
        }
        let length = lived.0 as f64 / 1_000.0;
        let others = (chat.0 as f64 / lived.0 as f64 - 1.0).max(0.0);
        self.chats += 1;
        self.length += length;
        self.others += others;
        self.others_squared += others * others;
        self.product += length * others;
    }

    /// The mean length in seconds of a chat alone, and of one among `chats` at once. None where no chat ended.
    #[must_use]
    pub fn lengths_s(&self, chats: u32) -> Option<(f64, f64)> {
        if self.chats == 0 {
            return None;
        }
        let count = self.chats as f64;
        let (mean, others) = (self.length / count, self.others / count);
        let spread = self.others_squared / count - others * others;
        // Chats never make each other shorter; what seems so is chance. Nor does one alone take less than a tenth of the mean.
        let slope = if spread > 1e-9 {
            ((self.product / count - mean * others) / spread).max(0.0)
        } else {
            0.0
        };
        let alone = (mean - slope * others).max(mean / 10.0);
        let full = alone + slope * f64::from(chats.max(1) - 1);
        Some((alone, full))
    }
}
