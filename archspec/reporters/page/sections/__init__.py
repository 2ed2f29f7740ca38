"""Kinds of sections, one file each: a frozen dataclass, `render(data, anchor) -> Markup`, `EXAMPLES`."""
