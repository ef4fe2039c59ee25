//! One line of an export: how the head, a row and the end stand in it, and reading each back.
//!
//! A line is one JSON object with one member, whose name says what the line is: `balie`, a table, or `end`.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::shape::{Cell, Kind, Row, Shape, TABLES, Table};

/// The version of the format: what follows from `docs/export.md` alone. What a table holds is told by the schema's version.
pub(super) const FORMAT: u32 = 1;
/// The name of the head's member.
const HEAD: &str = "balie";
/// The name of the end's member.
const END: &str = "end";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) format: u32,
    /// The migrations that the store had seen: which tables and columns there are.
    pub(super) schema: u32,
    /// For whoever reads it; nothing depends on it.
    pub(super) version: String,
    /// The rows of each table, in the order of the file.
    pub(super) rows: Counts,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// The rows of all tables.
    pub(super) rows: u64,
    /// Of all bytes before this line, in hexadecimal digits.
    pub(super) sha256: String,
}

/// How many rows each table has, in the order of [`TABLES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts(pub(super) Vec<u64>);

impl Counts {
    pub(super) fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(TABLES.iter().map(|table| table.name).zip(&self.0))
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Members(members) = Members::<u64>::deserialize(deserializer)?;
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        let expected: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        if names != expected {
            return Err(D::Error::custom(format!(
                "the tables are {}, and should be {}",
                names.join(", "),
                expected.join(", ")
            )));
        }
        Ok(Self(members.into_iter().map(|(_, count)| count).collect()))
    }
}

/// What a line is.
#[derive(Debug)]
pub(super) enum Line {
    Head(Head),
    /// A row of the table at this place of [`TABLES`].
    Row(usize, Row),
    End(End),
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: Option<String>,
    pub(super) why: String,
}

impl Wrong {
    pub(super) fn line(why: impl Into<String>) -> Self {
        Self {
            field: None,
            why: why.into(),
        }
    }

    pub(super) fn field(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            why: why.into(),
        }
    }
}

/// The members of a JSON object in their order, each name once.
struct Members<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Members<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("`{name}` stands there twice")));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}

/// A line's text, without the break.
pub(super) fn write_head(head: &Head) -> String {
    named(HEAD, &to_json(head))
}

/// See [`write_head`].
pub(super) fn write_end(end: &End) -> String {
    named(END, &to_json(end))
}

/// See [`write_head`].
pub(super) fn write_row(table: &Table, row: &Row) -> String {
    assert!(
        row.len() == table.columns.len(),
        "a row has a cell for each column"
    );
    let mut members = String::from("{");
    for (column, cell) in table.columns.iter().zip(row) {
        if members.len() > 1 {
            members.push(',');
        }
        members.push_str(&to_json(column.name));
        members.push(':');
        members.push_str(&write_cell(cell));
    }
    members.push('}');
    named(table.name, &members)
}

fn named(name: &str, value: &str) -> String {
    format!("{{\"{name}\":{value}}}")
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("texts and numbers are JSON")
}

fn write_cell(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Id(id) => format!("\"{id}\""),
        Cell::Whole(number) => number.to_string(),
        // The shortest digits that are read back as the same number.
        Cell::Real(number) => number.to_string(),
        Cell::Flag(is_so) => is_so.to_string(),
        Cell::Text(text) => to_json(text),
        // A break can only be white space between members, for within a text it is escaped.
        Cell::Json(text) => text.replace(['\n', '\r'], " "),
        Cell::Bytes(bytes) => format!("\"{}\"", hexadecimal(bytes)),
    }
}

/// Two digits a byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_plain = pair
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        is_plain.then(|| u8::from_str_radix(pair, 16).ok())?
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// Reads a line.
pub(super) fn read(text: &str) -> Result<Line, Wrong> {
    let as_object =
        |error: serde_json::Error| Wrong::line(format!("it is no JSON object: {error}"));
    let Members(members) = from_json::<Members<&RawValue>>(text).map_err(as_object)?;
    let [(name, value)] = members.as_slice() else {
        return Err(Wrong::line(format!(
            "it has {} members where one names what it is",
            members.len()
        )));
    };
    match name.as_str() {
        HEAD => Ok(Line::Head(read_part(HEAD, value)?)),
        END => Ok(Line::End(read_part(END, value)?)),
        name => match TABLES.iter().position(|table| table.name == name) {
            Some(index) => Ok(Line::Row(index, read_row(&TABLES[index], value)?)),
            None => Err(Wrong::line(format!("there is no table `{name}`"))),
        },
    }
}

fn read_part<T: DeserializeOwned>(name: &str, value: &RawValue) -> Result<T, Wrong> {
    serde_json::from_str(value.get()).map_err(|error| Wrong::field(name, error.to_string()))
}

