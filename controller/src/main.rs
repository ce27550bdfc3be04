//! The `graylane` program.

fn main() {}
