//! Parts that both simulators of the sandbox need and that belong to neither provider.
//!
//! This crate names neither QuickBooks nor Pipedrive, and it depends on no crate of Fatura.

pub mod calls;
pub mod clock;
pub mod control;
pub mod decimal;
pub mod faults;
pub mod mishap;
pub mod multipart;
pub mod mutation;
pub mod oauth;
pub mod runtime;
pub mod tokens;
