//! What an article's body says: a subset of Markdown, read into blocks of plain text.
//!
//! [`parse`] is the one reader: what is written is checked with it, and what is shown and searched is made by it. It knows
//! paragraphs, headings, list items, code, strong and emphasised words and links, and keeps everything else as the text
//! that it is, raw HTML above all: nothing in a [`Block`] is markup. A link leads to `http`, `https` or `mailto`, or it
//! is no link. The output is bounded, whatever goes in.

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::model::article::{Block, BlockKind, Run, tag};

/// Most blocks of an article: about one for each line of a body of the longest kind.
pub const BLOCKS_MAX: usize = 1_000;
/// Most runs of an article, in all its blocks.
pub const RUNS_MAX: usize = 5_000;
/// Longest address of a link, in bytes; browsers and proxies differ beyond it.
pub const HREF_BYTES_MAX: usize = 2_000;

/// A body, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Its blocks, none of them empty.
    pub blocks: Vec<Block>,
    /// Whether that is all of it; else it has more parts than an article may have.
    pub is_whole: bool,
}

/// Reads a body.
#[must_use]
pub fn parse(body: &str) -> Parsed {
    let mut reader = Reader::default();
    for event in Parser::new_ext(body, Options::empty()) {
        if reader.blocks.len() >= BLOCKS_MAX || reader.runs >= RUNS_MAX {
            reader.close();
            return Parsed {
                blocks: reader.blocks,
                is_whole: false,
            };
        }
        reader.take(event);
    }
    reader.close();
    Parsed {
        blocks: reader.blocks,
        is_whole: true,
    }
}

/// All text of the blocks, a line for each.
#[must_use]
pub fn plain(blocks: &[Block]) -> String {
    let lines: Vec<String> = blocks.iter().map(Block::text).collect();
    lines.join("\n")
}

/// The first words below the headings, at most `chars_max` characters, as one line.
#[must_use]
pub fn excerpt(blocks: &[Block], chars_max: usize) -> String {
    let text: Vec<String> = blocks
        .iter()
        .filter(|block| block.kind != BlockKind::Heading)
        .map(Block::text)
        .collect();
    let text = text.join(" ");
    let mut excerpt = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let gap = usize::from(!excerpt.is_empty());
        let letters = word.chars().count();
        // One place is kept for the ellipsis.
        if length + gap + letters > chars_max.saturating_sub(1) {
            if excerpt.is_empty() {
                excerpt.extend(word.chars().take(chars_max.saturating_sub(1)));
            }
            excerpt.push('…');
            break;
        }
        if gap > 0 {
            excerpt.push(' ');
        }
        excerpt.push_str(word);
        length += gap + letters;
    }
    excerpt
}

/// The language to show, of those that a site has articles in: the first wish that is there, or whose base language is
/// (`pt-BR`, then `pt`), or another of the same base (`pt` is content with `pt-BR`); else the language with most
/// articles, of equals the first by name. `None` if there are no articles.
#[must_use]
pub fn choose_language<'a>(wishes: &str, there: &'a [(String, u64)]) -> Option<&'a str> {
    let base = |tag: &str| tag.split('-').next().map(str::to_owned);
    let found = |is_it: &dyn Fn(&str) -> bool| there.iter().find(|(lang, _)| is_it(lang));
    for wish in wishes.split(',').take(WISHES_MAX) {
        let Some(wish) = tag(wish.trim()) else {
            continue;
        };
        let wish_base = base(&wish);
        let hit = found(&|lang| lang == wish)
            .or_else(|| found(&|lang| Some(lang) == wish_base.as_deref()))
            .or_else(|| found(&|lang| base(lang) == wish_base));
        if let Some((lang, _)) = hit {
            return Some(lang);
        }
    }
    // Of equals `max_by_key` takes the last, and they are read from the end.
    let most = there.iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(lang, _)| lang.as_str())
}

/// Languages that one may wish for at once: as many as a browser lists.
const WISHES_MAX: usize = 10;

