"""Block primitives: functions from tensors to tensors, one file each; the folder is the registry."""
