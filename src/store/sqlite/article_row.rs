//! An article's row, for whoever lists or finds articles.

use rusqlite::Row;

use super::values::{Columns, Word};
use crate::model::article::Article;
use crate::model::event::AgentName;

/// The columns that [`read`] takes, of `article as a`.
pub(super) const COLUMNS: &str = "a.id, a.site, a.lang, a.position, a.status, a.title, a.body, a.updated_at, \
                                  a.updated_by, a.updated_by_name";

/// An article from [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Article> {
    let mut columns = Columns::of(row);
    Ok(Article {
        id: columns.take()?,
        site: columns.take()?,
        lang: columns.take()?,
        position: columns.take()?,
        status: columns.take::<Word<_>>()?.0,
        title: columns.take()?,
        body: columns.take()?,
        updated_at: columns.take()?,
        updated_by: {
            let (id, name) = (columns.take::<Option<_>>()?, columns.take::<Option<_>>()?);
            id.zip(name).map(|(id, name)| AgentName { id, name })
        },
    })
}
