//! The capabilities, one file per interface.
