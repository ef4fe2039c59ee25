//! What a file is, by its content: a name and a declared type are only what a sender says.
//!
//! A [`Sniffer`] sees the bytes pass and keeps their beginning and end. What begins like a program, a picture or a PDF
//! is one at once; text must be text to its last byte; an office document is a zip whose table of contents says so.

/// Kept of the beginning: enough for the size of a picture behind a camera's notes and colour profile.
const HEAD_BYTES: usize = 256 * 1024;
/// Kept of the end: a zip's table of contents stands there.
const TAIL_BYTES: usize = 64 * 1024;
/// Seen before the first guess.
const GUESS_BYTES: usize = 4 * 1024;
/// How far markup is looked for in a text.
const MARKUP_BYTES: usize = 1_024;

/// What is nothing known, and no text either.
pub const UNKNOWN: &str = "application/octet-stream";
const TEXT: &str = "text/plain";
const ZIP: &str = "application/zip";
const SVG: &str = "image/svg+xml";
const HTML: &str = "text/html";
const PROGRAMS: [&str; 12] = [
    "application/vnd.microsoft.portable-executable",
    "application/x-executable",
    "application/x-mach-binary",
    "application/wasm",
    "application/java",
    "application/java-archive",
    "application/vnd.android.package-archive",
    "application/vnd.android.dex",
    "application/vnd.android.dey",
    "application/x-llvm",
    "application/vnd.debian.binary-package",
    "text/x-shellscript",
];

/// Tells what passes by.
#[derive(Default)]
pub struct Sniffer {
    head: Vec<u8>,
    tail: Vec<u8>,
    text: TextCheck,
    bytes: u64,
}

/// What the beginning says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    /// It is this.
    Sure(&'static str),
    /// It is this if the rest is text, too.
    Text(&'static str),
    /// A zip; its end says of what.
    Zip,
    /// A compound file, as old office programs write; its folder says of what.
    Compound,
}

impl Sniffer {
    /// Sees the next bytes.
    pub fn push(&mut self, part: &[u8]) {
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&part[..part.len().min(room)]);
        let fresh = &part[part.len().saturating_sub(TAIL_BYTES)..];
        let surplus = (self.tail.len() + fresh.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.tail.extend_from_slice(fresh);
        self.text.push(part);
        self.bytes += part.len() as u64;
    }

    /// Whether enough was seen for [`Sniffer::could_be`].
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.bytes >= GUESS_BYTES as u64
    }

    /// All that it may still turn out to be, by what was seen so far: one type, or those of a family.
    #[must_use]
    pub fn could_be(&self) -> Vec<&'static str> {
        match self.guess() {
            Guess::Sure(found) => vec![found],
            Guess::Text(_) if self.text.is_broken => vec![UNKNOWN],
            Guess::Text(found) => vec![found],
            Guess::Zip => {
                let named = ZIPPED.iter().map(|(_, found)| *found);
                named.chain(OPEN_DOCUMENT).chain([ZIP]).collect()
            }
            Guess::Compound => COMPOUND.iter().map(|(_, found)| *found).collect(),
        }
    }

    /// What it is, after the last byte.
    #[must_use]
    pub fn finish(&self) -> &'static str {
        match self.guess() {
            Guess::Sure(found) => found,
            Guess::Text(found) if self.text.is_whole() => found,
            Guess::Text(_) => UNKNOWN,
            Guess::Zip => zipped(&self.head, &self.tail),
            Guess::Compound => compound(&self.head, &self.tail),
        }
    }

    /// The beginning, as far as it was kept.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    fn guess(&self) -> Guess {
        let head = &self.head[..self.head.len().min(GUESS_BYTES)];
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            return Guess::Zip;
        }
        if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return Guess::Compound;
        }
        let known = infer::get(head).map(|found| found.mime_type());
        if TextCheck::is_text(head) {
            return match known {
                // These are made of text.
                Some(
                    found @ ("application/pdf" | "application/rtf" | "application/postscript"),
                ) => Guess::Sure(found),
                Some("text/x-shellscript") => Guess::Text("text/x-shellscript"),
                // Two letters make a program for this library, or a picture: "MZ…", "BM…". Words may begin so as well.
                Some(_) | None => Guess::Text(kind_of_text(head)),
            };
        }
        Guess::Sure(known.unwrap_or(UNKNOWN))
    }
}

