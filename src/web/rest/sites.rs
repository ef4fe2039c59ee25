//! Sites, where the widget is embedded: `/api/sites`. Everybody at the desk reads them; administrators keep them.
//!
//! The keys of signed identities go in and never out: an answer only says whether they are set.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::identity;
use crate::accounts::origin::normal_origin;
use crate::accounts::secret::Secret;
use crate::model::id::{DepartmentKey, SiteKey};
use crate::model::record::{FormField, FormFieldKind, Site};
use crate::model::widget_settings::WidgetSettings;
use crate::protocol::parse::{FIELD_VALUE_CHARS_MAX, FIELDS_MAX};
use crate::store::StoreError;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Body, Named, line, paragraph, present, set_of};
use crate::web::rest::caller::{Admin, Caller};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};
use crate::web::rest::widget_settings;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_sites, add_site))
        .routes(routes!(read_site, change_site, remove_site))
        .routes(routes!(renew_identity_secret))
}

/// Most sites of an installation: each upgrade of a socket looks through them.
const SITES_MAX: usize = 1_000;
/// Longest name of a site, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Most origins of a site.
const ORIGINS_MAX: usize = 50;
/// Most departments that a site offers.
const DEPARTMENTS_MAX: usize = 50;
/// Longest greeting, in characters.
const GREETING_CHARS_MAX: usize = 1_000;
/// Longest label of a form's field, in characters.
const LABEL_CHARS_MAX: usize = 200;
/// Longest name of a form's field, in characters.
const FIELD_NAME_CHARS_MAX: usize = 40;
/// Most choices of a field.
const OPTIONS_MAX: usize = 50;

/// All sites, by key.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Sites {
    sites: Vec<OneSite>,
}

/// A site, without its secrets.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneSite {
    key: SiteKey,
    /// The name visitors read.
    name: String,
    /// Origins whose pages may open a chat; `self` is this server.
    origins: Vec<String>,
    /// The departments it offers; the first is the default.
    departments: Vec<DepartmentKey>,
    /// The form before the chat; empty means none.
    form: Vec<FormField>,
    /// What the widget says before the visitor does.
    greeting: Option<String>,
    /// The brand colour, `#rrggbb`.
    color: Option<String>,
    /// Whether agents see what a visitor types before it is sent.
    typing_preview: bool,
    /// How its widget looks and what it may do.
    widget: WidgetSettings,
    /// Whether a secret for identities signed with HS256 is set.
    identity_secret_set: bool,
    /// Whether a public key for signed identities is set.
    identity_public_key_set: bool,
}

impl From<&Site> for OneSite {
    fn from(site: &Site) -> Self {
        Self {
            key: site.key.clone(),
            name: site.name.clone(),
            origins: site.origins.clone(),
            departments: site.departments.clone(),
            form: site.form.clone(),
            greeting: site.greeting.clone(),
            color: site.color.clone(),
            typing_preview: site.typing_preview,
            widget: site.widget.clone(),
            identity_secret_set: site.identity_secret.is_some(),
            identity_public_key_set: site.identity_public_key.is_some(),
        }
    }
}

/// A site to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    /// Never changes.
    key: SiteKey,
    name: String,
    origins: Vec<String>,
    departments: Vec<DepartmentKey>,
    #[serde(default)]
    form: Vec<FormField>,
    #[serde(default)]
    greeting: Option<String>,
    #[serde(default)]
    color: Option<String>,
    #[serde(default)]
    typing_preview: bool,
    #[serde(default)]
    widget: WidgetSettings,
}

/// What changes about a site. What is absent stays; `null` clears.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteChange {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    origins: Option<Vec<String>>,
    #[serde(default)]
    departments: Option<Vec<DepartmentKey>>,
    #[serde(default)]
    form: Option<Vec<FormField>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    greeting: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    color: Option<Option<String>>,
    #[serde(default)]
    typing_preview: Option<bool>,
    /// Replaced whole: what is absent in it has its default.
    #[serde(default)]
    widget: Option<WidgetSettings>,
    /// A secret for identities signed with HS256; at least 32 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, write_only)]
    identity_secret: Option<Option<String>>,
    /// A public key (PEM) for identities signed with ES256, RS256 or EdDSA.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, write_only)]
    identity_public_key: Option<Option<String>>,
}

