//! The bytes of the files that people send: in a folder of this machine, or in any store that speaks S3.
//!
//! Called by the desk's sweep and by `web`; whose a file is and who may see it is the store's and theirs to know. Bytes
//! stream in and out in parts. What [`Writing::finish`] answered is whole and on durable storage; before that nobody can
//! read it, and what a crash leaves of it is cleared away ([`Files::clear_leftovers`] and the sweep). Names of people
//! never become paths: a file lies under its id.
//!
//! Beside them, in a folder of their own, lie the widget's parts of this and other versions; what they are is `web`'s to know.

use std::cmp::Reverse;
use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    ClientOptions, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload,
    RetryConfig, WriteMultipart,
};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::model::id::AttachmentId;

pub mod copies;
pub mod kind;
pub mod name;
pub mod picture;

/// What goes to the disk at once.
const LOCAL_PART_BYTES: usize = 256 * 1024;
/// The least that S3 takes as a part of a larger object, but for the last.
const S3_PART_BYTES: usize = 5 * 1024 * 1024;
/// Parts of one upload on their way at once; reading from the sender waits meanwhile.
const PARTS_AT_ONCE: usize = 1;
/// Pictures that are made small at once: each takes up to [`picture::DECODE_BYTES_MAX`] of memory and a core.
const THUMBNAILS_AT_ONCE: usize = 1;
/// A store that does not take a connection within this time is away.
const S3_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A store that says nothing for so long is away: a part of an upload takes no longer at a slow link's speed.
const S3_SILENCE_MAX: Duration = Duration::from_secs(60);
/// A store that fails is asked again for so long; then the sender is told to come back.
const S3_RETRY_TIMEOUT: Duration = Duration::from_secs(10);
/// Where the widget's parts lie.
const PARTS: &str = "widget";
/// What the name of a probe begins with.
const PROBE: &str = "probe-";

/// Where files lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this folder.
    Folder(PathBuf),
    /// In a bucket. Keys come from the environment, as every tool for S3 takes them (`AWS_ACCESS_KEY_ID`, …).
    S3 {
        /// Its name.
        bucket: String,
        /// What every key begins with; may be empty.
        prefix: String,
        /// The address, of a store that is not Amazon's.
        endpoint: Option<String>,
        /// The region, where the environment does not say.
        region: Option<String>,
    },
}

