//! The built-in descriptor: colour layout and gradient orientations, no weights.