fn from_json<'text, T: Deserialize<'text>>(text: &'text str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

fn read_row(table: &'static Table, value: &RawValue) -> Result<Row, Wrong> {
    let as_object =
        |error: serde_json::Error| Wrong::field(table.name, format!("no object: {error}"));
    let Members(members) = from_json::<Members<&RawValue>>(value.get()).map_err(as_object)?;
    let is_known = |name: &str| table.columns.iter().any(|column| column.name == name);
    if let Some((name, _)) = members.iter().find(|(name, _)| !is_known(name)) {
        return Err(Wrong::field(
            name,
            format!("`{}` has no such field", table.name),
        ));
    }
    let cell = |column: &'static Shape| {
        let found = members.iter().find(|(name, _)| name == column.name);
        let Some((_, value)) = found else {
            return Err(Wrong::field(column.name, "it is missing"));
        };
        let in_field = |why: String| Wrong::field(column.name, why);
        let cell = read_cell(column, value).map_err(in_field)?;
        column.check(&cell).map_err(in_field)?;
        Ok(cell)
    };
    table.columns.iter().map(cell).collect()
}

fn read_cell(column: &Shape, value: &RawValue) -> Result<Cell, String> {
    let text = value.get();
    if text == "null" {
        return if column.is_optional {
            Ok(Cell::Null)
        } else {
            Err(format!("null where {} should stand", column.kind.words()))
        };
    }
    let plain = || serde_json::from_str::<String>(text).ok();
    let cell = match column.kind {
        Kind::Id => plain().and_then(|id| Some(Cell::Id(Uuid::try_parse(&id).ok()?))),
        Kind::Whole => text.parse().ok().map(Cell::Whole),
        // By Rust, which reads back the very number that was written.
        Kind::Real => text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(Cell::Real),
        Kind::Flag => text.parse().ok().map(Cell::Flag),
        Kind::Text => plain().map(Cell::Text),
        Kind::Json => Some(Cell::Json(text.to_owned())),
        Kind::Bytes => plain()
            .and_then(|digits| bytes_of(&digits))
            .map(Cell::Bytes),
    };
    cell.ok_or_else(|| format!("it is not {}", column.kind.words()))
}

#[cfg(test)]
mod tests {
    use super::{Cell, Line, TABLES, Wrong, read, write_row};
    use uuid::Uuid;

    fn phrase(weight: f64) -> super::Row {
        vec![
            Cell::Text("demo".to_owned()),
            Cell::Text("two\nlines, \"quotes\" and é".to_owned()),
            Cell::Real(weight),
            Cell::Whole(3),
            Cell::Whole(-1),
            Cell::Id(Uuid::nil()),
        ]
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let index = TABLES.len() - 1;
        for weight in [0.0, 5.0, 0.1 + 0.2, -1.234_567_890_123_456_7e-9, 1e300] {
            let row = phrase(weight);
            let line = write_row(&TABLES[index], &row);
            assert!(!line.contains('\n'), "{line}");
            let Ok(Line::Row(found, back)) = read(&line) else {
                panic!("{line}");
            };
            assert_eq!((found, back), (index, row));
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named_with_its_field() {
        let good = write_row(&TABLES[TABLES.len() - 1], &phrase(1.5));
        for (from, to, field, why) in [
            (
                "\"visits\":3",
                "\"visits\":-3",
                Some("visits"),
                "-3 is out of bounds",
            ),
            (
                "\"visits\":3",
                "\"visits\":3.5",
                Some("visits"),
                "it is not a whole number",
            ),
            (
                "\"visits\":3",
                "\"visits\":null",
                Some("visits"),
                "null where a whole number should stand",
            ),
            ("\"visits\":3,", "", Some("visits"), "it is missing"),
            (
                "\"visits\":3",
                "\"visits\":3,\"more\":1",
                Some("more"),
                "`self_service_phrase` has no such field",
            ),
            ("1.5", "1e999", Some("weight"), "it is not a number"),
            (
                "\"demo\"",
                "\"no key\"",
                Some("site"),
                "a key has 1 to 40 characters out of a–z, 0–9 and the hyphen",
            ),
            (
                "two",
                "two\\u0000",
                Some("phrase"),
                "holds a NUL character, which not every store can",
            ),
            (
                "self_service_phrase",
                "self_service",
                None,
                "there is no table `self_service`",
            ),
        ] {
            assert!(good.contains(from), "{from} in {good}");
            let line = good.replacen(from, to, 1);
            let expected = Wrong {
                field: field.map(str::to_owned),
                why: why.to_owned(),
            };
            assert_eq!(read(&line).unwrap_err(), expected, "{line}");
        }
        let twice = good.replacen("\"visits\":3", "\"visits\":3,\"visits\":4", 1);
        assert!(
            read(&twice)
                .unwrap_err()
                .why
                .contains("`visits` stands there twice")
        );
        assert!(
            read("{\"tag\":")
                .unwrap_err()
                .why
                .contains("no JSON object")
        );
    }
}
