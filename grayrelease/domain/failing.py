"""What kind of failure the words of an error tell: the API server's own, or our adapter's."""

from __future__ import annotations

import re

from grayrelease.domain.state import Reason

REFUSED = "The API server does not accept our credentials"
"""How the adapter begins what it says of a 401."""
_FORBIDDEN = re.compile(
    r'cannot (?P<verb>[a-z]+) resource "(?P<resource>[^"]+)"(?:.* in the namespace "(?P<namespace>[^"]+)")?'
)
_ENDING = re.compile(r"in namespace (?P<namespace>[a-z0-9-]+) because it is being terminated")


def failing(error: str) -> Reason:
    """Return why the cluster could not be read or written: by its kind, with what helps to put it right."""
    if error.startswith(REFUSED):
        return Reason("sign-in-refused", {"error": error})
    if found := _ENDING.search(error):
        return Reason("namespace-ending", {"namespace": found["namespace"]})
    if found := _FORBIDDEN.search(error):
        where = found["namespace"] or "*"
        return Reason(
            "not-allowed", {"verb": found["verb"], "resource": found["resource"], "namespace": where}
        )
    return Reason("no-answer", {"error": error})
