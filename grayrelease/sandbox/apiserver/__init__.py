"""An emulated Kubernetes API server, right where it answers as recorded from a real one."""
