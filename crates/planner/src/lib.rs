//! From what is wanted and what was seen to what one pass will do, and why not more.
