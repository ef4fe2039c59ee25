//! What bodies become: the subset, what is outside of it, and that nothing gets out that is not text.

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};

use super::{BLOCKS_MAX, HREF_BYTES_MAX, RUNS_MAX, choose_language, excerpt, parse, plain};
use crate::model::article::{Block, BlockKind};

/// The blocks in short: kind, number, and runs with their looks.
fn shown(body: &str) -> Vec<String> {
    let parsed = parse(body);
    assert!(parsed.is_whole);
    let block = |block: &Block| {
        let kind = match block.kind {
            BlockKind::Paragraph => "p",
            BlockKind::Heading => "h",
            BlockKind::Item => "i",
            BlockKind::Code => "c",
        };
        let number = block
            .number
            .map_or(String::new(), |number| number.to_string());
        let runs: Vec<String> = block
            .runs
            .iter()
            .map(|run| {
                let mut looks = String::new();
                for (is_so, look) in [(run.strong, '*'), (run.emphasis, '_'), (run.code, '`')] {
                    if is_so {
                        looks.push(look);
                    }
                }
                let href = run
                    .href
                    .as_ref()
                    .map_or(String::new(), |href| format!("<{href}>"));
                format!("{looks}{}{looks}{href}", run.text)
            })
            .collect();
        format!("{kind}{number} {}", runs.join("|"))
    };
    parsed.blocks.iter().map(block).collect()
}

#[test]
fn the_subset_becomes_blocks() {
    let body = "# Sending *back*\n\nWithin **30 days**, see [the form](https://shop.example/form).\nNext line.  \nNew \
                line with `code`.\n\n- one\n- two\n  - inner\n\n3. three\n4. four\n\n   more of four\n\n> quoted\n\n```\nlet \
                x;\n  y\n```\n\n***\n\nMail <help@shop.example>.";
    assert_eq!(
        shown(body),
        [
            "h Sending |_back_",
            "p Within |*30 days*|, see |the form<https://shop.example/form>|. Next line.\nNew line with |`code`|.",
            "i one",
            "i two",
            "i inner",
            "i3 three",
            "i4 four",
            "p more of four",
            "p quoted",
            "c let x;\n  y",
            "p Mail |help@shop.example<mailto:help@shop.example>|.",
        ]
    );
}

#[test]
fn raw_html_is_text_and_pictures_are_their_words() {
    assert_eq!(
        shown(
            "<script>alert(1)</script>\n\nA <b onclick=x>bold</b> word &amp; ![a *bike*](https://x.example/y.png)"
        ),
        [
            "p <script>alert(1)</script>",
            "p A <b onclick=x>bold</b> word & a |_bike_"
        ]
    );
}

#[test]
fn only_three_kinds_of_link_are_links() {
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#115;cript:alert(1)",
        "data:text/html,x",
        "//shop.example",
        "/relative",
        "ftp://shop.example",
        "https:",
        "vbscript:x",
        "\u{1}javascript:x",
    ] {
        let blocks = parse(&format!("[word]({bad})")).blocks;
        assert!(blocks[0].runs.iter().all(|run| run.href.is_none()), "{bad}");
    }
    for good in [
        "https://a.example/?b=c&d",
        "HTTP://a.example",
        "mailto:a@b.example?subject=x",
    ] {
        let blocks = parse(&format!("[word]({good})")).blocks;
        assert_eq!(blocks[0].runs[0].href.as_deref(), Some(good));
    }
    let long = format!("[word](https://a.example/{})", "x".repeat(HREF_BYTES_MAX));
    assert_eq!(parse(&long).blocks[0].runs[0].href, None);
}

#[test]
fn too_many_parts_are_cut_and_told() {
    let parsed = parse(&"a\n\n".repeat(BLOCKS_MAX + 5));
    assert!(!parsed.is_whole && parsed.blocks.len() == BLOCKS_MAX);
    let parsed = parse(&"*a* b ".repeat(RUNS_MAX));
    assert!(!parsed.is_whole);
    assert!(parse("").blocks.is_empty() && parse(" \n***\n").blocks.is_empty());
}

#[test]
fn an_excerpt_is_the_first_words_below_the_headings() {
    let blocks = parse("# Title\n\nOne two *three*.\n\n- four").blocks;
    assert_eq!(excerpt(&blocks, 100), "One two three. four");
    assert_eq!(excerpt(&blocks, 10), "One two…");
    assert_eq!(excerpt(&parse(&"x".repeat(50)).blocks, 10), "xxxxxxxxx…");
    assert_eq!(plain(&blocks), "Title\nOne two three.\nfour");
}

#[test]
fn the_nearest_language_is_chosen() {
    let there: Vec<(String, u64)> = [
        ("de", 2),
        ("en", 5),
        ("fr", 5),
        ("pt-BR", 1),
        ("zh-Hans", 1),
    ]
    .map(|(lang, count)| (lang.to_owned(), count))
    .to_vec();
    for (wishes, chosen) in [
        ("de", "de"),
        ("de-AT", "de"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("nl, de", "de"),
        ("zh-Hant", "zh-Hans"),
        ("nl", "en"),
        ("", "en"),
        ("'; drop table", "en"),
    ] {
        assert_eq!(choose_language(wishes, &there), Some(chosen), "{wishes}");
    }
    assert_eq!(choose_language("de", &[]), None);
}

/// Pieces that Markdown is made of, so that random bodies are full of structure.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "# ",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "    ",
        "> ",
        "```",
        "`",
        "**",
        "*",
        "_",
        "[",
        "](",
        ")",
        "![",
        "<",
        ">",
        "<script>",
        "</b>",
        "javascript:",
        "https://a.example",
        "mailto:",
        "&#106;",
        "\\",
        "[a]: ",
        "[a]",
        "<!--",
        "\t",
        "\u{0}",
        "é",
        "返",
        "\u{202e}",
        "|",
        "~~",
        "[^1]",
        "$$",
    ]);
    prop_oneof![
        fixed.prop_map(str::to_owned),
        any::<String>(),
        Just("word ".to_owned())
    ]
}

proptest! {
    #[test]
    fn any_body_becomes_bounded_text(pieces in prop::collection::vec(piece(), 0..200)) {
        let body = pieces.concat();
        let parsed = parse(&body);
        prop_assert!(parsed.blocks.len() <= BLOCKS_MAX);
        let runs: usize = parsed.blocks.iter().map(|block| block.runs.len()).sum();
        prop_assert!(runs <= RUNS_MAX + 1);
        let mut bytes = 0;
        for block in &parsed.blocks {
            prop_assert!(!block.runs.is_empty());
            for run in &block.runs {
                bytes += run.text.len();
                prop_assert!(!run.text.is_empty());
                if let Some(href) = &run.href {
                    let href = href.to_ascii_lowercase();
                    let is_safe = ["https://", "http://", "mailto:"].iter().any(|scheme| href.starts_with(scheme));
                    prop_assert!(is_safe && href.len() <= HREF_BYTES_MAX, "{href}");
                    prop_assert!(!href.contains(|c: char| c.is_control() || c.is_whitespace()));
                }
            }
        }
        // An entity is written longer than what it stands for, and a tab is at most four spaces of code.
        prop_assert!(bytes <= body.len() * 4 + 16, "{bytes} of {}", body.len());
        prop_assert_eq!(parse(&body), parsed);
    }
}