/// Whether the bytes so far are UTF-8 without control characters, wherever they are cut.
#[derive(Default)]
struct TextCheck {
    /// Of a character that was cut, at most three bytes.
    rest: Vec<u8>,
    is_broken: bool,
}

impl TextCheck {
    fn push(&mut self, part: &[u8]) {
        if self.is_broken {
            return;
        }
        let mut bytes = part;
        // A cut character is completed byte by byte; the rest needs no copy.
        while !self.rest.is_empty() && !bytes.is_empty() {
            self.rest.push(bytes[0]);
            bytes = &bytes[1..];
            match std::str::from_utf8(&self.rest) {
                Ok(text) => {
                    self.is_broken = has_controls(text);
                    self.rest.clear();
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.is_broken = true;
                    return;
                }
            }
        }
        let (text, rest) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, &[][..]),
            Err(error) if error.error_len().is_none() => {
                let (whole, rest) = bytes.split_at(error.valid_up_to());
                (std::str::from_utf8(whole).unwrap_or_default(), rest)
            }
            Err(_) => {
                self.is_broken = true;
                return;
            }
        };
        self.is_broken |= has_controls(text);
        self.rest.extend_from_slice(rest);
    }

    /// After the last byte.
    fn is_whole(&self) -> bool {
        !self.is_broken && self.rest.is_empty()
    }

    /// Whether bytes that may be cut at the end are text.
    fn is_text(bytes: &[u8]) -> bool {
        let mut check = Self::default();
        check.push(bytes);
        !check.is_broken
    }
}

fn has_controls(text: &str) -> bool {
    text.chars()
        .any(|one| one.is_control() && !matches!(one, '\t' | '\n' | '\r' | '\x0c'))
}

/// Words, or what a browser or viewer would run. A text that only looks like markup is called markup: refusing one
/// too many is the safe mistake.
fn kind_of_text(head: &[u8]) -> &'static str {
    let begin = &head[..head.len().min(MARKUP_BYTES)];
    let begin = String::from_utf8_lossy(begin).to_lowercase();
    let begin = begin.trim_start_matches(|one: char| one.is_whitespace() || one == '\u{feff}');
    if !begin.starts_with('<') {
        return TEXT;
    }
    let has_page = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<meta",
        "<img",
        "<a ",
        "<div",
        "<style",
        "<title",
        "<table",
        "<form",
    ]
    .iter()
    .any(|tag| begin.contains(tag));
    if begin.contains("<svg") {
        SVG
    } else if has_page {
        HTML
    } else if begin.starts_with("<?xml") || begin.starts_with("<!") {
        "text/xml"
    } else {
        TEXT
    }
}

/// A name in a zip's table of contents that tells what it is; the first that is there counts.
const ZIPPED: [(&[u8], &str); 8] = [
    (
        b"AndroidManifest.xml",
        "application/vnd.android.package-archive",
    ),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
    // Documents that bring programs along.
    (
        b"word/vbaProject.bin",
        "application/vnd.ms-word.document.macroenabled.12",
    ),
    (
        b"xl/vbaProject.bin",
        "application/vnd.ms-excel.sheet.macroenabled.12",
    ),
    (
        b"ppt/vbaProject.bin",
        "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    ),
    (
        b"word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        b"xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        b"ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
];

/// The types that an OpenDocument file names itself by.
const OPEN_DOCUMENT: [&str; 5] = [
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics",
    "application/epub+zip",
];

fn zipped(head: &[u8], tail: &[u8]) -> &'static str {
    if let Some(found) = open_document(head) {
        return found;
    }
    let names: Vec<&[u8]> = names_in(head, b"PK\x03\x04", 26, 30)
        .chain(names_in(tail, b"PK\x01\x02", 28, 46))
        .collect();
    ZIPPED
        .iter()
        .find(|(name, _)| names.contains(name))
        .map_or(ZIP, |(_, found)| found)
}

/// The first file in an OpenDocument is called `mimetype`, is not compressed and holds the type.
fn open_document(head: &[u8]) -> Option<&'static str> {
    let content = head.get(30..)?.strip_prefix(b"mimetype")?;
    let found = OPEN_DOCUMENT
        .into_iter()
        .filter(|found| content.starts_with(found.as_bytes()));
    // `…opendocument.text` begins `…opendocument.text-master` as well: the longest that fits.
    found.max_by_key(|found| found.len())
}

