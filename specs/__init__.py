"""Bundled specs and their parts, as data: whole networks here, backbones, necks, heads and decoders in folders."""
