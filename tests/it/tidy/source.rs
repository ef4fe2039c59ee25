//! Rust files as `tidy.rs` looks at them: their code without comments and texts, and the paths they name.
//!
//! Not a compiler: it knows line and block comments, texts, use-trees and `super`, which is what the house is built of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file.
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// Its place in the crate: `desk::visit` is `["desk", "visit"]`; empty for `lib.rs`.
    pub module: Vec<String>,
    pub text: String,
    /// The text without comments, texts and inline test modules.
    pub code: String,
    /// Compiled for tests only.
    pub is_test: bool,
}

/// Every Rust file below a folder of the repository.
pub fn all_sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = paths
        .iter()
        .map(|path| source(root, folder, path))
        .collect();
    let test_files: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        source.is_test = test_files.contains(&source.path);
    }
    sources
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn source(root: &Path, folder: &str, path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let inside = path
        .strip_prefix(root.join(folder))
        .unwrap()
        .with_extension("");
    let mut module: Vec<String> = inside
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    Source {
        path: path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
        module,
        code: without_inline_tests(&code_of(&text)),
        text,
        is_test: false,
    }
}

/// The files that this one declares for tests only (`#[cfg(test)] mod name;`, with or without `#[path]`).
fn test_modules(source: &Source) -> Vec<String> {
    let folder = Path::new(&source.path).parent().unwrap();
    let stem = Path::new(&source.path)
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap();
    let children = if stem == "mod" {
        folder.to_owned()
    } else {
        folder.join(stem)
    };
    let declarations = source.text.split("#[cfg(test)]\n").skip(1);
    declarations
        .filter_map(|rest| {
            let mut lines = rest.lines().map(str::trim);
            let first = lines.next()?;
            if let Some(path) = first.strip_prefix("#[path = \"") {
                return Some(folder.join(path.strip_suffix("\"]")?));
            }
            let name = first.strip_suffix(';')?.rsplit(' ').next()?;
            Some(children.join(name).with_extension("rs"))
        })
        .map(|path| path.to_str().unwrap().to_owned())
        .collect()
}

/// Cuts `#[cfg(test)] mod tests { … }`, which ends with the first brace at the beginning of a line.
fn without_inline_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut parts = code.split("#[cfg(test)]\nmod ");
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let is_inline = part.lines().next().is_some_and(|line| line.ends_with('{'));
        let rest = if is_inline {
            part.split_once("\n}").map(|(_, rest)| rest)
        } else {
            Some(part)
        };
        kept.push_str(rest.unwrap_or_default());
    }
    kept
}

/// The text with comments and the insides of texts left out; lines stay lines.
pub fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if is_raw_text(rest, &code) {
            raw_text(rest)
        } else if next == '"' {
            quoted(rest)
        } else if next == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|one| *one == '\n'));
            // Something must stand for it, or what is around it would run together.
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

fn is_raw_text(rest: &str, before: &str) -> bool {
    let is_word = before
        .chars()
        .last()
        .is_some_and(|one| one.is_alphanumeric() || one == '_');
    rest.strip_prefix('r')
        .is_some_and(|rest| !is_word && rest.trim_start_matches('#').starts_with('"'))
}

fn raw_text(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|one| *one == '#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = hashes + 2;
    rest[begin..]
        .find(&end)
        .map_or(rest.len(), |at| begin + at + end.len())
}

fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, one) in rest.char_indices().skip(1) {
        match one {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character in quotes, or nothing if it is a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest[1..].chars();
    match inside.next() {
        Some('\\') => rest[3..].find('\'').map_or(0, |at| at + 4),
        Some(one) if inside.next() == Some('\'') => one.len_utf8() + 2,
        Some(_) | None => 0,
    }
}

/// Names, `::`, and every other sign by itself.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |one: char| one.is_alphanumeric() || one == '_';
        let length = if is_name(first) {
            rest.find(|one| !is_name(one)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The names that paths begin with, and attributes that are one name.
pub fn path_starts(code: &str) -> BTreeSet<String> {
    let tokens = tokens(code);
    let mut starts = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| tokens[at]);
        let is_first = before != "::";
        let is_path = tokens.get(at + 1) == Some(&"::");
        if is_first && (is_path || before == "use" || before == "[") {
            starts.insert((*token).to_owned());
        }
    }
    starts
}

impl Source {
    /// The modules of this crate that the code names, itself left out.
    pub fn imports(&self, sources: &[Source]) -> BTreeSet<Vec<String>> {
        let modules: BTreeSet<&[String]> = sources
            .iter()
            .map(|source| source.module.as_slice())
            .collect();
        let tokens = tokens(&self.code);
        let mut imports = BTreeSet::new();
        for at in 0..tokens.len() {
            let Some((from, next)) = self.base(&tokens, at, &modules) else {
                continue;
            };
            let mut paths = Vec::new();
            tree(&tokens, next, from, &mut paths);
            for path in paths {
                let longest = (1..=path.len())
                    .rev()
                    .find(|length| modules.contains(&path[..*length]));
                imports.extend(longest.map(|length| path[..length].to_vec()));
            }
        }
        imports.remove(&self.module);
        imports
    }

    /// Where a path that begins at this token begins in the crate, and the token after that.
    fn base(
        &self,
        tokens: &[&str],
        at: usize,
        modules: &BTreeSet<&[String]>,
    ) -> Option<(Vec<String>, usize)> {
        let before = at.checked_sub(1).map_or("", |at| tokens[at]);
        let is_start = before != "::" && tokens.get(at + 1) == Some(&"::");
        match tokens[at] {
            "crate" | "balie" if is_start => Some((Vec::new(), at + 2)),
            "super" if is_start => {
                let mut from = self.module.clone();
                let mut next = at;
                while tokens.get(next) == Some(&"super") {
                    from.pop();
                    next += 2;
                }
                Some((from, next))
            }
            child if before == "use" => {
                let mut path = self.module.clone();
                path.push(child.to_owned());
                modules.contains(path.as_slice()).then_some((path, at + 2))
            }
            _ => None,
        }
    }
}

/// Reads a use-tree or a path from a token on; answers the token after it.
fn tree(tokens: &[&str], at: usize, mut path: Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let mut next = at;
    loop {
        match tokens.get(next) {
            Some(&"{") => {
                next += 1;
                while tokens.get(next).is_some_and(|token| *token != "}") {
                    if tokens[next] == "," {
                        next += 1;
                    } else {
                        next = tree(tokens, next, path.clone(), paths);
                    }
                }
                return next + 1;
            }
            Some(name) => path.push((*name).to_owned()),
            None => return next,
        }
        next += 1;
        if tokens.get(next) != Some(&"::") {
            break;
        }
        next += 1;
    }
    paths.push(path);
    // What it is called here does not matter.
    if tokens.get(next) == Some(&"as") {
        next + 2
    } else {
        next
    }
}

#[test]
fn paths_are_found_in_trees_and_not_in_texts() {
    let file = |path: &[&str], text: &str| Source {
        path: String::new(),
        module: path.iter().map(|part| (*part).to_owned()).collect(),
        text: String::new(),
        code: without_inline_tests(&code_of(text)),
        is_test: false,
    };
    let desk = file(
        &["desk", "visit"],
        r##"
        // use crate::web::Web;
        use crate::{hub::mailbox::{Item, Who as Whose}, model::time};
        use super::pair::run;
        fn says<'a>() -> &'a str { let _ = '"'; let _ = r#"crate::server"#; "crate::web::\"listen" }
        fn goes() -> crate::store::Receipt { /* crate::admin */ }
        #[cfg(test)]
mod tests {
    use crate::accounts::Accounts;
}
        "##,
    );
    let modules =
        ["web", "hub", "store", "server", "admin", "accounts"].map(|one| file(&[one], ""));
    let mut all: Vec<Source> = modules.into_iter().collect();
    all.extend(
        [&["hub", "mailbox"], &["model", "time"], &["desk", "pair"]].map(|one| file(one, "")),
    );
    let found: Vec<String> = desk
        .imports(&all)
        .iter()
        .map(|one| one.join("::"))
        .collect();
    assert_eq!(
        found,
        ["desk::pair", "hub::mailbox", "model::time", "store"]
    );
}
