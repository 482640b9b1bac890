//! Durable status, intents, evidence and history.
