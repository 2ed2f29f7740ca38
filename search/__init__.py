"""Who proposes specs: samplers, objectives, space generators. Arrives with the search; nothing below imports it."""
