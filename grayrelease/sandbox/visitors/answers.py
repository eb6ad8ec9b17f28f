"""What an answer was: whole and of one version, or what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

MARKER = re.compile(r"<!-- reviews: (\S+) pod \S+ -->(.*?)<!-- end of reviews -->", re.DOTALL)
STARS = re.compile(r'data-stars="(\d)" data-colour="(\w+)"')
ALL_STARS = {"v1": [], "v2": [("5", "black"), ("4", "black")], "v3": [("5", "red"), ("4", "red")]}


@dataclass(frozen=True)
class Seen:
    """`version` of reviews in the page, if one can be told; `fault` is empty for a good answer."""

    version: str = ""
    fault: str = ""


def classify(status: int, body: str) -> Seen:
    """Judge an answer of productpage: good is 200 with the whole page and exactly one version's reviews.

    Status 0 is no answer. Faults: lost, status N, incomplete, no details, no reviews, no stars, mixed.
    """
    if status == 0:
        return Seen(fault="lost")
    if status != 200:
        return Seen(fault=f"status {status}")
    if not body.rstrip().endswith("</html>"):
        return Seen(fault="incomplete")
    if 'class="details"' not in body:
        return Seen(fault="no details")
    found = MARKER.findall(body)
    if len(found) != 1:
        return Seen(fault="mixed" if found else "no reviews")
    version, reviews = found[0]
    return Seen(version, _fault(version, reviews))


def _fault(version: str, reviews: str) -> str:
    if reviews.count('class="review"') != 2:
        return "incomplete"
    stars = STARS.findall(reviews)
    if version not in ALL_STARS or stars == ALL_STARS[version]:
        return ""
    return "no stars" if not stars and version != "v1" else "mixed"
