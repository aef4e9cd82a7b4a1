//! Photo bytes from disk and from the web; the only room that opens sockets to addresses others name.

pub mod local;
pub mod photo;
