//! The demo shop's articles: `articles.txt`, where each begins with a line `== LANGUAGE | TITLE`.

use anyhow::Context;

use crate::model::article::{Article, ArticleStatus, tag};
use crate::model::event::AgentName;
use crate::model::id::{ArticleId, SiteKey};
use crate::model::time::At;

use super::dice::Dice;

const TEXT: &str = include_str!("articles.txt");

/// All of them, published, in the order in which the site shows them. Their ids begin at `since`.
pub fn articles(
    seed: u64,
    since: At,
    site: &SiteKey,
    by: &AgentName,
) -> anyhow::Result<Vec<Article>> {
    let mut dice = Dice::of(seed, 3);
    // Before the first mark stands nothing.
    let parts = TEXT.split("== ").skip(1);
    parts
        .map(|part| {
            let (head, body) = part.split_once('\n').context("an article without a body")?;
            let (lang, title) = head
                .split_once(" | ")
                .with_context(|| format!("\"{head}\" names no language"))?;
            Ok(Article {
                id: ArticleId(dice.uuid(since)),
                site: site.clone(),
                lang: tag(lang).with_context(|| format!("\"{lang}\" is no language"))?,
                position: 0,
                status: ArticleStatus::Published,
                title: title.to_owned(),
                body: body.trim().to_owned(),
                updated_at: since,
                updated_by: Some(by.clone()),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::articles;
    use crate::domain::article::parse;
    use crate::model::event::AgentName;
    use crate::model::id::{AgentId, SiteKey};
    use crate::model::time::At;

    #[test]
    fn each_article_is_there_in_both_languages_and_in_its_parts() {
        let by = AgentName {
            id: AgentId::fresh(),
            name: "Femke".to_owned(),
        };
        let site = SiteKey::new("demo").unwrap();
        let articles = articles(1, At(1_780_000_000_000), &site, &by).unwrap();
        let of = |lang: &str| {
            articles
                .iter()
                .filter(|article| article.lang == lang)
                .count()
        };
        assert_eq!((of("en"), of("nl"), articles.len()), (8, 8, 16));
        for article in &articles {
            let parsed = parse(&article.body);
            assert!(
                parsed.is_whole && parsed.blocks.len() >= 3,
                "{}",
                article.title
            );
            let text = parsed
                .blocks
                .iter()
                .map(|block| block.text())
                .collect::<String>();
            assert!(
                !text.contains(['*', '#']),
                "{}: a mark is left over",
                article.title
            );
        }
    }
}
