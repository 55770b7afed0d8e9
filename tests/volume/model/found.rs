//! What the drivers of the model have found.
