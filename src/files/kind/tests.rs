//! What the content of a file is taken for.

use super::{Sniffer, described, is_allowed};

/// What bytes are, however they are cut.
fn kind_of(bytes: &[u8]) -> &'static str {
    let kinds: Vec<&str> = [bytes.len().max(1), 1, 7, 1_000]
        .into_iter()
        .map(|cut| {
            let mut sniffer = Sniffer::default();
            for part in bytes.chunks(cut) {
                sniffer.push(part);
            }
            let kind = sniffer.finish();
            let guesses = sniffer.could_be();
            assert!(guesses.contains(&kind) || kind == super::UNKNOWN, "{kind}");
            kind
        })
        .collect();
    assert!(kinds.windows(2).all(|two| two[0] == two[1]), "{kinds:?}");
    kinds[0]
}

/// A zip of empty files with these names.
fn zip_of(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut contents = Vec::new();
    for name in names {
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        contents.extend_from_slice(b"PK\x01\x02");
        contents.extend_from_slice(&[0; 24]);
        contents.extend_from_slice(&length);
        contents.extend_from_slice(&[0; 16]);
        contents.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&[0; 22]);
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(name.as_bytes());
        // Far more than the beginning that is kept.
        bytes.extend_from_slice(&vec![7; 200_000]);
    }
    bytes.extend_from_slice(&contents);
    bytes.extend_from_slice(b"PK\x05\x06");
    bytes.extend_from_slice(&[0; 18]);
    bytes
}

#[test]
fn a_program_is_one_whatever_else_it_says() {
    for bytes in [
        &b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00"[..],
        b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"#!/bin/sh\nrm -rf /\n",
    ] {
        let kind = kind_of(bytes);
        assert_eq!(described(kind), "a program", "{kind}");
    }
}

#[test]
fn text_is_text_to_its_last_byte() {
    assert_eq!(
        kind_of("Grüße, 世界 🎉\r\n\tBM and MZ".as_bytes()),
        "text/plain"
    );
    assert_eq!(kind_of(b"BMW 320d"), "text/plain");
    assert_eq!(kind_of(b"MZ is how it begins"), "text/plain");
    assert_eq!(kind_of(b""), "text/plain");
    let mut late = "ü".repeat(50_000).into_bytes();
    assert_eq!(kind_of(&late), "text/plain");
    late.pop();
    assert_eq!(kind_of(&late), super::UNKNOWN, "the last character is cut");
    late.extend_from_slice(b"\xbc\x00");
    assert_eq!(kind_of(&late), super::UNKNOWN, "a NUL at the end");
}

#[test]
fn what_a_browser_would_run_is_no_text_and_no_image() {
    for bytes in [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "\u{feff} <?xml version='1.0'?>\n<!-- a drawing --><SVG/>",
    ] {
        let kind = kind_of(bytes.as_bytes());
        assert_eq!(kind, "image/svg+xml");
        assert!(!is_allowed(&["image/*".into(), "text/plain".into()], kind));
    }
    for bytes in [
        "<!DOCTYPE html><p>hi",
        "\n\n<!-- x --><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
    ] {
        assert_eq!(kind_of(bytes.as_bytes()), "text/html", "{bytes}");
    }
    assert_eq!(kind_of(b"<3 your shop"), "text/plain");
}

#[test]
fn an_office_document_is_told_from_a_zip_by_its_contents() {
    let office = "application/vnd.openxmlformats-officedocument.";
    for (names, kind) in [
        (&["a.txt", "b/c.png"][..], "application/zip".to_owned()),
        (
            &["[Content_Types].xml", "word/document.xml"],
            format!("{office}wordprocessingml.document"),
        ),
        (
            &["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"],
            format!("{office}spreadsheetml.sheet"),
        ),
        (
            &["word/document.xml", "word/vbaProject.bin"],
            "application/vnd.ms-word.document.macroenabled.12".to_owned(),
        ),
        (
            &["META-INF/MANIFEST.MF", "A.class"],
            "application/java-archive".to_owned(),
        ),
    ] {
        assert_eq!(kind_of(&zip_of(names)), kind, "{names:?}");
    }
    let mut text = b"PK\x03\x04".to_vec();
    text.extend_from_slice(&[0; 26]);
    text.extend_from_slice(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK\x03\x04");
    assert_eq!(
        kind_of(&text),
        "application/vnd.oasis.opendocument.spreadsheet"
    );
}

#[test]
fn an_old_office_document_is_told_from_an_installer() {
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.extend_from_slice(&[0; 2_000]);
    assert_eq!(kind_of(&bytes), "application/x-ole-storage");
    bytes.extend("WordDocument".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(kind_of(&bytes), "application/msword");
}

#[test]
fn a_family_allows_its_types_and_a_name_itself() {
    let allowed = ["image/*".to_owned(), "application/pdf".to_owned()];
    assert!(is_allowed(&allowed, "image/png"));
    assert!(is_allowed(&allowed, "application/pdf"));
    assert!(!is_allowed(&allowed, "application/zip"));
    assert!(!is_allowed(&allowed, "imagery/png"));
}