/// The blocks so far, and where in the tree the next event stands.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    /// Runs of all blocks.
    runs: usize,
    open: Option<Block>,
    /// An item has begun and has no text yet: its first paragraph is the item itself.
    is_item_new: bool,
    /// The number of the next item of each list around, `None` for one with dots.
    lists: Vec<Option<u64>>,
    strong: u32,
    emphasis: u32,
    /// Of each link or picture around: where it leads, if it may.
    links: Vec<Option<String>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.say(&text, false);
            }
            Event::Code(text) => self.say(&text, true),
            Event::SoftBreak => self.say(" ", false),
            Event::HardBreak => self.say("\n", false),
            Event::Rule => self.close(),
            // Extensions that are not asked for.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.say(&text, false);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.is_item_new => {}
            Tag::Heading { .. } => self.start(BlockKind::Heading, None),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.start(BlockKind::Code, None);
            }
            Tag::List(first) => {
                self.close();
                self.lists.push(first);
            }
            Tag::Item => {
                let number = self.lists.last_mut().and_then(Option::as_mut);
                let number = number.and_then(|next| {
                    let number = u32::try_from(*next).ok();
                    *next = next.saturating_add(1);
                    number
                });
                self.start(BlockKind::Item, number);
                self.is_item_new = true;
            }
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => {
                let is_mail = link_type == LinkType::Email;
                self.links.push(if is_mail {
                    href(&format!("mailto:{dest_url}"))
                } else {
                    href(&dest_url)
                });
            }
            // A picture is its description: where it lies, the visitor's browser would tell who reads what.
            Tag::Image { .. } => self.links.push(None),
            // Paragraphs, quotes, raw HTML, and extensions that are not asked for.
            _ => self.start(BlockKind::Paragraph, None),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => {
                self.links.pop();
            }
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
            }
            _ => self.close(),
        }
    }

    fn start(&mut self, kind: BlockKind, number: Option<u32>) {
        self.close();
        self.open = Some(Block {
            kind,
            number,
            runs: Vec::new(),
        });
    }

    fn say(&mut self, text: &str, is_code: bool) {
        self.is_item_new = false;
        let block = self.open.get_or_insert_with(|| Block {
            kind: BlockKind::Paragraph,
            number: None,
            runs: Vec::new(),
        });
        let run = Run {
            text: String::new(),
            strong: self.strong > 0,
            emphasis: self.emphasis > 0,
            code: is_code,
            href: self.links.iter().flatten().next().cloned(),
        };
        match block.runs.last_mut() {
            Some(last) if run.looks_like(last) => last.text.push_str(text),
            Some(_) | None => {
                self.runs += 1;
                block.runs.push(Run {
                    text: text.to_owned(),
                    ..run
                });
            }
        }
    }

    fn close(&mut self) {
        self.is_item_new = false;
        let Some(mut block) = self.open.take() else {
            return;
        };
        if let Some(last) = block.runs.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        if block.kind != BlockKind::Code
            && let Some(first) = block.runs.first_mut()
        {
            first
                .text
                .drain(..first.text.len() - first.text.trim_start().len());
        }
        block.runs.retain(|run| !run.text.is_empty());
        if !block.text().trim().is_empty() {
            self.blocks.push(block);
        }
    }
}

impl Run {
    fn looks_like(&self, other: &Run) -> bool {
        self.strong == other.strong
            && self.emphasis == other.emphasis
            && self.code == other.code
            && self.href == other.href
    }
}

/// The address, if a link may lead there.
fn href(address: &str) -> Option<String> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    if address.len() > HREF_BYTES_MAX || address.contains(is_odd) {
        return None;
    }
    let begins = |scheme: &str| {
        let begin = address.get(..scheme.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
            && address.len() > scheme.len()
    };
    ["https://", "http://", "mailto:"]
        .into_iter()
        .any(begins)
        .then(|| address.to_owned())
}

#[cfg(test)]
#[path = "article_tests.rs"]
mod tests;
