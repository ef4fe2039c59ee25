//! Pictures: how large they are as shown, and small ones made of them.
//!
//! Only the four forms that every browser shows and that come with decoders in safe Rust. A picture may claim any size:
//! limits on both sides and on memory are checked before its pixels are touched. What is made carries the pixels only,
//! turned as the camera says, and nothing else of what the picture held.

use std::io::{BufRead, Cursor, Seek};

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Longest side of a small picture, in pixels.
pub const THUMBNAIL_PIXELS: u32 = 480;
/// Largest picture that is made small, in bytes.
pub const SOURCE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Longest side of a picture that is made small, in pixels: what cameras and scanners give is below.
const SIDE_PIXELS_MAX: u32 = 16_384;
/// Most memory for the pixels of one picture: 50 million of them with four bytes each.
pub const DECODE_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// Of 100: small pictures are looked at, not printed.
const JPEG_QUALITY: u8 = 80;

/// The format of a media type, where small pictures can be made of it.
#[must_use]
pub fn format_of(media_type: &str) -> Option<ImageFormat> {
    match media_type {
        "image/png" => Some(ImageFormat::Png),
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Width and height as shown, from the beginning of a picture; `None` where that does not tell.
#[must_use]
pub fn measure(head: &[u8], media_type: &str) -> Option<(u32, u32)> {
    let mut decoder = decoder_of(Cursor::new(head), media_type)?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Some(if is_turned {
        (height, width)
    } else {
        (width, height)
    })
}

/// A small picture as a file: JPEG, or PNG where something shines through. Takes long: not for the async threads.
pub fn shrink(reader: impl BufRead + Seek, media_type: &str) -> Option<Vec<u8>> {
    let mut decoder = decoder_of(reader, media_type)?;
    if decoder.total_bytes() > DECODE_BYTES_MAX {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width() > THUMBNAIL_PIXELS || picture.height() > THUMBNAIL_PIXELS {
        picture = picture.thumbnail(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS);
    }
    picture.apply_orientation(orientation);
    let mut bytes = Cursor::new(Vec::new());
    let written = if picture.color().has_alpha() {
        let plain = DynamicImage::from(picture.to_rgba8());
        plain.write_to(&mut bytes, ImageFormat::Png)
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)
    };
    written.ok()?;
    Some(bytes.into_inner())
}

/// Of what [`shrink`] made.
#[must_use]
pub fn type_of_thumbnail(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"\x89PNG") {
        "image/png"
    } else {
        "image/jpeg"
    }
}

fn decoder_of<'reader>(
    reader: impl BufRead + Seek + 'reader,
    media_type: &str,
) -> Option<impl ImageDecoder + 'reader> {
    let mut reader = ImageReader::with_format(reader, format_of(media_type)?);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(SIDE_PIXELS_MAX);
    limits.max_image_height = Some(SIDE_PIXELS_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    reader.into_decoder().ok()
}
