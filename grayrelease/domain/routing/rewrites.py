"""What a copy must rewrite, so that the upstream sees the path that the route itself would have made."""

from __future__ import annotations

from typing import Any

from grayrelease.domain import patterns

Route = dict[str, Any]
_ROOT: Route = {"prefix": "/"}


def rewritten(rewrite: Route, was: Route, now: Route) -> Route:
    """Return the `rewrite` of a copy that matches `now` where the route matches `was`.

    Envoy puts `rewrite.uri` in place of the prefix that matched, and of the whole path after another match:
    a copy that matches something narrower would put it in place of more.
    """
    before, after = was.get("uri") or _ROOT, now.get("uri") or _ROOT
    if not rewrite.get("uri") or before == after:
        return rewrite
    new, whole = str(rewrite["uri"]), "prefix" not in before
    if whole and "prefix" not in after:
        return rewrite
    prefix, text = str(before.get("prefix", "")), str(after.get("exact", after.get("prefix", "")))
    if not whole and "regex" not in after and not now.get("ignoreUriCase") and _begins(text, prefix):
        return {**rewrite, "uri": new + text[len(prefix) :]}
    pattern = "^.*$" if whole else f"^{patterns.quoted(prefix)}"
    regex = {"match": f"(?i){pattern}" if was.get("ignoreUriCase") else pattern, "rewrite": _literally(new)}
    return {**{key: value for key, value in rewrite.items() if key != "uri"}, "uriRegexRewrite": regex}


def _begins(text: str, prefix: str) -> bool:
    return text.lower().startswith(prefix.lower())


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\")
