//! What visitors come with and how it goes: the conversations of the demo shop, told in `stories.txt`.
//!
//! A story begins with `# department language topic path title`. Then, a line each: `V` what the visitor says, `A` what
//! the agent says, `N` a note, `> department | note` a transfer to a department, `@ note` one to a colleague. A last
//! line `= visitor` or `= silent` says who ends it, where it is not the agent. Greetings and thanks are added in play.

use anyhow::{Context, bail};

/// The language of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Dutch.
    Dutch,
}

/// One conversation to be played.
#[derive(Clone, Debug)]
pub struct Story {
    /// In whose line it begins, by key.
    pub department: &'static str,
    /// Spoken.
    pub language: Language,
    /// What the agent files it under.
    pub topic: &'static str,
    /// The page the visitor is on: its path.
    pub path: &'static str,
    /// The page's title.
    pub title: &'static str,
    /// What the visitor begins with.
    pub opening: &'static str,
    /// What follows.
    pub lines: Vec<Line>,
    /// Who ends it.
    pub ending: Ending,
}

/// One step of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The visitor says something.
    Visitor(&'static str),
    /// The agent says something.
    Agent(&'static str),
    /// The agent leaves a note for the others.
    Note(&'static str),
    /// The agent hands it to another department.
    ToDepartment(&'static str, &'static str),
    /// The agent hands it to a colleague with room.
    ToColleague(&'static str),
}

/// Who ends a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The agent, when all is said.
    Agent,
    /// The visitor.
    Visitor,
    /// Nobody says anything any more.
    Silent,
}

/// Every story.
pub fn stories() -> anyhow::Result<Vec<Story>> {
    let mut stories: Vec<Story> = Vec::new();
    for (index, line) in include_str!("stories.txt").lines().enumerate() {
        let place = || format!("line {} of the stories, \"{line}\"", index + 1);
        let (mark, rest) = line.split_once(' ').with_context(place)?;
        if mark == "#" {
            stories.push(begin(rest).with_context(place)?);
            continue;
        }
        let story = stories.last_mut().with_context(place)?;
        let step = match mark {
            "V" if story.opening.is_empty() => {
                story.opening = rest;
                continue;
            }
            "V" => Line::Visitor(rest),
            "A" => Line::Agent(rest),
            "N" => Line::Note(rest),
            "@" => Line::ToColleague(rest),
            ">" => {
                let (department, note) = rest.split_once(" | ").with_context(place)?;
                Line::ToDepartment(department, note)
            }
            "=" => {
                story.ending = match rest {
                    "visitor" => Ending::Visitor,
                    "silent" => Ending::Silent,
                    _ => bail!("nobody ends it so: {}", place()),
                };
                continue;
            }
            _ => bail!("no such mark: {}", place()),
        };
        story.lines.push(step);
    }
    Ok(stories)
}

fn begin(head: &'static str) -> anyhow::Result<Story> {
    let mut words = head.splitn(5, ' ');
    let mut next = |what: &'static str| words.next().context(what);
    Ok(Story {
        department: next("the department is missing")?,
        language: match next("the language is missing")? {
            "en" => Language::English,
            "nl" => Language::Dutch,
            other => bail!("nobody speaks {other}"),
        },
        topic: next("the topic is missing")?,
        path: next("the path is missing")?,
        title: next("the title is missing")?,
        opening: "",
        lines: Vec::new(),
        ending: Ending::Agent,
    })
}

/// Words that come with every story, in one language.
pub struct Phrases {
    /// The agent joins; `{visitor}` and `{agent}` are first names.
    pub greetings: &'static [&'static str],
    /// The same for somebody who gave no name.
    pub greetings_unnamed: &'static [&'static str],
    /// Another agent goes on.
    pub takeovers: &'static [&'static str],
    /// The agent's last words.
    pub farewells: &'static [&'static str],
    /// Before the visitor says what it is about.
    pub hellos: &'static [&'static str],
    /// The visitor waits for long.
    pub nudges: &'static [&'static str],
    /// With a good rating.
    pub praise: &'static [&'static str],
    /// With a bad one.
    pub complaints: &'static [&'static str],
}

impl Language {
    /// Its words.
    pub fn phrases(self) -> &'static Phrases {
        match self {
            Language::English => &ENGLISH,
            Language::Dutch => &DUTCH,
        }
    }
}

static ENGLISH: Phrases = Phrases {
    greetings: &[
        "Hi {visitor}, this is {agent}. Let me have a look.",
        "Hello {visitor}, {agent} here.",
        "Hi {visitor}! I am {agent}, I am just reading what you wrote.",
        "Good to see you, {visitor}. One moment please.",
    ],
    greetings_unnamed: &[
        "Hello, this is {agent}. Let me have a look.",
        "Hi, {agent} here, one moment please.",
        "Welcome! I am {agent}, I am just reading what you wrote.",
    ],
    takeovers: &[
        "{agent} here. I have read everything above, so you need not say it again.",
        "Hi, I am {agent} and take over from here. I have read it all.",
    ],
    farewells: &[
        "You are welcome. Ride safely!",
        "Glad I could help. Have a nice day!",
        "Any time. Bye!",
        "Thank you for writing to us.",
    ],
    hellos: &[
        "Hi",
        "Hello!",
        "hi there",
        "Good day",
        "Hey, quick question",
    ],
    nudges: &[
        "Hello?",
        "Is anybody there?",
        "Still waiting :)",
        "no hurry, but I only have a few minutes",
    ],
    praise: &[
        "Quick and friendly.",
        "Best chat I ever had with a shop.",
        "Solved in five minutes!",
        "Thanks again",
        "Knew what they were talking about.",
    ],
    complaints: &[
        "Had to wait far too long.",
        "Kind, but it took ages.",
        "Did not really solve it.",
    ],
};

static DUTCH: Phrases = Phrases {
    greetings: &[
        "Hoi {visitor}, met {agent}. Ik kijk even.",
        "Goedendag {visitor}, {agent} hier.",
        "Hallo {visitor}! Ik ben {agent} en lees even wat u schreef.",
    ],
    greetings_unnamed: &[
        "Goedendag, met {agent}. Ik kijk even.",
        "Hallo, {agent} hier, een momentje.",
    ],
    takeovers: &["{agent} hier, ik neem het over. Ik heb alles hierboven gelezen."],
    farewells: &[
        "Graag gedaan. Fijne dag nog!",
        "Bedankt voor uw bericht, en goede reis op de fiets.",
        "Graag gedaan!",
    ],
    hellos: &["Hallo", "Goedemiddag", "hoi", "Dag, een vraagje"],
    nudges: &["Hallo?", "Is er iemand?", "Ik wacht nog even"],
    praise: &[
        "Snel en vriendelijk geholpen.",
        "Top service!",
        "Fijn dat er echt iemand antwoordt.",
    ],
    complaints: &["Duurde erg lang.", "Lang moeten wachten."],
};

#[cfg(test)]
mod tests {
    use super::{Language, Line, stories};

    #[test]
    fn every_story_can_be_played() {
        let stories = stories().unwrap();
        assert!(stories.len() >= 36);
        assert!(
            stories
                .iter()
                .any(|story| story.language == Language::Dutch)
        );
        for story in &stories {
            assert!(!story.opening.is_empty(), "{}", story.title);
            assert!(
                story
                    .lines
                    .iter()
                    .any(|line| matches!(line, Line::Agent(_))),
                "{}",
                story.opening
            );
        }
    }
}
