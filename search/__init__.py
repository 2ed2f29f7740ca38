"""Who proposes specs: spaces and their genomes, samplers, the driver, its trial store and its workers."""
