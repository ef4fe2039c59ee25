//! The limits of a site's widget settings, each refusal with the field and what is asked for. Called where a site is
//! written, by `sites`.

use axum::http::Uri;

use crate::model::time::Millis;
use crate::model::widget_settings::{Consent, Greeting, Offset, Uploads, WidgetSettings};
use crate::web::error::Problem;
use crate::web::rest::body::{line, paragraph, set_of};

/// Longest address of a logo or a page about data, in characters.
const URL_CHARS_MAX: usize = 500;
/// Farthest from the corner, in CSS pixels: beyond it the launcher would leave small screens.
const OFFSET_MAX: u16 = 400;
/// Most greetings. With the longest texts they still fit a request's body.
const GREETINGS_MAX: usize = 20;
/// Longest greeting, in characters: it stands in a bubble beside the launcher.
const GREETING_CHARS_MAX: usize = 300;
/// Longest part of an address, in characters.
const PAGE_CHARS_MAX: usize = 200;
/// Longest time before a greeting: nobody looks at one page for longer.
const AFTER_MS_MAX: i64 = 60 * 60 * 1_000;
/// Longest consent line, in characters.
const CONSENT_CHARS_MAX: usize = 1_000;
/// Largest file that a site may allow, in bytes.
const UPLOAD_BYTES_MAX: u64 = 100 * 1_024 * 1_024;
/// Most kinds of file.
const UPLOAD_TYPES_MAX: usize = 50;
/// Longest media type, in characters: RFC 6838 allows 127 for each half.
const TYPE_CHARS_MAX: usize = 255;
/// Longest "long wait": a day.
const LONG_WAIT_MS_MAX: i64 = 24 * 60 * 60 * 1_000;

/// The settings in their plainest form, or what is wrong with them.
pub fn checked(widget: WidgetSettings) -> Result<WidgetSettings, Problem> {
    let Offset { x, y } = widget.offset;
    for (field, pixels) in [("widget.offset.x", x), ("widget.offset.y", y)] {
        if pixels > OFFSET_MAX {
            let detail = format!("This is a whole number of pixels from 0 to {OFFSET_MAX}.");
            return Err(Problem::field(field, detail));
        }
    }
    span("widget.long_wait_ms", widget.long_wait_ms, LONG_WAIT_MS_MAX)?;
    if widget.greetings.len() > GREETINGS_MAX {
        let detail = format!("There are at most {GREETINGS_MAX} greetings.");
        return Err(Problem::field("widget.greetings", detail));
    }
    let logo = widget
        .logo
        .map(|logo| url("widget.logo", &logo, &["https"]));
    let greetings = widget.greetings.into_iter().enumerate();
    Ok(WidgetSettings {
        logo: logo.transpose()?,
        greetings: greetings
            .map(|(index, one)| checked_greeting(&format!("widget.greetings[{index}]"), one))
            .collect::<Result<_, _>>()?,
        consent: widget.consent.map(checked_consent).transpose()?,
        uploads: widget.uploads.map(checked_uploads).transpose()?,
        ..widget
    })
}

fn checked_greeting(path: &str, greeting: Greeting) -> Result<Greeting, Problem> {
    if let Some(after) = greeting.after_ms {
        span(&format!("{path}.after_ms"), after, AFTER_MS_MAX)?;
    }
    if greeting
        .scroll_percent
        .is_some_and(|percent| !(1..=100).contains(&percent))
    {
        let detail = "This is a whole number from 1 to 100.";
        return Err(Problem::field(format!("{path}.scroll_percent"), detail));
    }
    let page = greeting
        .page
        .map(|page| line(&format!("{path}.page"), &page, PAGE_CHARS_MAX));
    Ok(Greeting {
        text: paragraph(&format!("{path}.text"), &greeting.text, GREETING_CHARS_MAX)?,
        page: page.transpose()?,
        ..greeting
    })
}

fn checked_consent(consent: Consent) -> Result<Consent, Problem> {
    let url = consent
        .url
        .map(|text| url("widget.consent.url", &text, &["https", "http"]));
    Ok(Consent {
        text: paragraph("widget.consent.text", &consent.text, CONSENT_CHARS_MAX)?,
        url: url.transpose()?,
        ..consent
    })
}

fn checked_uploads(uploads: Uploads) -> Result<Uploads, Problem> {
    if !(1..=UPLOAD_BYTES_MAX).contains(&uploads.bytes_max) {
        let detail = format!("This is a number of bytes from 1 to {UPLOAD_BYTES_MAX}.");
        return Err(Problem::field("widget.uploads.bytes_max", detail));
    }
    let field = "widget.uploads.types";
    if uploads.types.is_empty() {
        let detail = "Name at least one kind of file, or set uploads to null to allow none.";
        return Err(Problem::field(field, detail));
    }
    let types: Vec<String> = uploads
        .types
        .iter()
        .map(|kind| kind.trim().to_ascii_lowercase())
        .collect();
    if let Some(wrong) = types.iter().find(|kind| !is_media_type(kind)) {
        let detail = format!(
            "\"{wrong}\" is no kind of file. Write it like image/png, or image/* for all pictures."
        );
        return Err(Problem::field(field, detail));
    }
    set_of(field, &types, UPLOAD_TYPES_MAX)?;
    Ok(Uploads { types, ..uploads })
}

