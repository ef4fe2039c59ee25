//! `wait`: a small desk with a change of shifts, and each visitor's promise held against the wait that came of it, in figures and
//! in a picture.

use std::fs::{self, File};

use balie_loadtest::accounts;
use balie_loadtest::shifts::{self, Desk, Tempo};

use crate::arguments::Wait;

/// Runs the desk and draws what came of its promises; false when nobody was promised anything.
///
/// # Errors
/// What kept it from running.
pub async fn run(wait: Wait) -> Result<bool, String> {
    let refused = |error| format!("{} cannot be written: {error}", wait.svg.display());
    // Said now, and not after minutes; a picture of an earlier run stays until there is another.
    let mut svg = File::options();
    let svg = svg.create(true).append(true).open(&wait.svg);
    drop(svg.map_err(refused)?);
    let desk = Desk {
        tokens: accounts::make(&wait.balie, &wait.data, "support", wait.agents).await?,
        url: wait.url,
        seconds: wait.seconds as f64,
        load: wait.load,
        seed: wait.seed,
        tempo: Tempo::DAY_IN_MINUTES,
    };
    let course = shifts::run(&desk).await?;
    fs::write(&wait.svg, course.svg()).map_err(refused)?;
    print!("{}", course.words());
    Ok(course.dots.iter().any(|dot| dot.promise.is_some()))
}
