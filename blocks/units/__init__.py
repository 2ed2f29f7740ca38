"""Units that backbones are made of."""
