//! Sites and departments (and which languages have articles) as last read, for every look-up on a hot path.
//!
//! A snapshot behind a lock that is held for one clone of an `Arc`. [`Settings::refresh`] reads it anew when the store
//! says that something changed: called by the server every second and after every own write, so that a change made by
//! another process is seen too. While the store is away the last snapshot serves.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::hours::Schedule;
use crate::model::id::{DepartmentKey, SiteKey};
use crate::model::record::{Department, OWN_ORIGIN, Site};
use crate::model::time::At;
use crate::store::{Store, StoreError};

/// All sites and departments at one moment.
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

    /// Those of a site's departments that are open by their hours, in the site's order.
    #[must_use]
    pub fn in_hours(&self, site: &Site, now: At) -> Vec<DepartmentKey> {
        let is_open = |key: &&DepartmentKey| self.schedule(key).is_none_or(|one| one.is_open(now));
        site.departments.iter().filter(is_open).cloned().collect()
    }

    /// When the first of a site's departments opens; `None` while one is open, or if none has an opening ahead.
    #[must_use]
    pub fn next_open_at(&self, site: &Site, now: At) -> Option<At> {
        let openings = site
            .departments
            .iter()
            .filter_map(|key| match self.schedule(key) {
                Some(schedule) => schedule.next_open_at(now),
                None => Some(now),
            });
        openings.min().filter(|at| *at > now)
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
        let schedules = departments.iter().filter_map(schedule_of).collect();
        let fresh = Snapshot {
            schedules,
            sites: sites
                .into_iter()
                .map(|site| (site.key.clone(), Arc::new(site)))
                .collect(),
            departments: departments
                .into_iter()
                .map(|one| (one.key.clone(), Arc::new(one)))
                .collect(),
            article_languages,
            version,
        };
        *self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
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
