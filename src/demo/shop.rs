//! The demo's shop: its departments, the people at its desk and when they work, its tags and canned replies.

use crate::model::event::AgentName;
use crate::model::id::{AgentId, CannedReplyId, DepartmentKey};
use crate::model::record::{
    CannedReply, Department, FormField, FormFieldKind, IDLE_CLOSE_DEFAULT, PairingMode, PersonRole,
};
use crate::model::routing::Routing;
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};

use super::dice::Dice;

/// The line that offers instead of assigning, and minds silence.
pub const OFFERS: &str = "returns";
/// After so long without a word a chat of [`OFFERS`] is warned.
pub const IDLE_LIMIT: Millis = Millis::seconds(5 * 60);

/// Somebody at the desk.
pub struct Colleague {
    /// Who.
    pub name: AgentName,
    /// Signs in with it.
    pub email: String,
    /// What they may do.
    pub role: PersonRole,
    /// The departments they serve.
    pub departments: Vec<DepartmentKey>,
    /// Conversations at once.
    pub capacity: u8,
    /// Working hours by weekday from Monday on, in half hours of UTC: from, to; `None` is a day off.
    pub hours: [Option<(i64, i64)>; 7],
}

/// Half hours of a day's work.
type Hours = Option<(i64, i64)>;

const EARLY: Hours = Some((14, 30));
const DAY: Hours = Some((17, 33));
const LATE: Hours = Some((25, 42));
const SHORT: Hours = Some((19, 25));

/// Name, address, role, departments, capacity, hours.
type Row = (
    &'static str,
    &'static str,
    PersonRole,
    &'static [&'static str],
    u8,
    [Hours; 7],
);

const PEOPLE: [Row; 8] = [
    (
        "Femke de Vries",
        "femke",
        PersonRole::Admin,
        &["sales", "support"],
        2,
        [SHORT, None, SHORT, None, SHORT, None, None],
    ),
    (
        "Daan Visser",
        "daan",
        PersonRole::Supervisor,
        &["support", "returns", "sales"],
        2,
        [DAY, DAY, None, DAY, DAY, None, None],
    ),
    (
        "Sanne Bakker",
        "sanne",
        PersonRole::Agent,
        &["support"],
        2,
        [EARLY, EARLY, EARLY, EARLY, None, None, None],
    ),
    (
        "Mehmet Yilmaz",
        "mehmet",
        PersonRole::Agent,
        &["support", "returns"],
        2,
        [LATE, LATE, None, None, LATE, LATE, LATE],
    ),
    (
        "Ana Pereira",
        "ana",
        PersonRole::Agent,
        &["sales", "support"],
        2,
        [EARLY, None, EARLY, EARLY, EARLY, EARLY, None],
    ),
    (
        "Joris Smit",
        "joris",
        PersonRole::Agent,
        &["sales"],
        3,
        [None, DAY, DAY, LATE, LATE, DAY, None],
    ),
    (
        "Noor El Amrani",
        "noor",
        PersonRole::Agent,
        &["returns", "support"],
        2,
        [DAY, DAY, DAY, DAY, DAY, None, None],
    ),
    (
        "Tom Hughes",
        "tom",
        PersonRole::Agent,
        &["support", "sales"],
        2,
        [None, LATE, LATE, LATE, None, EARLY, DAY],
    ),
];

/// Everybody at the desk. Their ids begin at `since`.
pub fn colleagues(seed: u64, since: At) -> Vec<Colleague> {
    let mut dice = Dice::of(seed, 1);
    PEOPLE
        .iter()
        .map(
            |(name, local_part, role, departments, capacity, hours)| Colleague {
                name: AgentName {
                    id: AgentId(dice.uuid(since)),
                    name: (*name).to_owned(),
                },
                email: format!("{local_part}@noordbikes.example"),
                role: *role,
                departments: departments.iter().map(|key| department_key(key)).collect(),
                capacity: *capacity,
                hours: *hours,
            },
        )
        .collect()
}

/// A key of one of the demo's departments.
pub fn department_key(key: &str) -> DepartmentKey {
    DepartmentKey::new(key).expect("the demo's departments have plain keys")
}

/// The department that a fresh data folder does not have.
pub fn returns() -> Department {
    Department {
        key: department_key(OFFERS),
        name: "Returns".to_owned(),
        mode: PairingMode::Offer,
        priority: 0,
        hours: None,
        standard: Standard::default(),
        routing: Routing::default(),
        idle_limit_ms: Some(IDLE_LIMIT),
        idle_close_ms: IDLE_CLOSE_DEFAULT,
        idle_text:
            "Are you still there? I close this chat in a minute; just write if you need anything."
                .to_owned(),
    }
}

/// What the site asks before a chat.
pub fn form() -> Vec<FormField> {
    let field = |name: &str, label: &str, kind| FormField {
        name: name.to_owned(),
        label: label.to_owned(),
        kind,
        required: false,
        options: Vec::new(),
    };
    vec![
        field("name", "Your name", FormFieldKind::Text),
        field(
            "email",
            "Your mail address, if we lose each other",
            FormFieldKind::Email,
        ),
    ]
}

/// What conversations are filed under.
pub const TAGS: [&str; 14] = [
    "account", "advice", "business", "delivery", "discount", "exchange", "gift", "other",
    "payment", "returns", "stock", "urgent", "warranty", "workshop",
];

/// Shortcut, title, text, department.
const REPLIES: [(&str, &str, &str, Option<&str>); 9] = [
    (
        "hours",
        "Opening hours",
        "The shop is open from Tuesday to Saturday, ten to six, at Noorderkade 18.",
        None,
    ),
    (
        "wait",
        "One moment",
        "One moment please, I am looking it up.",
        None,
    ),
    (
        "bye",
        "Goodbye",
        "Glad I could help. Have a nice day, and ride safely!",
        None,
    ),
    (
        "dag",
        "Afscheid",
        "Graag gedaan. Fijne dag nog, en goede reis op de fiets!",
        None,
    ),
    (
        "track",
        "Where is my parcel?",
        "You can follow your parcel under Orders in your account. It moves once the carrier has scanned it, usually in the evening.",
        Some("support"),
    ),
    (
        "squeal",
        "Squealing brake",
        "Wipe the disc with alcohol and brake hard five times. If it still squeals, bring the bike in and we clean it for free.",
        Some("support"),
    ),
    (
        "size",
        "Which size?",
        "Tell me your height and your inside leg in centimetres, then I can tell you the size.",
        Some("sales"),
    ),
    (
        "trial",
        "Test ride",
        "A test ride of an hour is free, from Tuesday on. Please bring something that shows who you are.",
        Some("sales"),
    ),
    (
        "thirty",
        "Thirty days",
        "You can send everything back within thirty days. Bikes we pick up for free, with up to 50 km on them.",
        Some("returns"),
    ),
];

/// Replies ready to be inserted.
pub fn canned_replies(seed: u64, since: At) -> Vec<CannedReply> {
    let mut dice = Dice::of(seed, 2);
    REPLIES
        .iter()
        .map(|(shortcut, title, text, department)| CannedReply {
            id: CannedReplyId(dice.uuid(since)),
            shortcut: (*shortcut).to_owned(),
            title: (*title).to_owned(),
            text: (*text).to_owned(),
            department: department.map(department_key),
        })
        .collect()
}