/// The names in those records of a zip that begin with `signature`: their length stands at one place, they at another.
fn names_in<'bytes>(
    bytes: &'bytes [u8],
    signature: &'static [u8; 4],
    length_at: usize,
    name_at: usize,
) -> impl Iterator<Item = &'bytes [u8]> {
    bytes
        .windows(4)
        .enumerate()
        .filter(move |(_, window)| window == signature)
        .filter_map(move |(at, _)| {
            let record = &bytes[at..];
            let length: [u8; 2] = record.get(length_at..length_at + 2)?.try_into().ok()?;
            record.get(name_at..name_at + usize::from(u16::from_le_bytes(length)))
        })
}

/// A name in the folder of a compound file that tells what it is.
const COMPOUND: [(&str, &str); 5] = [
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("", "application/x-ole-storage"),
];

fn compound(head: &[u8], tail: &[u8]) -> &'static str {
    let has = |bytes: &[u8], name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        wide.is_empty() || bytes.windows(wide.len()).any(|window| window == wide)
    };
    COMPOUND
        .iter()
        .find(|(name, _)| has(head, name) || has(tail, name))
        .map_or(UNKNOWN, |(_, found)| found)
}

/// Whether a list such as a site's allows a type: by its name, or by its family as `image/*`. A drawing that may hold
/// a script is no image; who wants it names it.
#[must_use]
pub fn is_allowed(allowed: &[String], found: &str) -> bool {
    allowed.iter().any(|one| match one.strip_suffix("/*") {
        Some(family) => {
            found != SVG
                && found
                    .split_once('/')
                    .is_some_and(|(name, _)| name.eq_ignore_ascii_case(family))
        }
        None => one.eq_ignore_ascii_case(found),
    })
}

/// The type in words, to complete "This is …".
#[must_use]
pub fn described(media_type: &str) -> &'static str {
    match media_type {
        program if PROGRAMS.contains(&program) => "a program",
        SVG => "an SVG drawing, which may hold scripts",
        HTML => "a web page",
        TEXT => "text",
        ZIP => "a zip archive",
        UNKNOWN => "of no known type",
        "application/pdf" => "a PDF",
        macros if macros.contains("macroenabled") => "an office document with programs in it",
        other if other.starts_with("image/") => "a picture",
        other if other.starts_with("video/") => "a video",
        other if other.starts_with("audio/") => "a sound",
        other if other.contains("officedocument") || other.contains("opendocument") => {
            "an office document"
        }
        _ => "another kind of file",
    }
}

/// Endings of names that fit a type, the usual one first; empty where any fits.
#[must_use]
pub fn extensions_of(media_type: &str) -> &'static [&'static str] {
    match media_type {
        "image/png" => &["png", "apng"],
        "image/jpeg" => &["jpg", "jpeg", "jpe", "jfif"],
        "image/gif" => &["gif"],
        "image/webp" => &["webp"],
        "image/bmp" => &["bmp", "dib"],
        "image/tiff" => &["tif", "tiff"],
        "image/heif" => &["heic", "heif"],
        "image/avif" => &["avif"],
        SVG => &["svg"],
        HTML => &["html", "htm"],
        "text/xml" => &["xml"],
        TEXT => &[
            "txt", "text", "md", "csv", "tsv", "log", "json", "yaml", "yml", "toml", "ini", "conf",
            "sql", "srt", "vtt", "ics", "vcf", "eml", "diff", "patch",
        ],
        "application/pdf" => &["pdf"],
        ZIP => &["zip"],
        _ => office_extensions(media_type),
    }
}

fn office_extensions(media_type: &str) -> &'static [&'static str] {
    let Some(name) = media_type.strip_prefix("application/vnd.") else {
        return if media_type == "application/msword" {
            &["doc", "dot"]
        } else {
            &[]
        };
    };
    match name {
        "openxmlformats-officedocument.wordprocessingml.document" => &["docx", "dotx"],
        "openxmlformats-officedocument.spreadsheetml.sheet" => &["xlsx", "xltx"],
        "openxmlformats-officedocument.presentationml.presentation" => &["pptx", "potx", "ppsx"],
        "oasis.opendocument.text" => &["odt", "ott"],
        "oasis.opendocument.spreadsheet" => &["ods", "ots"],
        "oasis.opendocument.presentation" => &["odp", "otp"],
        "oasis.opendocument.graphics" => &["odg", "otg"],
        "ms-excel" => &["xls", "xlt"],
        "ms-powerpoint" => &["ppt", "pps", "pot"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
