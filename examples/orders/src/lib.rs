//! A queue between services, in lanes: whoever is in lane `gray` when an order is placed has it handled by the gray
//! version of the consumer, and nobody's order is handled by two versions.
//!
//! ```text
//! request (x-gray-lane: gray) -> producer -> message (the same headers) -> the one consumer whose turn it is
//!                                                                          -> its calls (the same headers again)
//! ```
//!
//! Proxies see no messages, so two things are the apps' part, and both are small: [`Mark`] goes into the message and out
//! of it again, and [`Consumer`] leaves to others what is theirs. Every version reads the whole log, in a consumer group
//! of its own. Which version a message is for follows from the log alone ([`Roster`]): versions come and go by entries of
//! the same log, so all readers agree on every message, however far behind they are. The [`Log`] here is a stand-in for a
//! partition of a real broker.

mod consumer;
mod log;
mod mark;
mod roster;

pub use consumer::Consumer;
pub use log::{Entry, Expelled, Log, Message, Offset};
pub use mark::{Lane, Mark};
pub use roster::{Roster, Version};
