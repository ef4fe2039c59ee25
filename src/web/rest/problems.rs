//! Problems that many routes have in common, for the reference: a route names them beside its own answers.
//!
//! One whose words say more of a route than its status does is described there. What is really answered, and how, is
//! decided in `web/error.rs`.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::web::error::ProblemBody;

/// Makes of each a type without a value, which is what lists of responses take.
macro_rules! problems {
    ($($(#[$about:meta])* $name:ident = $status:literal $($description:literal)?;)+) => {$(
        $(#[$about])*
        pub enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([($status.to_owned(), problem(concat!($($description)?)).into())])
            }
        }
    )+};
}

problems! {
    /// The body, or what is asked for, is wrong.
    BadRequest = "400";
    /// Nobody is signed in.
    Unauthorized = "401";
    /// Not for whoever is signed in.
    Forbidden = "403";
    /// There is no such thing, or it is not theirs to see.
    NotFound = "404";
    /// The department that is asked for is none.
    NoDepartment = "404" "There is no such department";
    /// Too many of one person or address.
    RateLimited = "429";
    /// The store, or the place of files, is away.
    Unavailable = "503";
}

fn problem(description: &str) -> Response {
    let body = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(body)).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}
