//! Reading resources from files.
