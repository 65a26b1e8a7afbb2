//! What is in the two files of a dub, as far as the planner and the later steps need it.

mod levels;
mod picture;
mod source;
mod voice;

pub(crate) use picture::{read_header, read_packet_times, read_picture, read_size, usual_duration};
pub(crate) use source::input_options;
pub(crate) use voice::{Pcm, read_voice};
