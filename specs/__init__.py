"""Bundled specs and their parts, as data: whole networks here, backbones, heads and decoders in folders."""
