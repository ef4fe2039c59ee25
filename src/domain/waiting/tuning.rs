//! Every constant of the estimator, one set for all desks.
//!
//! Chosen on made-up days of seven kinds (`balie-loadtest day`), never on the days that it is judged by; `docs/waiting.md`
//! says how to repeat that. A *memory* is a number of endings after which older ones have faded to 1/e; a *weight* is how
//! many endings a supposition counts for.

/// Chats from which the pace of full agents is learned.
pub(super) const CHAT_MEMORY: f64 = 1_000.0;
/// How firmly a class of age is held to the pace over all ages.
pub(super) const CLASS_WEIGHT: f64 = 15.0;
/// A chat takes six minutes, before any was seen.
pub(super) const CHAT_SUPPOSED_S: f64 = 360.0;
/// Chats at half empty agents say this much about full ones.
pub(super) const ANY_WEIGHT: f64 = 5.0;
/// Chats over which it is watched whether they become longer or shorter.
pub(super) const DRIFT_MEMORY: f64 = 150.0;
/// How many times the variance that chance makes a difference must have to be believed: below it nothing is.
pub(super) const DRIFT_DOUBT: f64 = 2.0;
/// Every agent and department is taken for average, this firmly.
pub(super) const AGENT_WEIGHT: f64 = 30.0;
/// Chats from which an agent's own pace is learned.
pub(super) const AGENT_MEMORY: f64 = 100.0;
/// As for agents.
pub(super) const DEPARTMENT_WEIGHT: f64 = 20.0;
/// As for agents.
pub(super) const DEPARTMENT_MEMORY: f64 = 300.0;

/// Comings and goings from which habits are learned.
pub(super) const HABIT_MEMORY: f64 = 100.0;
/// How firmly the suppositions below are held.
pub(super) const HABIT_WEIGHT: f64 = 2.0;
/// How firmly a class of absence is held to the rate over all.
pub(super) const HABIT_CLASS_WEIGHT: f64 = 2.0;
/// An agent stays on for six hours, before any was seen to go.
pub(super) const STAY_SUPPOSED_S: f64 = 21_600.0;
/// And comes back after one hour, before any was seen to.
pub(super) const AWAY_SUPPOSED_S: f64 = 3_600.0;
/// After so long an absence a new working day begins.
pub(super) const NIGHT_S: f64 = 14_400.0;

/// People come and go as planned on average, before any did.
pub(super) const LATE_S: f64 = 0.0;
/// The standard deviation of that.
pub(super) const LATE_SPREAD_S: f64 = 120.0;
/// How firmly both are held.
pub(super) const LATE_WEIGHT: f64 = 4.0;
/// So many do not do what the plan says at all.
pub(super) const NO_SHOW: f64 = 0.05;

/// Leavings from which patience is learned.
pub(super) const PATIENCE_MEMORY: f64 = 400.0;
/// How firmly the supposition below is held.
pub(super) const PATIENCE_WEIGHT: f64 = 1.0;
/// How firmly a class of wait is held to the rate over all.
pub(super) const PATIENCE_CLASS_WEIGHT: f64 = 8.0;
/// Visitors leave after half an hour, before any did.
pub(super) const PATIENCE_SUPPOSED_S: f64 = 1_800.0;

/// Slots come free like the events of a Poisson process: the variance of their number is this much of its mean.
pub(super) const SCATTER: f64 = 1.0;
/// What is not known of pace and staff, as a share of the wait.
pub(super) const DOUBT: f64 = 0.1;
/// How fast the 90th percentile follows what came of promises.
pub(super) const STEERING: f64 = 0.03;
/// It widens or narrows by this factor's logarithm at most.
pub(super) const STEERING_LOG_MAX: f64 = 1.5;
/// So many chats must have ended before anything is promised.
pub(super) const GROUNDS_MIN: f64 = 5.0;
