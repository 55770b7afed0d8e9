//! The derive macros of lode.
