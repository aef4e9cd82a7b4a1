//! Resampling and grey conversion, equal to Pillow's to the bit.