/// `kind/subkind` or `kind/*`, in the characters of RFC 6838.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= TYPE_CHARS_MAX
        && text
            .split_once('/')
            .is_some_and(|(kind, sub)| is_name(kind) && (sub == "*" || is_name(sub)))
}

fn span(field: &str, span: Millis, most: i64) -> Result<(), Problem> {
    if (0..=most).contains(&span.0) {
        Ok(())
    } else {
        let detail = format!("This is a span of 0 to {most} ms.");
        Err(Problem::field(field, detail))
    }
}

/// An absolute address of one of the schemes, without a name or password in it.
fn url(field: &str, text: &str, schemes: &[&str]) -> Result<String, Problem> {
    let text = line(field, text, URL_CHARS_MAX)?;
    let is_fit = text.parse::<Uri>().is_ok_and(|uri| {
        let scheme = uri.scheme_str().unwrap_or_default();
        let host = uri.authority().map(|authority| authority.as_str());
        schemes.contains(&scheme)
            && host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
    });
    if is_fit {
        return Ok(text);
    }
    let schemes = schemes.join(":// or ");
    let detail = format!("This must be a whole address that begins with {schemes}://.");
    Err(Problem::field(field, detail))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::checked;
    use crate::model::widget_settings::WidgetSettings;

    fn parsed(widget: Value) -> WidgetSettings {
        serde_json::from_value(widget).unwrap()
    }

    #[test]
    fn settings_are_kept_in_their_plainest_form() {
        let defaults = checked(WidgetSettings::default()).unwrap();
        assert_eq!(defaults, WidgetSettings::default());
        let widget = checked(parsed(json!({
            "logo": " https://shop.example/logo.svg?v=2 ", "offset": {"y": 400}, "long_wait_ms": 0,
            "greetings": [{"text": " Hello ", "page": "/pricing", "after_ms": 0, "scroll_percent": 100}],
            "consent": {"text": "We keep this.", "url": "http://shop.example/privacy"},
            "uploads": {"types": ["IMAGE/PNG", "application/vnd.ms-excel"]},
        })))
        .unwrap();
        assert_eq!(
            widget.logo.as_deref(),
            Some("https://shop.example/logo.svg?v=2")
        );
        assert_eq!(
            (widget.offset.x, widget.offset.y),
            (16, 400),
            "what is absent has its default"
        );
        assert_eq!(widget.greetings[0].text, "Hello");
        let uploads = widget.uploads.unwrap();
        assert_eq!(uploads.types, ["image/png", "application/vnd.ms-excel"]);
        assert_eq!(uploads.bytes_max, 20 * 1_024 * 1_024);
    }

    #[test]
    fn what_is_wrong_with_the_settings_is_named() {
        let greeting = |with: Value| {
            let mut one = json!({"text": "Hi"});
            one.as_object_mut()
                .unwrap()
                .extend(with.as_object().unwrap().clone());
            json!({"greetings": [{"text": "Fine"}, one]})
        };
        let many: Vec<Value> = (0..21).map(|_| json!({"text": "Hi"})).collect();
        for (widget, field) in [
            (json!({"logo": "http://shop.example/logo.svg"}), "logo"),
            (json!({"logo": "https://"}), "logo"),
            (json!({"logo": "https://me:secret@shop.example/"}), "logo"),
            (json!({"logo": "javascript:alert(1)"}), "logo"),
            (json!({"logo": ""}), "logo"),
            (json!({"offset": {"x": 401}}), "offset.x"),
            (json!({"offset": {"y": 401}}), "offset.y"),
            (json!({"greetings": many}), "greetings"),
            (greeting(json!({"text": " "})), "greetings[1].text"),
            (
                greeting(json!({"text": "x".repeat(301)})),
                "greetings[1].text",
            ),
            (greeting(json!({"page": ""})), "greetings[1].page"),
            (greeting(json!({"after_ms": -1})), "greetings[1].after_ms"),
            (
                greeting(json!({"scroll_percent": 0})),
                "greetings[1].scroll_percent",
            ),
            (
                greeting(json!({"scroll_percent": 101})),
                "greetings[1].scroll_percent",
            ),
            (json!({"consent": {"text": ""}}), "consent.text"),
            (
                json!({"consent": {"text": "Yes", "url": "/privacy"}}),
                "consent.url",
            ),
            (json!({"uploads": {"bytes_max": 0}}), "uploads.bytes_max"),
            (
                json!({"uploads": {"bytes_max": 104_857_601}}),
                "uploads.bytes_max",
            ),
            (json!({"uploads": {"types": []}}), "uploads.types"),
            (
                json!({"uploads": {"types": ["image/png", "IMAGE/PNG"]}}),
                "uploads.types",
            ),
            (json!({"uploads": {"types": ["*/*"]}}), "uploads.types"),
            (json!({"uploads": {"types": ["png"]}}), "uploads.types"),
            (json!({"long_wait_ms": -1}), "long_wait_ms"),
            (json!({"long_wait_ms": 86_400_001}), "long_wait_ms"),
        ] {
            let problem = checked(parsed(widget.clone())).expect_err(&widget.to_string());
            assert_eq!(problem.field, Some(format!("widget.{field}")), "{widget}");
        }
    }
}
