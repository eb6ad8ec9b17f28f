"""Faults on demand: what can be broken on purpose in a running sandbox. Off unless somebody asks.

Each of the sandbox's processes has a control, a loopback port that asks for a token which only its owner can
read. A fault asked for there is in force at once, in that process's memory: a restart clears it.
What isn't ours (Prometheus, Valkey) and a node agent that must not answer are stopped by signals instead.
"""
