"""Asks a real Envoy, with the mesh's own tables in it, what becomes of requests.

`python -m grayrelease.sandbox.evaluate` reads one JSON object a line, {"objects", "caller", "request"}, and
prints one a line in the same order: {"status", "destinations", "mirrors", …}. Nothing else has to run.
"""

from __future__ import annotations
