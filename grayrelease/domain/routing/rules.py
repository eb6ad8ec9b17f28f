"""Which DestinationRule counts for a service's callers (SAFETY §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grayrelease.domain import istio
from grayrelease.domain.named import CLUSTER_DOMAIN, Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.found import age, namespace, serves, spec, title
from grayrelease.domain.state import Reason

ROOT = "istio-system"


@dataclass(frozen=True)
class Rules:
    """`mine`: rules for exactly the service beside it, oldest first: subsets go into the first one.

    `source`: with none of these but our own, the rule that would count: ours says all that it says.
    `refusals`: rules of which some callers would see ours not.
    """

    mine: tuple[Manifest, ...]
    source: Manifest | None
    refusals: tuple[Reason, ...]

    @property
    def effective(self) -> tuple[Manifest, ...]:
        """The rules whose subsets callers have now."""
        return self.mine or ((self.source,) if self.source else ())


def rules_of(
    service: Name, destination_rules: Iterable[Manifest], root: str = ROOT, domain: str = CLUSTER_DOMAIN
) -> Rules:
    """Return the DestinationRules that count for a service; `root` is Istio's root namespace.

    A caller's own namespace comes first, then the service's, then the root's; the first that has one counts
    alone, in it the most particular host. So a rule of any other namespace keeps its callers from ours.
    """
    found = sorted((each for each in destination_rules if _covers(each, service, domain)), key=age)
    near = [each for each in found if namespace(each) == service.namespace]
    mine = [each for each in near if not _host(each).startswith("*")]
    others = [each for each in near if each not in mine] or [
        each for each in found if namespace(each) == root
    ]
    wide = sorted(others, key=_particular)
    far = [each for each in found if namespace(each) not in (service.namespace, root)]
    refusals = [Reason("rule-elsewhere", {"object": title(each, service)}) for each in far]
    refusals += [Reason("rule-hidden", {"object": title(each, service)}) for each in mine if _hides(each)]
    return Rules(tuple(mine), wide[0] if wide else None, tuple(refusals))


def own_rule(service: Name) -> Manifest:
    """Return the DestinationRule that we make where the service has none of its own, yet without subsets."""
    spec = {"host": service.service}
    return istio.manifest("DestinationRule", service.namespace, service.service, spec)


def _covers(rule: Manifest, service: Name, domain: str) -> bool:
    """Tell if Istio applies a rule to all callers of the service."""
    return not spec(rule).get("workloadSelector") and serves(_host(rule), namespace(rule), service, domain)


def _hides(rule: Manifest) -> bool:
    return "*" not in (spec(rule).get("exportTo") or ["*"])


def _particular(rule: Manifest) -> tuple[bool, int]:
    """Return what the most particular host comes first by."""
    return _host(rule).startswith("*"), -len(_host(rule))


def _host(rule: Manifest) -> str:
    return str(spec(rule).get("host", "")).lower()
