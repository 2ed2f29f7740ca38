"""Necks join the backbone's maps of several strides into one."""
