//! A rehearsal as a self-contained page with plots.
