//! Examples of lode: one file per example beside this one.
