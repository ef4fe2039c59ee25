//! How many will come in each quarter hour of a day, from the days that have been.
//!
//! The same weekday of the last weeks, newer ones weighing more (simple exponential smoothing; Brown, 1956), scaled by how
//! the last week compared with the means of its weekdays, and smoothed a little over neighbouring quarter hours, because a
//! single one is mostly chance. What a desk of chats needs is seldom bettered by more (Ibrahim, Ye, L'Ecuyer and
//! Shen, "Modeling and forecasting call center arrivals", 2016).

/// The weight of a week against the one after it.
const FADE: f64 = 0.7;
/// How far the trend of the last week is believed: a week holds chance, too.
const TREND_SHARE: f64 = 0.5;
/// The trend is held within these bounds, so that one odd week makes no absurd plan.
const TREND: (f64, f64) = (0.5, 2.0);

/// A day that has been: arrivals in each of its quarter hours, as the site's wall clock counts them.
#[derive(Clone, Debug, PartialEq)]
pub struct PastDay {
    /// How many days before the day to foretell; at least 1.
    pub days_ago: u32,
    /// Arrivals in each quarter hour: 96 on most days, 92 and 100 where the clock is changed.
    pub arrivals: Vec<u32>,
}

/// The expected arrivals in each of the first `quarters` quarter hours of a day. None where no day is known: nothing can
/// be foretold from nothing.
#[must_use]
pub fn day(history: &[PastDay], quarters: usize) -> Option<Vec<f64>> {
    let known: Vec<&PastDay> = history.iter().filter(|day| day.days_ago >= 1).collect();
    let level = weekday_mean(&known, 0, quarters)?;
    let trend = trend(&known, quarters);
    let smooth = |index: usize| {
        let before = level[index.saturating_sub(1)];
        let after = level[(index + 1).min(level.len() - 1)];
        (before + 2.0 * level[index] + after) / 4.0 * trend
    };
    Some((0..level.len()).map(smooth).collect())
}

/// The weighted mean of the days of one weekday, told by its distance to the day to foretell (0 is that same weekday); of
/// all days where there is none of it.
fn weekday_mean(known: &[&PastDay], distance: u32, quarters: usize) -> Option<Vec<f64>> {
    let same = |day: &&&PastDay| day.days_ago % 7 == distance % 7;
    let mut chosen: Vec<&&PastDay> = known.iter().filter(same).collect();
    if chosen.is_empty() {
        chosen = known.iter().collect();
    }
    let mut sums = vec![0.0; quarters];
    let mut weights = 0.0;
    for day in chosen {
        let weight = FADE.powf(f64::from(day.days_ago) / 7.0);
        weights += weight;
        for (sum, arrivals) in sums.iter_mut().zip(&day.arrivals) {
            *sum += weight * f64::from(*arrivals);
        }
    }
    if weights == 0.0 || quarters == 0 {
        return None;
    }
    for sum in &mut sums {
        *sum /= weights;
    }
    Some(sums)
}

/// How the last seven days compare with the means of their weekdays.
fn trend(known: &[&PastDay], quarters: usize) -> f64 {
    let (mut came, mut usual) = (0.0, 0.0);
    for day in known.iter().filter(|day| day.days_ago <= 7) {
        if let Some(mean) = weekday_mean(known, day.days_ago, quarters) {
            let arrivals = day.arrivals.iter().take(quarters);
            came += arrivals.map(|one| f64::from(*one)).sum::<f64>();
            usual += mean.iter().sum::<f64>();
        }
    }
    if usual <= 0.0 {
        return 1.0;
    }
    (1.0 + TREND_SHARE * (came / usual - 1.0)).clamp(TREND.0, TREND.1)
}
