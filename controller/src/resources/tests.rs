//! Promises of reading files.
