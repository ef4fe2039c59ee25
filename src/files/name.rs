//! Names of files as strangers give them, made harmless to show and to save.
//!
//! A name is only ever shown as text and offered to whoever downloads; it never becomes a path of ours.

use crate::files::kind::extensions_of;

/// Longest name, in characters.
pub const CHARS_MAX: usize = 200;
/// What a file without a usable name is called.
const NAMELESS: &str = "file";

/// The name without folders, control characters and what turns the direction of writing (which makes `gpj.exe` look like
/// `exe.jpg`), at most [`CHARS_MAX`] characters long.
#[must_use]
pub fn cleaned(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .map(|one| if one.is_whitespace() { ' ' } else { one })
        .filter(|one| !one.is_control() && !is_unseen(*one))
        // Not allowed in names on Windows, where many agents save them.
        .map(|one| if "<>:\"|?*".contains(one) { '_' } else { one })
        .collect();
    // A dot in front hides a file, one at the end is dropped by Windows.
    let kept = kept.trim_matches(|one: char| one == '.' || one == ' ');
    shortened(if kept.is_empty() { NAMELESS } else { kept }, CHARS_MAX)
}

/// The name with an ending that fits what the file is: words called `invoice.html` would run as a page when opened.
#[must_use]
pub fn fitting(name: &str, media_type: &str) -> String {
    let known = extensions_of(media_type);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let fits = !stem.is_empty() && known.iter().any(|one| one.eq_ignore_ascii_case(ending));
    match known.first() {
        Some(first) if !fits => {
            let room = CHARS_MAX - first.len() - 1;
            format!("{}.{first}", shortened(name, room))
        }
        Some(_) | None => name.to_owned(),
    }
}

/// `Content-Disposition` that saves the file under its name (RFC 6266), which may hold any letters (RFC 8187).
#[must_use]
pub fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|one| match one {
            '"' | '\\' | '%' => '_',
            ' '..='~' => one,
            _ => '_',
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        // `attr-char` of RFC 8187, 3.2.1.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// What is not seen but changes how the rest is seen: marks of direction, and spaces of no width. The joiners stay, for
/// Persian and for emoji.
fn is_unseen(one: char) -> bool {
    matches!(
        one,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// At most so many characters, with the ending kept where it is a short one.
fn shortened(name: &str, chars_max: usize) -> String {
    if name.chars().count() <= chars_max {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 10 => (stem, format!(".{ending}")),
        Some(_) | None => (name, String::new()),
    };
    let room = chars_max - ending.chars().count();
    stem.chars().take(room).collect::<String>() + &ending
}

#[cfg(test)]
mod tests {
    use super::{CHARS_MAX, cleaned, disposition, fitting};

    #[test]
    fn a_name_has_no_folders_and_no_tricks() {
        for (given, clean) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\a b.pdf", "a b.pdf"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("a\r\nSet-Cookie: x=1.png", "a  Set-Cookie_ x=1.png"),
            (
                "<img src=x onerror=alert(1)>.png",
                "_img src=x onerror=alert(1)_.png",
            ),
            (".htaccess", "htaccess"),
            ("\u{200b}\u{feff}", "file"),
            ("..", "file"),
            ("", "file"),
            ("faktúra 発票.pdf", "faktúra 発票.pdf"),
        ] {
            assert_eq!(cleaned(given), clean, "{given:?}");
        }
        let long = cleaned(&format!("{}.pdf", "é".repeat(500)));
        assert_eq!(long.chars().count(), CHARS_MAX);
        assert!(long.ends_with(".pdf"));
    }

    #[test]
    fn an_ending_fits_the_content() {
        assert_eq!(fitting("a.png", "image/png"), "a.png");
        assert_eq!(fitting("a.JPG", "image/jpeg"), "a.JPG");
        assert_eq!(fitting("invoice.html", "text/plain"), "invoice.html.txt");
        assert_eq!(fitting("a.exe", "image/png"), "a.exe.png");
        assert_eq!(fitting("png", "image/png"), "png.png");
        assert_eq!(fitting("a.xyz", "application/x-unheard-of"), "a.xyz");
        let long = fitting(&"x".repeat(CHARS_MAX), "image/png");
        assert_eq!(long.chars().count(), CHARS_MAX);
    }

    #[test]
    fn a_disposition_is_one_header_in_ascii() {
        assert_eq!(
            disposition("a \"b\" é%.pdf"),
            "attachment; filename=\"a _b_ __.pdf\"; filename*=UTF-8''a%20%22b%22%20%C3%A9%25.pdf"
        );
    }
}