impl Place {
    /// What an operator does about an error of this place.
    #[must_use]
    pub fn remedy(&self, error: &FilesError) -> &'static str {
        match (self, error) {
            (Place::Folder(_), FilesError::Full(_)) => "Make room on its disk.",
            (Place::Folder(_), _) => {
                "Give the folder to the user that runs Balie and let it write there, or name a bucket with --files-url."
            }
            (Place::S3 { .. }, FilesError::Denied(_)) => {
                "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, that these keys may list the bucket and read, write \
                 and delete in it, and that this machine's clock is right."
            }
            (Place::S3 { .. }, FilesError::NoBucket) => {
                "Make the bucket, or check its name in --files-url and the store in --files-endpoint and --files-region."
            }
            (Place::S3 { .. }, _) if env::var_os("AWS_ACCESS_KEY_ID").is_none() => {
                "No keys are set, and this machine's cloud gives none: put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY \
                 into the environment."
            }
            (Place::S3 { .. }, _) => {
                "Check --files-endpoint and --files-region, and that the store runs and can be reached from here."
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(out),
            Place::S3 {
                bucket,
                prefix,
                endpoint,
                ..
            } => {
                write!(out, "s3://{bucket}/{prefix}")?;
                match endpoint {
                    Some(endpoint) => write!(out, " at {endpoint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Why bytes were not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no room.
    #[error("there is no room for files: {0}")]
    Full(String),
    /// There are no such bytes.
    #[error("there is no such file")]
    NotThere,
    /// The place does not answer, or not as it should.
    #[error("files cannot be stored or read: {0}")]
    Away(String),
    /// The store refuses our keys.
    #[error("the store refuses our keys: {0}")]
    Denied(String),
    /// The store is there, the bucket is not.
    #[error("there is no such bucket")]
    NoBucket,
    /// It is no picture that can be made small.
    #[error("this picture cannot be made small")]
    NotAPicture,
}

impl From<object_store::Error> for FilesError {
    fn from(error: object_store::Error) -> Self {
        // The innermost cause has the place's own words; those around it tell which call it was.
        let mut innermost: &(dyn Error + 'static) = &error;
        let mut is_full = false;
        while let Some(cause) = innermost.source() {
            innermost = cause;
            is_full |= cause.downcast_ref().is_some_and(is_no_room);
        }
        let words = innermost.to_string();
        if is_full {
            return FilesError::Full(words);
        }
        let code = code_in(&words);
        match error {
            _ if code == Some(NO_BUCKET) => FilesError::NoBucket,
            object_store::Error::NotFound { .. } => FilesError::NotThere,
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => {
                FilesError::Denied(code.unwrap_or(&words).to_owned())
            }
            // The refusal of a listing has no kind of its own.
            _ if code.is_some() && words.contains(" 403 ") => {
                FilesError::Denied(code.unwrap_or(&words).to_owned())
            }
            _ => FilesError::Away(words),
        }
    }
}

/// What S3 says of a bucket that is not there; of a key that is not there it says `NoSuchKey`.
const NO_BUCKET: &str = "NoSuchBucket";

/// The code in a refusal of S3, where there is one: the rest is a page of XML that repeats what was signed.
fn code_in(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0)
}

fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

/// All files of the installation.
pub struct Files {
    place: Place,
    blobs: Arc<dyn ObjectStore>,
    prefix: Key,
    part_bytes: usize,
    thumbnails: Semaphore,
}

/// A file on its way in. Dropped before the end, what was written goes with the next start or the sweep.
pub struct Writing {
    upload: WriteMultipart,
    hash: Sha256,
}

impl Files {
    /// Opens the place; asks nothing of it yet but that a folder can be made.
    pub fn open(place: Place) -> Result<Self, FilesError> {
        let thumbnails = Semaphore::new(THUMBNAILS_AT_ONCE);
        match &place {
            Place::Folder(folder) => Ok(Self {
                blobs: Arc::new(open_folder(folder)?),
                prefix: Key::default(),
                part_bytes: LOCAL_PART_BYTES,
                thumbnails,
                place,
            }),
            Place::S3 {
                bucket,
                prefix,
                endpoint,
                region,
            } => Ok(Self {
                blobs: Arc::new(open_s3(bucket, endpoint.as_deref(), region.as_deref())?),
                prefix: Key::from(prefix.as_str()),
                part_bytes: S3_PART_BYTES,
                thumbnails,
                place,
            }),
        }
    }

    /// Where they lie.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the place takes, gives and removes files. Leaves nothing behind.
    pub async fn probe(&self) -> Result<(), FilesError> {
        let key = self
            .prefix
            .clone()
            .join(format!("{PROBE}{}", AttachmentId::fresh()));
        // Keys that may not list are told "denied" of what is not there, and no small picture would ever be made.
        let mut listing = self.blobs.list(Some(&self.prefix));
        listing.next().await.transpose()?;
        let words = PutPayload::from_static(b"Balie looks whether files can be stored here.");
        self.blobs.put(&key, words).await?;
        let read = self.blobs.head(&key).await.map_err(FilesError::from);
        self.blobs.delete(&key).await?;
        read.map(|_| ())
    }

    /// Removes what a crash left half written. Only for the one server, before it takes the first upload.
    pub fn clear_leftovers(&self) -> io::Result<()> {
        let Place::Folder(folder) = &self.place else {
            return Ok(());
        };
        clear_leftovers_of(folder)?;
        match clear_leftovers_of(&folder.join(PARTS)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn key(&self, id: AttachmentId) -> Key {
        self.prefix.clone().join(id.to_string())
    }

    fn thumbnail_key(&self, id: AttachmentId) -> Key {
        self.prefix.clone().join(format!("{id}.thumbnail"))
    }

    /// Begins to write a file.
    pub async fn write(&self, id: AttachmentId) -> Result<Writing, FilesError> {
        let upload = self.blobs.put_multipart(&self.key(id)).await?;
        Ok(Writing {
            upload: WriteMultipart::new_with_chunk_size(upload, self.part_bytes),
            hash: Sha256::new(),
        })
    }

    /// The bytes of a file, in parts.
    pub async fn read(
        &self,
        id: AttachmentId,
    ) -> Result<BoxStream<'static, Result<Bytes, FilesError>>, FilesError> {
        let found = self.blobs.get(&self.key(id)).await?;
        Ok(found.into_stream().map_err(FilesError::from).boxed())
    }

    /// Removes a file and what was made of it; those that are not there are gone already.
    pub async fn remove(&self, id: AttachmentId) -> Result<(), FilesError> {
        for key in [self.key(id), self.thumbnail_key(id)] {
            match self.blobs.delete(&key).await.map_err(FilesError::from) {
                Ok(()) | Err(FilesError::NotThere) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A picture made small, with its media type. Made once and kept beside the file.
    pub async fn thumbnail(
        &self,
        id: AttachmentId,
        media_type: &str,
    ) -> Result<(Bytes, &'static str), FilesError> {
        if let Some(kept) = self.kept_thumbnail(id).await? {
            return Ok(kept);
        }
        // Taken before the picture is read: that, too, takes memory. The semaphore is never closed.
        let _turn = self
            .thumbnails
            .acquire()
            .await
            .map_err(|error| FilesError::Away(error.to_string()))?;
        // Somebody else may have made it while this one waited for its turn.
        if let Some(kept) = self.kept_thumbnail(id).await? {
            return Ok(kept);
        }
        let source = self.blobs.get(&self.key(id)).await?;
        if source.meta.size > picture::SOURCE_BYTES_MAX {
            return Err(FilesError::NotAPicture);
        }
        let media_type = media_type.to_owned();
        let made = match source.payload {
            GetResultPayload::File(file, _) => {
                let reader = io::BufReader::new(file);
                tokio::task::spawn_blocking(move || picture::shrink(reader, &media_type)).await
            }
            // From afar it comes as a stream while decoders want to seek: held in memory, of one picture at a time.
            GetResultPayload::Stream(stream) => {
                let parts: Vec<Bytes> = stream.try_collect().await?;
                let reader = io::Cursor::new(parts.concat());
                tokio::task::spawn_blocking(move || picture::shrink(reader, &media_type)).await
            }
        };
        let small = made
            .map_err(|error| FilesError::Away(error.to_string()))?
            .ok_or(FilesError::NotAPicture)?;
        let small = Bytes::from(small);
        let kept = PutPayload::from(small.clone());
        if let Err(error) = self.blobs.put(&self.thumbnail_key(id), kept).await {
            // It is made anew next time.
            tracing::warn!(%error, "a small picture was not kept");
        }
        let media_type = picture::type_of_thumbnail(&small);
        Ok((small, media_type))
    }

    fn part_key(&self, name: &str) -> Key {
        self.prefix.clone().join(PARTS).join(name)
    }

    /// Keeps a part of the widget under this name.
    pub async fn keep_part(&self, name: &str, bytes: Bytes) -> Result<(), FilesError> {
        let part = PutPayload::from(bytes);
        self.blobs.put(&self.part_key(name), part).await?;
        Ok(())
    }

    /// A part that was kept.
    pub async fn part(&self, name: &str) -> Result<Bytes, FilesError> {
        Ok(self.blobs.get(&self.part_key(name)).await?.bytes().await?)
    }

    /// The names of all that are kept, the latest first.
    pub async fn parts(&self) -> Result<Vec<String>, FilesError> {
        let folder = self.prefix.clone().join(PARTS);
        let mut found: Vec<_> = self.blobs.list(Some(&folder)).try_collect().await?;
        found.sort_by_key(|part: &ObjectMeta| Reverse(part.last_modified));
        let name = |part: ObjectMeta| part.location.filename().map(str::to_owned);
        Ok(found.into_iter().filter_map(name).collect())
    }

    /// Keeps it no longer.
    pub async fn drop_part(&self, name: &str) -> Result<(), FilesError> {
        Ok(self.blobs.delete(&self.part_key(name)).await?)
    }

    async fn kept_thumbnail(
        &self,
        id: AttachmentId,
    ) -> Result<Option<(Bytes, &'static str)>, FilesError> {
        let found = match self.blobs.get(&self.thumbnail_key(id)).await {
            Ok(found) => found.bytes().await.map_err(FilesError::from),
            Err(error) => Err(error.into()),
        };
        match found {
            Ok(bytes) => {
                let media_type = picture::type_of_thumbnail(&bytes);
                Ok(Some((bytes, media_type)))
            }
            Err(FilesError::NotThere) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Writing {
    /// Takes a part; waits while the place is slower than the sender.
    pub async fn part(&mut self, part: Bytes) -> Result<(), FilesError> {
        self.upload.wait_for_capacity(PARTS_AT_ONCE).await?;
        self.hash.update(&part);
        self.upload.write(&part);
        Ok(())
    }

    /// Makes the file whole and durable under its id; answers its SHA-256.
    pub async fn finish(self) -> Result<[u8; 32], FilesError> {
        self.upload.finish().await?;
        Ok(self.hash.finalize().into())
    }

    /// Lets go of what was written. What cannot be removed now goes with the next start or the sweep.
    pub async fn give_up(self) {
        if let Err(error) = self.upload.abort().await {
            tracing::debug!(%error, "a part of an upload was left behind for now");
        }
    }
}

fn clear_leftovers_of(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // The library writes under `name#number` and renames when all is there.
        if name.contains('#') || name.starts_with(PROBE) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn open_folder(folder: &Path) -> Result<LocalFileSystem, FilesError> {
    let as_away = |error: io::Error| FilesError::Away(format!("{}: {error}", folder.display()));
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // It holds people's files: only its owner may look.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(as_away)?;
    // Files and their names are on the disk before anybody is told.
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))
}

fn open_s3(
    bucket: &str,
    endpoint: Option<&str>,
    region: Option<&str>,
) -> Result<impl ObjectStore, FilesError> {
    let options = ClientOptions::new()
        .with_connect_timeout(S3_CONNECT_TIMEOUT)
        // Of a whole request, that is: a download lasts as long as its reader takes, and may.
        .with_timeout_disabled()
        .with_read_timeout(S3_SILENCE_MAX)
        // A store of one's own in one's own network may go without TLS; it says so by its address.
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")));
    let retry = RetryConfig {
        max_retries: 3,
        retry_timeout: S3_RETRY_TIMEOUT,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(options)
        .with_retry(retry);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    Ok(builder.build()?)
}
