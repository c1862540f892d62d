//! fatura