/// A fresh secret, this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FreshSecret {
    /// Signs visitors' identities with HS256. It is not shown again.
    identity_secret: String,
}

/// All sites
#[utoipa::path(get, path = "/api/sites", tag = "sites",
    responses(
        (status = 200, body = Sites),
        Unauthorized,
    ))]
async fn list_sites(State(rest): State<Arc<Rest>>, _: Caller) -> Result<Json<Sites>, Problem> {
    let sites = rest.store.sites().await?;
    Ok(Json(Sites {
        sites: sites.iter().map(OneSite::from).collect(),
    }))
}

/// Add a site
#[utoipa::path(post, path = "/api/sites", tag = "sites",
    request_body = NewSite,
    responses(
        (status = 201, body = OneSite),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The key is taken"),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn add_site(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Body(new): Body<NewSite>,
) -> Result<(StatusCode, Json<OneSite>), Problem> {
    let site = checked(Site {
        key: new.key,
        name: new.name,
        origins: new.origins,
        departments: new.departments,
        form: new.form,
        greeting: new.greeting,
        color: new.color,
        typing_preview: new.typing_preview,
        widget: new.widget,
        identity_secret: None,
        identity_public_key: None,
    })?;
    let _change = rest.changes.lock().await;
    if rest.store.sites().await?.len() >= SITES_MAX {
        return Err(Problem::conflict(format!(
            "There are {SITES_MAX} sites already."
        )));
    }
    let answer = OneSite::from(&site);
    rest.store.create_site(site).await.map_err(of_write)?;
    rest.settings_changed().await;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// One site
#[utoipa::path(get, path = "/api/sites/{key}", tag = "sites",
    params(("key" = SiteKey, Path)),
    responses(
        (status = 200, body = OneSite),
        Unauthorized, NotFound,
    ))]
async fn read_site(
    State(rest): State<Arc<Rest>>,
    _: Caller,
    Named(key): Named<SiteKey>,
) -> Result<Json<OneSite>, Problem> {
    let site = find(&rest, &key).await?;
    Ok(Json(OneSite::from(&site)))
}

