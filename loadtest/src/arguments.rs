//! The command line, and what is wrong with it in words.

use std::io::{ErrorKind, Write as _, stdout};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use balie_loadtest::chorus::Pace;
use balie_loadtest::day::{KINDS, Kind, day};
use balie_loadtest::participant::dial::Dial;

use crate::machine;

#[derive(Parser)]
#[command(
    name = "balie-loadtest",
    version,
    about = "Loads a Balie server, and checks every frame that it gets from it"
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Holds visitors who say hello and then nothing, and weighs them
    Idle(Idle),
    /// Has visitors and agents talk in pairs, and times every message
    Chat(Chat),
    /// Sends large files, one after the other, and weighs the server
    Upload(Upload),
    /// Has readers fetch logs and lists that are there already, and times every answer
    Read(Read),
    /// Prints a made-up day of queue events, for `balie replay`
    Day(Day),
    /// Runs a small desk with a change of shifts, and draws promised against real waits
    Wait(Wait),
    /// One of the processes that the other commands start
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
pub struct Day {
    /// What kind of day: steady, overload, shifts, concurrent, shared, small or outage
    #[arg(value_parser = kind)]
    pub kind: Kind,
    /// Which one; the same seed is the same day
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Day {
    /// Prints the day. Whoever stops reading has seen enough.
    pub fn print(&self) -> Result<bool, String> {
        match stdout().write_all(day(self.kind, self.seed).as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.to_string()),
            _ => Ok(true),
        }
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    let known = KINDS.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        format!(
            "there is no such kind of day; name one of {}",
            names.join(", ")
        )
    })
}

#[derive(Args, Clone)]
pub struct Target {
    /// Address of the server, as http://127.0.0.1:8080
    #[arg(long, value_parser = url)]
    pub url: String,
    /// Key of the site that the visitors are on
    #[arg(long, default_value = "demo")]
    pub site: String,
    /// Origin that the visitors' pages are on, one of the site's [default: the address of the server]
    #[arg(long)]
    pub origin: Option<String>,
    /// Processes that the load comes from [default: as few as the limit of open files allows]
    #[arg(long, value_parser = at_least_one)]
    pub processes: Option<usize>,
    /// Process id of the server, to read its memory and CPU time
    #[arg(long)]
    pub server_pid: Option<u32>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Idle {
    #[command(flatten)]
    pub target: Target,
    /// Visitors to hold
    #[arg(long, value_parser = at_least_one)]
    pub visitors: usize,
    /// Seconds to hold them after the last has come
    #[arg(long, default_value_t = 10)]
    pub hold_s: u64,
    /// New visitors a second
    #[arg(long, default_value_t = 500, value_parser = at_least_one)]
    pub rate: usize,
    /// Let each begin a conversation, and so wait for an agent
    #[arg(long)]
    pub start: bool,
}

#[derive(Args)]
pub struct Upload {
    #[command(flatten)]
    pub target: Target,
    /// Bytes of a file
    #[arg(long, default_value_t = 100 * 1024 * 1024, value_parser = at_least_one)]
    pub bytes: usize,
    /// Files to send; a conversation takes 1,000 MiB an hour
    #[arg(long, default_value_t = 3, value_parser = at_least_one)]
    pub times: usize,
}

#[derive(Args)]
pub struct Chat {
    #[command(flatten)]
    pub target: Target,
    /// Pairs of a visitor and an agent's conversation
    #[arg(long, value_parser = at_least_one)]
    pub pairs: usize,
    /// Seconds to measure
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// Seconds to talk before that
    #[arg(long, default_value_t = 5)]
    pub warm_up_s: u64,
    /// Messages a second of each pair, whatever the server does; without it each pair bounces one message as fast as it goes
    #[arg(long, value_parser = rate)]
    pub rate_per_pair: Option<f64>,
    /// Shortest length of a message, in characters
    #[arg(long, default_value_t = 100, value_parser = text_chars)]
    pub text_chars: usize,
    /// Department that the visitors ask for [default: the site's first]
    #[arg(long)]
    pub department: Option<String>,
    /// File with API tokens of agents, one on each line
    #[arg(long, conflicts_with_all = ["data", "balie", "agents"], required_unless_present_all = ["data", "balie"])]
    pub tokens_file: Option<PathBuf>,
    /// Data folder of the server, to make agents in
    #[arg(long, requires = "balie")]
    pub data: Option<PathBuf>,
    /// The server's program, which makes the agents
    #[arg(long, requires = "data")]
    pub balie: Option<PathBuf>,
    /// Agents to make [default: one for each ten pairs]
    #[arg(long, value_parser = at_least_one)]
    pub agents: Option<usize>,
}

#[derive(Args)]
pub struct Read {
    /// Address of the server, as http://127.0.0.1:8080
    #[arg(long, value_parser = url)]
    pub url: String,
    /// Process id of the server, to read its CPU time
    #[arg(long)]
    pub server_pid: Option<u32>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Readers, each of whom asks for one thing after the other
    #[arg(long, default_value_t = 16, value_parser = at_least_one)]
    pub readers: usize,
    /// Seconds to measure
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// File with an API token of somebody who may read the conversations
    #[arg(long)]
    pub tokens_file: PathBuf,
}

#[derive(Args)]
pub struct Wait {
    /// Address of the server, as http://127.0.0.1:8080
    #[arg(long, value_parser = url)]
    pub url: String,
    /// Data folder of the server, to make agents in
    #[arg(long)]
    pub data: PathBuf,
    /// The server's program, which makes the agents
    #[arg(long)]
    pub balie: PathBuf,
    /// Agents, half of them in each shift
    #[arg(long, default_value_t = 8, value_parser = at_least_two)]
    pub agents: usize,
    /// Seconds within which visitors come
    #[arg(long, default_value_t = 540, value_parser = clap::value_parser!(u64).range(60..))]
    pub seconds: u64,
    /// Visitors for each that the first shift can serve
    #[arg(long, default_value_t = 1.05, value_parser = load)]
    pub load: f64,
    /// Which agents and visitors; the same seed is the same people
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// File for the picture
    #[arg(long)]
    pub svg: PathBuf,
}

impl Chat {
    pub fn pace(&self) -> Pace {
        match self.rate_per_pair {
            Some(per_pair_per_s) => Pace::Open { per_pair_per_s },
            None => Pace::Closed,
        }
    }
}

impl Target {
    /// How many processes hold so many sockets together.
    pub fn processes_for(&self, sockets: usize) -> Result<usize, String> {
        let each = machine::sockets_max();
        let needed = sockets.div_ceil(each).max(1);
        match self.processes {
            Some(processes) if processes < needed => Err(format!(
                "a process may hold {each} sockets here, so {sockets} need {needed} processes; say --processes {needed}, or raise the limit of open files"
            )),
            Some(processes) if processes > sockets => Err(format!(
                "{processes} processes are more than there are sockets; say --processes {sockets} or less"
            )),
            Some(processes) => Ok(processes),
            None => Ok(needed),
        }
    }
}

fn url(text: &str) -> Result<String, String> {
    Dial::new(text)
        .map(|_| text.trim_end_matches('/').to_owned())
        .map_err(|trouble| trouble.to_string())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a whole number of at least 1".into()),
        Ok(number) => Ok(number),
    }
}

