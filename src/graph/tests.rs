//! The model and its renderings, over the shipped topologies and some of their own.