/// Change a site
#[utoipa::path(patch, path = "/api/sites/{key}", tag = "sites",
    params(("key" = SiteKey, Path)),
    request_body = SiteChange,
    responses(
        (status = 200, body = OneSite),
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn change_site(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Named(key): Named<SiteKey>,
    Body(change): Body<SiteChange>,
) -> Result<Json<OneSite>, Problem> {
    let _change = rest.changes.lock().await;
    let site = find(&rest, &key).await?;
    let site = checked(Site {
        key,
        name: change.name.unwrap_or(site.name),
        origins: change.origins.unwrap_or(site.origins),
        departments: change.departments.unwrap_or(site.departments),
        form: change.form.unwrap_or(site.form),
        greeting: change.greeting.unwrap_or(site.greeting),
        color: change.color.unwrap_or(site.color),
        typing_preview: change.typing_preview.unwrap_or(site.typing_preview),
        widget: change.widget.unwrap_or(site.widget),
        identity_secret: change.identity_secret.unwrap_or(site.identity_secret),
        identity_public_key: change
            .identity_public_key
            .unwrap_or(site.identity_public_key),
    })?;
    let answer = OneSite::from(&site);
    rest.store.save_site(site).await.map_err(of_write)?;
    rest.settings_changed().await;
    Ok(Json(answer))
}

/// Remove a site
///
/// Only one without conversations: what was said there stays readable.
#[utoipa::path(delete, path = "/api/sites/{key}", tag = "sites",
    params(("key" = SiteKey, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "It has conversations"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn remove_site(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Named(key): Named<SiteKey>,
) -> Result<StatusCode, Problem> {
    rest.store.remove_site(&key).await?;
    rest.settings_changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a fresh secret for signed identities
///
/// Replaces the one before: what was signed with that is no good from here.
#[utoipa::path(post, path = "/api/sites/{key}/identity-secret", tag = "sites",
    params(("key" = SiteKey, Path)),
    responses(
        (status = 201, body = FreshSecret),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn renew_identity_secret(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Named(key): Named<SiteKey>,
) -> Result<(StatusCode, Json<FreshSecret>), Problem> {
    let secret = Secret::fresh("").reveal().to_owned();
    let _change = rest.changes.lock().await;
    let mut site = find(&rest, &key).await?;
    site.identity_secret = Some(secret.clone());
    rest.store.save_site(site).await?;
    rest.settings_changed().await;
    let identity_secret = secret;
    Ok((StatusCode::CREATED, Json(FreshSecret { identity_secret })))
}

/// From the store, not from the snapshot: whoever changes a site must see what was written last.
async fn find(rest: &Rest, key: &SiteKey) -> Result<Site, Problem> {
    let sites = rest.store.sites().await?;
    let site = sites.into_iter().find(|site| site.key == *key);
    site.ok_or_else(Problem::not_found)
}

/// A department that is named but not there is a wrong field, not a wrong path.
fn of_write(error: StoreError) -> Problem {
    match error {
        StoreError::NotThere("department") => {
            Problem::field("departments", "One of these departments does not exist.")
        }
        other => other.into(),
    }
}

fn checked(site: Site) -> Result<Site, Problem> {
    set_of("departments", &site.departments, DEPARTMENTS_MAX)?;
    if site.departments.is_empty() {
        let detail = "Name at least one department; the first is the default.";
        return Err(Problem::field("departments", detail));
    }
    let origins = site
        .origins
        .iter()
        .map(|origin| normal_origin(origin))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Problem::field("origins", error.to_string()))?;
    set_of("origins", &origins, ORIGINS_MAX)?;
    check_identity_keys(&site)?;
    Ok(Site {
        name: line("name", &site.name, NAME_CHARS_MAX)?,
        origins,
        form: checked_form(site.form)?,
        greeting: site
            .greeting
            .map(|greeting| paragraph("greeting", &greeting, GREETING_CHARS_MAX))
            .transpose()?,
        color: site.color.map(|color| checked_color(&color)).transpose()?,
        widget: widget_settings::checked(site.widget)?,
        ..site
    })
}

fn check_identity_keys(site: &Site) -> Result<(), Problem> {
    if let Some(secret) = &site.identity_secret {
        let length = secret.chars().count();
        if !(identity::SECRET_CHARS_MIN..=identity::KEY_CHARS_MAX).contains(&length) {
            let detail = format!(
                "A secret has at least {} random characters. Let the server make one: POST …/identity-secret.",
                identity::SECRET_CHARS_MIN
            );
            return Err(Problem::field("identity_secret", detail));
        }
    }
    if let Some(key) = &site.identity_public_key {
        identity::check_public_key(key)
            .map_err(|error| Problem::field("identity_public_key", error.to_string()))?;
    }
    Ok(())
}

fn checked_color(color: &str) -> Result<String, Problem> {
    let color = color.trim().to_ascii_lowercase();
    let digits = color.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(color)
    } else {
        let detail = "A colour is # and six hexadecimal digits, like #1a73e8.";
        Err(Problem::field("color", detail))
    }
}

fn checked_form(form: Vec<FormField>) -> Result<Vec<FormField>, Problem> {
    let names: Vec<&str> = form.iter().map(|field| field.name.as_str()).collect();
    set_of("form", &names, FIELDS_MAX)?;
    form.into_iter()
        .enumerate()
        .map(|(index, field)| checked_form_field(&format!("form[{index}]"), field))
        .collect()
}

fn checked_form_field(path: &str, field: FormField) -> Result<FormField, Problem> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=FIELD_NAME_CHARS_MAX).contains(&field.name.len()) || !field.name.bytes().all(is_plain)
    {
        let detail = format!(
            "A field's name has 1 to {FIELD_NAME_CHARS_MAX} characters out of a–z, 0–9 and _."
        );
        return Err(Problem::field(format!("{path}.name"), detail));
    }
    let options_path = format!("{path}.options");
    let has_options = !field.options.is_empty();
    if has_options != (field.kind == FormFieldKind::Select) {
        let detail = "A select has options, and nothing else has.";
        return Err(Problem::field(options_path, detail));
    }
    let options = field
        .options
        .iter()
        .map(|option| {
            line(
                &options_path,
                option,
                LABEL_CHARS_MAX.min(FIELD_VALUE_CHARS_MAX),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    set_of(&options_path, &options, OPTIONS_MAX)?;
    Ok(FormField {
        label: line(&format!("{path}.label"), &field.label, LABEL_CHARS_MAX)?,
        options,
        ..field
    })
}

#[cfg(test)]
mod tests {
    use super::checked;
    use crate::model::id::{DepartmentKey, SiteKey};
    use crate::model::record::{FormField, FormFieldKind, Site};
    use crate::model::widget_settings::WidgetSettings;

    fn site() -> Site {
        Site {
            key: SiteKey::new("shop").unwrap(),
            name: " The shop ".into(),
            origins: vec!["HTTPS://Shop.example.com:443".into(), "self".into()],
            departments: vec![DepartmentKey::new("support").unwrap()],
            form: vec![FormField {
                name: "topic".into(),
                label: "Topic".into(),
                kind: FormFieldKind::Select,
                required: true,
                options: vec!["Order".into(), "Other".into()],
            }],
            greeting: Some("Hello!\nHow can we help?".into()),
            color: Some("#1A73E8".into()),
            typing_preview: false,
            widget: WidgetSettings::default(),
            identity_secret: None,
            identity_public_key: None,
        }
    }

    fn refused(change: impl FnOnce(&mut Site)) -> String {
        let mut site = site();
        change(&mut site);
        checked(site).unwrap_err().field.unwrap()
    }

    #[test]
    fn a_site_is_kept_in_its_plainest_form() {
        let site = checked(site()).unwrap();
        assert_eq!(site.name, "The shop");
        assert_eq!(site.origins, ["https://shop.example.com", "self"]);
        assert_eq!(site.color.as_deref(), Some("#1a73e8"));
    }

    #[test]
    fn what_is_wrong_with_a_site_is_named() {
        assert_eq!(refused(|site| site.name = " ".into()), "name");
        assert_eq!(refused(|site| site.origins.push("*".into())), "origins");
        let again = "https://shop.example.com";
        assert_eq!(refused(|site| site.origins.push(again.into())), "origins");
        assert_eq!(refused(|site| site.departments.clear()), "departments");
        assert_eq!(refused(|site| site.color = Some("red".into())), "color");
        assert_eq!(
            refused(|site| site.greeting = Some("\0".into())),
            "greeting"
        );
        assert_eq!(
            refused(|site| site.form[0].name = "Your name".into()),
            "form[0].name"
        );
        assert_eq!(
            refused(|site| site.form[0].label = String::new()),
            "form[0].label"
        );
        assert_eq!(
            refused(|site| site.form[0].options.clear()),
            "form[0].options"
        );
        assert_eq!(
            refused(|site| site.form[0].kind = FormFieldKind::Text),
            "form[0].options"
        );
        assert_eq!(refused(|site| site.form.push(site.form[0].clone())), "form");
        let short = "short".to_owned();
        assert_eq!(
            refused(|site| site.identity_secret = Some(short.clone())),
            "identity_secret"
        );
        assert_eq!(
            refused(|site| site.identity_public_key = Some(short)),
            "identity_public_key"
        );
    }
}
