//! People, the agents' journal, sessions and passwords.

use std::sync::Arc;

use balie::model::hours::{Hours, OpenSpan};
use balie::model::id::{AgentId, SessionId, Skill};
use balie::model::record::{JournalReason, PersonRole, Session, SessionKind, Status};
use balie::model::time::{At, Millis};
use balie::store::{PersonChange, Store, StoreError};

use super::{START, agent, close, department, entry, new_person, served, written};

pub async fn an_address_is_one_person(store: Arc<dyn Store>) {
    let mut ana = new_person("Ana", PersonRole::Agent, 4);
    ana.email = "Ana.É@Example.com".to_owned();
    store.create_person(ana.clone(), START).await.unwrap();
    let person = store.person(ana.id).await.unwrap().unwrap();
    assert_eq!(
        (
            person.email.as_str(),
            person.name.as_str(),
            person.role,
            person.capacity,
            person.created_at
        ),
        ("Ana.É@Example.com", "Ana", PersonRole::Agent, 4, START)
    );
    assert_eq!(
        person.departments,
        [department("support"), department("sales")]
    );
    assert_eq!(person.status, Status::Offline);
    let found = store
        .person_by_email("ana.é@example.COM")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found, (person.clone(), "not a hash".to_owned()));
    assert_eq!(
        store.person_by_email("ana@example.com").await.unwrap(),
        None
    );

    let mut double = new_person("Double", PersonRole::Agent, 1);
    double.email = "ANA.é@example.com".to_owned();
    let created = store.create_person(double, START).await;
    assert!(
        matches!(created, Err(StoreError::Taken("address"))),
        "{created:?}"
    );
    let bea = agent(&store, "Bea", 1).await;
    let email = Some("ana.É@example.com".to_owned());
    let changed = store
        .change_person(
            bea.id,
            PersonChange {
                email,
                ..PersonChange::default()
            },
            START,
        )
        .await;
    assert!(
        matches!(changed, Err(StoreError::Taken("address"))),
        "{changed:?}"
    );

    let mut lost = new_person("Lost", PersonRole::Agent, 1);
    lost.departments.push(department("nowhere"));
    let created = store.create_person(lost.clone(), START).await;
    assert!(
        matches!(created, Err(StoreError::NotThere("department"))),
        "{created:?}"
    );
    assert_eq!(store.person(lost.id).await.unwrap(), None);
    let names: Vec<_> = store
        .people()
        .await
        .unwrap()
        .into_iter()
        .map(|person| person.name)
        .collect();
    assert_eq!(names, ["Ana", "Bea"]);
}

pub async fn the_first_person_is_made_once(store: Arc<dyn Store>) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            store
                .create_first_person(new_person("First", PersonRole::Admin, 3), START)
                .await
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Ok(()) | Err(StoreError::Taken("administrator"))))
    );
    assert_eq!(store.people().await.unwrap().len(), 1);
}

pub async fn the_last_administrator_stays(store: Arc<dyn Store>) {
    let ada = new_person("Ada", PersonRole::Admin, 1);
    store.create_person(ada.clone(), START).await.unwrap();
    let demote = || PersonChange {
        role: Some(PersonRole::Supervisor),
        ..PersonChange::default()
    };
    let changed = store.change_person(ada.id, demote(), START).await;
    assert!(
        matches!(changed, Err(StoreError::InUse("administrator"))),
        "{changed:?}"
    );
    let removed = store.remove_person(ada.id, START).await;
    assert!(
        matches!(removed, Err(StoreError::InUse("administrator"))),
        "{removed:?}"
    );
    let rename = PersonChange {
        name: Some("Ada L.".to_owned()),
        ..PersonChange::default()
    };
    assert_eq!(
        store
            .change_person(ada.id, rename, START)
            .await
            .unwrap()
            .name,
        "Ada L."
    );

    let eve = new_person("Eve", PersonRole::Admin, 1);
    store.create_person(eve.clone(), START).await.unwrap();
    let demoted = store.change_person(ada.id, demote(), START).await.unwrap();
    assert_eq!(demoted.role, PersonRole::Supervisor);
    store.remove_person(ada.id, START).await.unwrap();
    let removed = store.remove_person(eve.id, START).await;
    assert!(
        matches!(removed, Err(StoreError::InUse("administrator"))),
        "{removed:?}"
    );
}

pub async fn skills_of_a_person_are_kept_as_given(store: Arc<dyn Store>) {
    let skills =
        |keys: &[&str]| -> Vec<Skill> { keys.iter().map(|key| Skill::new(key).unwrap()).collect() };
    let mut ana = new_person("Ana", PersonRole::Agent, 2);
    ana.skills = skills(&["billing", "nl"]);
    let id = ana.id;
    store.create_person(ana, START).await.unwrap();
    let kept = async || store.person(id).await.unwrap().unwrap().skills;
    assert_eq!(kept().await, skills(&["billing", "nl"]));
    let rename = PersonChange {
        name: Some("Ana B.".to_owned()),
        ..PersonChange::default()
    };
    store.change_person(id, rename, START).await.unwrap();
    assert_eq!(kept().await, skills(&["billing", "nl"]), "absent stays");
    let change = PersonChange {
        skills: Some(skills(&["de"])),
        ..PersonChange::default()
    };
    let changed = store.change_person(id, change, START).await.unwrap();
    assert_eq!(changed.skills, skills(&["de"]));
    assert_eq!(kept().await, skills(&["de"]));
}

