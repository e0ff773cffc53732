//! Measures the drawn pictures.
