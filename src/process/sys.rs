//! System calls without a safe wrapper.
