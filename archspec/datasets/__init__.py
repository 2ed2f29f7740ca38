"""Data sets: one file each, found by its stem; `open_dataset("camvid:DIR")` opens one."""
