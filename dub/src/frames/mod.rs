//! Pictures as they are decoded: which frames a video has, and reading and writing them one by one.
//!
//! Frames go through pipes without compression, so that this program decides which of them are written
//! and when each of them is shown.

mod matroska;
mod picture_format;
mod reader;
mod writer;

pub(crate) use picture_format::PictureFormat;
pub(crate) use reader::FrameReader;
pub(crate) use writer::{EncodedAs, FrameWriter};
