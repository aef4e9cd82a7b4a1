//! Source to store: plans what is new, reads, decodes, encodes on all cores, writes in batches.
