//! Tables as comma-separated values (RFC 4180), for whoever goes on with them elsewhere.
//!
//! Used by reports. A text that a spreadsheet would take for a formula is led by an apostrophe (OWASP, "CSV injection"):
//! names are chosen by people.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// A table in the making.
pub struct Table {
    text: String,
    file: String,
}

/// What stands in one field.
pub enum Field {
    /// What people wrote.
    Text(String),
    /// A count or a span.
    Whole(i64),
    /// A share or a mean, with four digits after the point.
    Part(f64),
    /// Nothing is known.
    None,
}

impl Field {
    /// A count.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn write(&self, to: &mut String) {
        match self {
            Self::Text(text) => to.push_str(&quoted(text)),
            Self::Whole(number) => to.push_str(&number.to_string()),
            Self::Part(number) => to.push_str(&format!("{number:.4}")),
            Self::None => {}
        }
    }
}

fn quoted(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) || is_formula {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

impl Table {
    /// One with these columns, to be kept under this name. Both are our own words.
    #[must_use]
    pub fn new(file: impl Into<String>, columns: &[&str]) -> Self {
        let mut text = columns.join(",");
        text.push_str("\r\n");
        let file = file.into();
        Self { text, file }
    }

    /// Adds a row.
    pub fn row(&mut self, fields: &[Field]) {
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            field.write(&mut self.text);
        }
        self.text.push_str("\r\n");
    }
}

impl IntoResponse for Table {
    fn into_response(self) -> Response {
        let mut answer = self.text.into_response();
        let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        let name = format!("attachment; filename=\"{}.csv\"", self.file);
        if let Ok(name) = HeaderValue::from_str(&name) {
            answer
                .headers_mut()
                .insert(header::CONTENT_DISPOSITION, name);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_looks_like_a_formula_is_text_and_what_needs_quotes_has_them() {
        for (text, field) in [
            ("Support", "Support"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
        ] {
            assert_eq!(quoted(text), field);
        }
    }
}