fn at_least_two(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0 | 1) | Err(_) => {
            Err("give a whole number of at least 2: each shift needs somebody".into())
        }
        Ok(number) => Ok(number),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("give messages a second, above 0 and at most 10000".into()),
    }
}

fn load(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(load) if (0.1..=3.0).contains(&load) => Ok(load),
        _ => Err("give a number from 0.1 to 3: 1 is as many visitors as can be served".into()),
    }
}

fn text_chars(text: &str) -> Result<usize, String> {
    match text.parse() {
        // The contract's limit for a text.
        Ok(chars) if chars <= 10_000 => Ok(chars),
        _ => Err(
            "give a number of characters up to 10000, which is the longest text a server takes"
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn said(line: &str) -> String {
        let arguments = ["balie-loadtest"].into_iter().chain(line.split(' '));
        match Arguments::try_parse_from(arguments) {
            Ok(_) => String::new(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert_eq!(said("idle --url http://127.0.0.1:8080 --visitors 5"), "");
        assert_eq!(said("upload --url http://127.0.0.1:8080 --times 2"), "");
        assert_eq!(
            said("read --url http://127.0.0.1:8080 --tokens-file x --readers 3"),
            ""
        );
        assert_eq!(
            said(
                "wait --url http://127.0.0.1:8080 --data x --balie y --agents 2 --seconds 60 --load 3 --svg z"
            ),
            ""
        );
        assert_eq!(
            said("chat --url http://127.0.0.1:8080 --pairs 5 --tokens-file x"),
            ""
        );
        assert_eq!(
            said("chat --url http://127.0.0.1:8080 --pairs 5 --data x --balie y --agents 2"),
            ""
        );
    }

    #[test]
    fn wrong_arguments_say_what_to_do() {
        let cases = [
            ("idle --url https://a --visitors 5", "http://127.0.0.1:8080"),
            ("idle --url http://a --visitors 0", "at least 1"),
            ("upload --url http://a --bytes 0", "at least 1"),
            ("chat --url http://a --pairs 5", "--tokens-file"),
            ("chat --url http://a --pairs 5 --data x", "--balie"),
            (
                "chat --url http://a --pairs 5 --tokens-file x --rate-per-pair 0",
                "above 0",
            ),
            (
                "chat --url http://a --pairs 5 --tokens-file x --text-chars 10001",
                "10000",
            ),
            ("wait --url http://a --data x --balie y", "--svg"),
            ("wait --url http://a --svg z --balie y", "--data"),
            (
                "wait --url https://a --data x --balie y --svg z",
                "http://127.0.0.1:8080",
            ),
            (
                "wait --url http://a --data x --balie y --svg z --agents 1",
                "at least 2",
            ),
            (
                "wait --url http://a --data x --balie y --svg z --seconds 59",
                "60",
            ),
            (
                "wait --url http://a --data x --balie y --svg z --load 3.1",
                "from 0.1 to 3",
            ),
            (
                "wait --url http://a --data x --balie y --svg z --load NaN",
                "from 0.1 to 3",
            ),
        ];
        for (line, part) in cases {
            assert!(said(line).contains(part), "{line}: {}", said(line));
        }
    }

    #[test]
    fn too_few_processes_say_how_many_it_takes() {
        let target = |processes| Target {
            url: String::new(),
            site: String::new(),
            origin: None,
            processes,
            server_pid: None,
            json: false,
        };
        let each = machine::sockets_max();
        assert_eq!(target(None).processes_for(each + 1), Ok(2));
        assert_eq!(target(Some(3)).processes_for(10), Ok(3));
        assert!(
            target(Some(1))
                .processes_for(each + 1)
                .unwrap_err()
                .contains("--processes 2")
        );
        assert!(target(Some(3)).processes_for(2).is_err());
    }
}
