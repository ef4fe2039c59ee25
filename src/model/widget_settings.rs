//! How a site wants its widget: looks, greetings, consent, attachments.
//!
//! One nested value of a [`Site`](crate::model::record::Site), kept as one JSON text and replaced whole. Whatever is
//! absent has the default of [`WidgetSettings::default`], so that a site written before a member existed still reads.
//! The limits of each member are checked where it comes in, in `web/rest/widget_settings.rs`.

use serde::{Deserialize, Serialize};

use crate::model::time::Millis;

/// Everything a site says of its widget beside its name, colour and form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WidgetSettings {
    /// An https address of a square picture; null shows the site's name only.
    pub logo: Option<String>,
    /// At which side of the page the launcher stands.
    pub side: Side,
    /// How far from the page's corner, in CSS pixels.
    pub offset: Offset,
    /// Light, dark, or as the visitor's device says.
    pub theme: Theme,
    /// When the socket is opened.
    pub connect: Connect,
    /// What is said before the visitor opens the chat; the first whose conditions hold.
    pub greetings: Vec<Greeting>,
    /// What the visitor is told or asked before the chat; null says nothing.
    pub consent: Option<Consent>,
    /// What visitors may attach; null is nothing.
    pub uploads: Option<Uploads>,
    /// From this expected wait on the widget offers to leave a message instead.
    pub long_wait_ms: Millis,
}

impl Default for WidgetSettings {
    fn default() -> Self {
        Self {
            logo: None,
            side: Side::default(),
            offset: Offset::default(),
            theme: Theme::default(),
            connect: Connect::default(),
            greetings: Vec::new(),
            consent: None,
            uploads: Some(Uploads::default()),
            long_wait_ms: Millis::seconds(15 * 60),
        }
    }
}

/// A side of the page, by its direction of writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where lines end: at the right where people write from left to right.
    #[default]
    End,
    /// Where lines begin.
    Start,
}

/// The distance of the launcher from its corner, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Offset {
    /// From the side.
    pub x: u16,
    /// From the bottom.
    pub y: u16,
}

impl Default for Offset {
    fn default() -> Self {
        Self { x: 16, y: 16 }
    }
}

/// Which of the widget's two sets of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the visitor's device says.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// When the widget opens its socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connect {
    /// When the visitor first opens the chat: a page view then costs the server nothing.
    #[default]
    Open,
    /// With the page: agents may then see who is on the site.
    Load,
}

/// Something said beside the launcher when every named condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Greeting {
    /// What is said.
    pub text: String,
    /// Only on pages whose address contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Only after so long on the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<Millis>,
    /// Only after so much of the page was scrolled through, 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scroll_percent: Option<u8>,
    /// Only for these visitors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<GreetedVisitor>,
}

/// Whom a greeting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GreetedVisitor {
    /// Everybody.
    Any,
    /// Who has not chatted here before, as far as the browser remembers.
    New,
    /// Who has.
    Returning,
}

/// What is said of the visitor's data before the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// In the site's own words.
    pub text: String,
    /// Where more is said, http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the visitor must agree; else it is only told.
    #[serde(default)]
    pub required: bool,
}

/// What may be attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    /// Largest file, in bytes.
    pub bytes_max: u64,
    /// Kinds of file as media types, `image/*` for every picture.
    pub types: Vec<String>,
}

/// Largest attachment unless the site says otherwise, in bytes: a photograph of a phone fits.
const UPLOAD_BYTES_DEFAULT: u64 = 20 * 1_024 * 1_024;

/// Pictures and what offices write. Nothing here runs by being opened.
const UPLOAD_TYPES_DEFAULT: [&str; 13] = [
    "image/*",
    "application/pdf",
    "text/plain",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];

impl Default for Uploads {
    fn default() -> Self {
        Self {
            bytes_max: UPLOAD_BYTES_DEFAULT,
            types: UPLOAD_TYPES_DEFAULT.map(str::to_owned).to_vec(),
        }
    }
}
