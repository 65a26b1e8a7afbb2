//! Reads ISO base media files: MP4, M4A and QuickTime.

pub(crate) mod boxes;
mod fragments;
mod layout;
mod movie;
pub(crate) mod sample_entry;
mod sample_table;

pub(crate) use movie::read_track;