pub async fn changes_of_a_person_are_journalled(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    let change = PersonChange {
        departments: Some(vec![department("sales")]),
        capacity: Some(5),
        ..PersonChange::default()
    };
    let changed = store
        .change_person(ana.id, change, START + Millis(10))
        .await
        .unwrap();
    assert_eq!(
        (changed.departments.as_slice(), changed.capacity),
        (&[department("sales")][..], 5)
    );
    assert_eq!(store.person(ana.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(changed.status, Status::Online, "settings change no status");
    let rename = PersonChange {
        name: Some("Ana B.".to_owned()),
        ..PersonChange::default()
    };
    store
        .change_person(ana.id, rename, START + Millis(20))
        .await
        .unwrap();
    // The clock went back: the journal's time does not.
    store
        .remove_person(ana.id, START + Millis(5))
        .await
        .unwrap();

    let journal = store.journal_of(ana.id, START).await.unwrap();
    let rows: Vec<_> = journal
        .iter()
        .map(|(at, entry)| {
            (
                at.0 - START.0,
                entry.status,
                entry.capacity,
                entry.departments.len(),
                entry.reason,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (0, Status::Offline, 2, 2, JournalReason::Created),
            (0, Status::Online, 2, 2, JournalReason::Chosen),
            (10, Status::Online, 5, 1, JournalReason::Settings),
            (10, Status::Offline, 5, 1, JournalReason::Removed),
        ]
    );
    assert_eq!(
        store.journal_of(ana.id, START + Millis(1)).await.unwrap(),
        journal[2..]
    );
    let changed = store
        .change_person(ana.id, PersonChange::default(), START)
        .await;
    assert!(
        matches!(changed, Err(StoreError::NotThere("person"))),
        "{changed:?}"
    );
}

pub async fn whoever_owns_a_conversation_is_not_removed(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    let chat = served(&store, &ana).await;
    let removed = store.remove_person(ana.id, START).await;
    assert!(
        matches!(removed, Err(StoreError::InUse("agent"))),
        "{removed:?}"
    );
    written(&store, chat.does(close(&ana, &[]))).await;
    store
        .create_session(session(ana.id, SessionKind::Cookie, 1))
        .await
        .unwrap();
    store.remove_person(ana.id, START).await.unwrap();
    assert_eq!(store.person(ana.id).await.unwrap(), None);
    assert_eq!(store.session([1; 32]).await.unwrap(), None);
    // The log keeps the name.
    let log = super::log_of(&store, chat.id, balie::model::event::View::Visitor).await;
    assert!(
        log.iter()
            .any(|(_, event)| event.from.name.as_deref() == Some("Ana"))
    );
}

pub async fn status_follows_the_journal(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    store
        .journal(entry(&ana, Status::Away, 7), START)
        .await
        .unwrap();
    let person = store.person(ana.id).await.unwrap().unwrap();
    assert_eq!((person.status, person.capacity), (Status::Away, 7));
    store
        .journal(entry(&ana, Status::Offline, 7), START)
        .await
        .unwrap();
    assert_eq!(
        store.person(ana.id).await.unwrap().unwrap().status,
        Status::Offline
    );

    let mut nobody = entry(&ana, Status::Online, 1);
    nobody.agent = AgentId::fresh();
    let journalled = store.journal(nobody.clone(), START).await;
    assert!(
        matches!(journalled, Err(StoreError::NotThere("person"))),
        "{journalled:?}"
    );
    assert_eq!(store.journal_of(nobody.agent, At(0)).await.unwrap(), []);
}

fn session(person: AgentId, kind: SessionKind, secret: u8) -> Session {
    Session {
        id: SessionId::fresh(),
        person,
        kind,
        secret_hash: [secret; 32],
        label: format!("number {secret}"),
        created_at: START,
        seen_at: START,
        expires_at: (kind == SessionKind::Cookie).then_some(START + Millis(1_000)),
    }
}

pub async fn a_session_is_found_by_its_secret(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    let bea = agent(&store, "Bea", 2).await;
    let cookie = session(ana.id, SessionKind::Cookie, 1);
    let token = Session {
        created_at: START + Millis(1),
        ..session(ana.id, SessionKind::Token, 2)
    };
    store.create_session(cookie.clone()).await.unwrap();
    store.create_session(token.clone()).await.unwrap();
    let (found, person) = store.session([1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (&found, person),
        (&cookie, store.person(ana.id).await.unwrap().unwrap())
    );
    assert_eq!(store.session([9; 32]).await.unwrap(), None);
    assert_eq!(
        store.sessions_of(ana.id).await.unwrap(),
        [token.clone(), cookie.clone()]
    );

    store
        .touch_session(cookie.id, START + Millis(60))
        .await
        .unwrap();
    store
        .touch_session(token.id, START + Millis(60))
        .await
        .unwrap();
    store
        .touch_session(cookie.id, START + Millis(30))
        .await
        .unwrap();
    let (touched, _) = store.session([1; 32]).await.unwrap().unwrap();
    let expected = (START + Millis(60), Some(START + Millis(1_060)));
    assert_eq!((touched.seen_at, touched.expires_at), expected);
    assert_eq!(
        store.session([2; 32]).await.unwrap().unwrap().0.expires_at,
        None
    );

    let ended = store.end_session(bea.id, cookie.id).await;
    assert!(
        matches!(ended, Err(StoreError::NotThere("session"))),
        "nobody ends another's: {ended:?}"
    );
    assert!(store.session_exists(cookie.id).await.unwrap());
    store.end_session(ana.id, cookie.id).await.unwrap();
    assert!(!store.session_exists(cookie.id).await.unwrap());
    let created = store
        .create_session(session(AgentId::fresh(), SessionKind::Token, 3))
        .await;
    assert!(
        matches!(created, Err(StoreError::NotThere("person"))),
        "{created:?}"
    );
}

pub async fn a_new_password_ends_the_other_sessions(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    let kept = session(ana.id, SessionKind::Cookie, 1);
    let ended = session(ana.id, SessionKind::Cookie, 2);
    let token = session(ana.id, SessionKind::Token, 3);
    let bea = agent(&store, "Bea", 2).await;
    let others = session(bea.id, SessionKind::Cookie, 4);
    for session in [&kept, &ended, &token, &others] {
        store.create_session(session.clone()).await.unwrap();
    }
    store
        .set_password(ana.id, "new hash".to_owned(), Some(kept.id))
        .await
        .unwrap();
    let email = store.person(ana.id).await.unwrap().unwrap().email;
    assert_eq!(
        store.person_by_email(&email).await.unwrap().unwrap().1,
        "new hash"
    );
    let alive = async |session: &Session| store.session_exists(session.id).await.unwrap();
    assert!(
        alive(&kept).await && !alive(&ended).await && alive(&token).await && alive(&others).await
    );
    store.end_sessions(ana.id).await.unwrap();
    assert!(!alive(&kept).await && alive(&token).await && alive(&others).await);
    let set = store
        .set_password(AgentId::fresh(), "hash".to_owned(), None)
        .await;
    assert!(
        matches!(set, Err(StoreError::NotThere("person"))),
        "{set:?}"
    );
}

pub async fn expired_sessions_are_forgotten(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    let cookie = session(ana.id, SessionKind::Cookie, 1);
    let token = session(ana.id, SessionKind::Token, 2);
    store.create_session(cookie.clone()).await.unwrap();
    store.create_session(token.clone()).await.unwrap();
    store
        .forget_expired_sessions(START + Millis(1_000))
        .await
        .unwrap();
    assert!(store.session_exists(cookie.id).await.unwrap());
    store
        .forget_expired_sessions(START + Millis(1_001))
        .await
        .unwrap();
    assert!(!store.session_exists(cookie.id).await.unwrap());
    assert!(store.session_exists(token.id).await.unwrap());
}

pub async fn a_rota_is_kept_as_written_and_goes_with_its_person(store: Arc<dyn Store>) {
    let (ana, bea) = (agent(&store, "Ana", 1).await, agent(&store, "Bea", 1).await);
    assert_eq!(store.rotas().await.unwrap(), []);
    let week = |from: &str| Hours {
        tz: "Europe/Amsterdam".to_owned(),
        week: vec![OpenSpan {
            days: vec![1, 5],
            from: from.to_owned(),
            to: "17:00".to_owned(),
        }],
        closed: vec!["2031-12-25".to_owned()],
    };
    let version = store.settings_version().await.unwrap();
    store.save_rota(ana.id, Some(week("08:00"))).await.unwrap();
    store.save_rota(ana.id, Some(week("09:00"))).await.unwrap();
    store.save_rota(bea.id, Some(week("10:00"))).await.unwrap();
    assert!(store.settings_version().await.unwrap() > version);
    let mut expected = [(ana.id, week("09:00")), (bea.id, week("10:00"))];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(store.rotas().await.unwrap(), expected);
    store.save_rota(bea.id, None).await.unwrap();
    store.remove_person(ana.id, START).await.unwrap();
    assert_eq!(store.rotas().await.unwrap(), []);
    let gone = store.save_rota(ana.id, Some(week("08:00"))).await;
    assert!(
        matches!(gone, Err(StoreError::NotThere("person"))),
        "{gone:?}"
    );
}
