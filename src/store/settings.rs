//! Sites, departments and rotas (and which languages have articles, and what each department's agents can do) as last read, for
//! every look-up on a hot path.
//!
//! A snapshot behind a lock that is held for one clone of an `Arc`. [`Settings::refresh`] reads it anew when the store
//! says that something changed: called by the server every second and after every own write, so that a change made by
//! another process is seen too. While the store is away the last snapshot serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::hours::Schedule;
use crate::model::hours::Hours;
use crate::model::id::{AgentId, DepartmentKey, SiteKey, Skill};
use crate::model::record::{Department, OWN_ORIGIN, Person, Site};
use crate::model::time::At;
use crate::store::rotas::Planned;
use crate::store::{Store, StoreError};

/// All sites, departments and rotas at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// By key.
    pub sites: BTreeMap<SiteKey, Arc<Site>>,
    /// By key.
    pub departments: BTreeMap<DepartmentKey, Arc<Department>>,
    /// Of each site that has published articles: how many, by language.
    article_languages: BTreeMap<SiteKey, Vec<(String, u64)>>,
    /// Of the departments that have opening hours.
    schedules: BTreeMap<DepartmentKey, Schedule>,
    /// What at least one agent of each department can do.
    skills: BTreeMap<DepartmentKey, BTreeSet<Skill>>,
    /// Of those who work to a plan.
    planned: Vec<Planned>,
    version: u64,
}

impl Snapshot {
    /// All sites, by key.
    pub fn sites(&self) -> impl Iterator<Item = &Arc<Site>> {
        self.sites.values()
    }

    /// All departments, by key.
    pub fn departments(&self) -> impl Iterator<Item = &Arc<Department>> {
        self.departments.values()
    }

    /// One site.
    #[must_use]
    pub fn site(&self, key: &SiteKey) -> Option<&Arc<Site>> {
        self.sites.get(key)
    }

    /// One department.
    #[must_use]
    pub fn department(&self, key: &DepartmentKey) -> Option<&Arc<Department>> {
        self.departments.get(key)
    }

    /// How many published articles the site has, by language; nothing for a language without any.
    #[must_use]
    pub fn article_languages(&self, site: &SiteKey) -> &[(String, u64)] {
        self.article_languages.get(site).map_or(&[], Vec::as_slice)
    }

    /// The hours of a department that is not always open.
    #[must_use]
    pub fn schedule(&self, key: &DepartmentKey) -> Option<&Schedule> {
        self.schedules.get(key)
    }

    /// Those who work to a plan.
    #[must_use]
    pub fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// Another number once any setting changed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether a department is within its hours.
    #[must_use]
    pub fn is_open(&self, key: &DepartmentKey, now: At) -> bool {
        self.schedule(key).is_none_or(|one| one.is_open(now))
    }

    /// Whether an agent of the department has the skill.
    #[must_use]
    pub fn has_skill(&self, department: &DepartmentKey, skill: &Skill) -> bool {
        let known = self.skills.get(department);
        known.is_some_and(|known| known.contains(skill))
    }

    /// The department, then those who stand in for it.
    fn with_stand_ins<'a>(
        &'a self,
        department: &'a Department,
    ) -> impl Iterator<Item = &'a Arc<Department>> {
        let keys = std::iter::once(&department.key).chain(&department.routing.stand_ins);
        keys.filter_map(|key| self.departments.get(key))
    }

    /// Where new chats of a department may go now, best first: to itself while it is open, and to its stand-ins that are.
    pub fn open_for<'a>(
        &'a self,
        department: &'a Department,
        now: At,
    ) -> impl Iterator<Item = &'a Arc<Department>> {
        let reached = self.with_stand_ins(department);
        reached.filter(move |one| self.is_open(&one.key, now))
    }

    /// Which of a department and its stand-ins opens first, and when; `None` if none has an opening ahead.
    #[must_use]
    pub fn next_opening_for<'a>(
        &'a self,
        department: &'a Department,
        now: At,
    ) -> Option<(&'a Arc<Department>, At)> {
        let openings = self.with_stand_ins(department).filter_map(|one| {
            let at = match self.schedule(&one.key) {
                Some(schedule) => schedule.next_open_at(now)?,
                None => now,
            };
            Some((one, at))
        });
        openings.min_by_key(|(_, at)| *at)
    }

    /// The departments that a site offers, in its order.
    pub fn offered_by<'a>(&'a self, site: &'a Site) -> impl Iterator<Item = &'a Arc<Department>> {
        let keys = site.departments.iter();
        keys.filter_map(|key| self.departments.get(key))
    }

    /// The departments that stand in for those that a site offers, and that it does not offer itself, by key.
    #[must_use]
    pub fn stand_ins_of(&self, site: &Site) -> Vec<&Arc<Department>> {
        let all = self.offered_by(site).flat_map(|one| &one.routing.stand_ins);
        let others: BTreeSet<_> = all.filter(|key| !site.departments.contains(key)).collect();
        others
            .into_iter()
            .filter_map(|key| self.departments.get(key))
            .collect()
    }

    /// The departments that serve a site's new chats now, by the hours.
    #[must_use]
    pub fn in_hours(&self, site: &Site, now: At) -> Vec<DepartmentKey> {
        let offered = self.offered_by(site);
        let serve = offered.filter_map(|one| self.open_for(one, now).next());
        let keys: BTreeSet<_> = serve.map(|one| one.key.clone()).collect();
        keys.into_iter().collect()
    }

    /// When the first opens who serves a site's new chats; `None` while one is open, or if none has an opening ahead.
    #[must_use]
    pub fn next_open_at(&self, site: &Site, now: At) -> Option<At> {
        let offered = self.offered_by(site);
        let openings = offered.filter_map(|one| self.next_opening_for(one, now));
        let first = openings.map(|(_, at)| at).min();
        first.filter(|at| *at > now)
    }
}

