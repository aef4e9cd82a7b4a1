//! A file from hubs that refuse, stall, drop, lie about lengths and contents, and redirect to where they should not.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod desk;
#[path = "../hub_server/mod.rs"]
mod hub_server;
mod refusals;
mod resume;