/// The cache.
pub struct Settings {
    store: Arc<dyn Store>,
    /// The origins this server is reached at: what `self` stands for in a site's list. Known once the port is bound.
    own_origins: RwLock<Vec<String>>,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl Settings {
    /// Reads everything once.
    pub async fn load(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let settings = Self {
            store,
            own_origins: RwLock::default(),
            snapshot: RwLock::default(),
        };
        settings.read().await?;
        Ok(settings)
    }

    /// Says what the server's own origins are: the public address, or those of the bound port.
    pub fn set_own_origins(&self, origins: Vec<String>) {
        *self
            .own_origins
            .write()
            .unwrap_or_else(PoisonError::into_inner) = origins;
    }

    /// Reads everything again if something changed; answers whether it did.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        let version = self.store.settings_version().await?;
        if version == self.snapshot().version {
            return Ok(false);
        }
        self.read().await?;
        Ok(true)
    }

    async fn read(&self) -> Result<(), StoreError> {
        // The version first: a change in between is then read again, never missed.
        let version = self.store.settings_version().await?;
        let sites = self.store.sites().await?;
        let departments = self.store.departments().await?;
        let mut article_languages: BTreeMap<SiteKey, Vec<(String, u64)>> = BTreeMap::new();
        for (site, lang, count) in self.store.published_languages().await? {
            article_languages
                .entry(site)
                .or_default()
                .push((lang, count));
        }
        let mut skills: BTreeMap<DepartmentKey, BTreeSet<Skill>> = BTreeMap::new();
        let people = self.store.people().await?;
        for person in &people {
            for department in person
                .departments
                .iter()
                .filter(|_| !person.skills.is_empty())
            {
                let known = skills.entry(department.clone()).or_default();
                known.extend(person.skills.iter().cloned());
            }
        }
        let schedules = departments.iter().filter_map(schedule_of).collect();
        let planned = self.read_rotas(&people).await?;
        let fresh = Snapshot {
            schedules,
            planned,
            sites: sites
                .into_iter()
                .map(|site| (site.key.clone(), Arc::new(site)))
                .collect(),
            departments: departments
                .into_iter()
                .map(|one| (one.key.clone(), Arc::new(one)))
                .collect(),
            article_languages,
            skills,
            version,
        };
        *self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    async fn read_rotas(&self, people: &[Person]) -> Result<Vec<Planned>, StoreError> {
        let rotas: BTreeMap<AgentId, Hours> = self.store.rotas().await?.into_iter().collect();
        let planned = people
            .iter()
            .filter_map(|person| Planned::of(person, rotas.get(&person.id)?));
        Ok(planned.collect())
    }

    /// Everything, as last read.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One site.
    #[must_use]
    pub fn site(&self, key: &SiteKey) -> Option<Arc<Site>> {
        self.snapshot().sites.get(key).cloned()
    }

    /// One department.
    #[must_use]
    pub fn department(&self, key: &DepartmentKey) -> Option<Arc<Department>> {
        self.snapshot().departments.get(key).cloned()
    }

    /// Whether this is an origin of the server itself.
    #[must_use]
    pub fn is_own_origin(&self, origin: &str) -> bool {
        self.own_origins
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|own| own.eq_ignore_ascii_case(origin))
    }

    /// Whether pages of this origin may speak for the site.
    #[must_use]
    pub fn allows(&self, site: &Site, origin: &str) -> bool {
        site.origins.iter().any(|allowed| match allowed.as_str() {
            OWN_ORIGIN => self.is_own_origin(origin),
            allowed => allowed.eq_ignore_ascii_case(origin),
        })
    }

    /// Whether any site allows this origin.
    #[must_use]
    pub fn is_known_origin(&self, origin: &str) -> bool {
        self.snapshot()
            .sites
            .values()
            .any(|site| self.allows(site, origin))
    }
}

/// The hours were checked when they were written. A zone that the time zone database has dropped since leaves the
/// department open rather than shut for ever.
fn schedule_of(department: &Department) -> Option<(DepartmentKey, Schedule)> {
    let schedule = Schedule::of(department.hours.as_ref()?);
    let schedule = schedule.map_err(|wrong| {
        tracing::warn!(department = %department.key, %wrong, "opening hours make no sense; taken as always open");
    });
    Some((department.key.clone(), schedule.ok()?))
}
