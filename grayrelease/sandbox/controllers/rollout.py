"""How many replicas each ReplicaSet of a Deployment is to have next: arithmetic on counts."""

from __future__ import annotations

from collections.abc import Iterable

from grayrelease.sandbox.controllers.objects import Object, is_true, oldest_first

DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"

Change = tuple[Object, int]


def replicas(item: Object) -> int:
    """Give the replicas that an object asks for."""
    return int(item["spec"].get("replicas", 1))


def counted(item: Object, name: str) -> int:
    """Give a count of an object's status; an absent one is zero."""
    return int((item.get("status") or {}).get(name) or 0)


def is_rolling(deployment: Object) -> bool:
    """Tell RollingUpdate from Recreate."""
    return bool((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def max_surge(deployment: Object) -> int:
    """Give how many pods may be there beyond the replicas."""
    return _limits(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Object) -> int:
    """Give how many of the replicas may be unavailable."""
    if not is_rolling(deployment) or replicas(deployment) == 0:
        return 0
    return min(_limits(deployment)[1], replicas(deployment))


def new_size(deployment: Object, sets: Iterable[Object], newest: Object | None) -> int:
    """Give the size that the newest ReplicaSet may grow to now, as the surge allows."""
    wanted = replicas(deployment)
    if not is_rolling(deployment):
        return wanted
    now = replicas(newest) if newest else 0
    if now > wanted:
        return wanted
    total = sum(replicas(each) for each in sets)
    room = wanted + max_surge(deployment) - total
    return now + max(0, min(room, wanted - now))


def shrink(deployment: Object, newest: Object, old: list[Object]) -> list[Change]:
    """Give the old ReplicaSets that may shrink now: first their unhealthy pods, then as many as are spare."""
    least = replicas(deployment) - max_unavailable(deployment)
    lagging = replicas(newest) - counted(newest, "availableReplicas")
    budget = sum(replicas(each) for each in [newest, *old]) - least - lagging
    if budget <= 0 or not any(replicas(each) for each in old):
        return []
    sizes = {each["metadata"]["name"]: replicas(each) for each in old}
    for each in oldest_first(old):
        unhealthy = min(budget, max(0, replicas(each) - counted(each, "availableReplicas")))
        sizes[each["metadata"]["name"]] -= unhealthy
        budget -= unhealthy
    spare = sum(counted(each, "availableReplicas") for each in [newest, *old]) - least
    for each in oldest_first(old):
        surplus = min(max(0, spare), sizes[each["metadata"]["name"]])
        sizes[each["metadata"]["name"]] -= surplus
        spare -= surplus
    sized = [(each, sizes[each["metadata"]["name"]]) for each in oldest_first(old)]
    return [(each, size) for each, size in sized if size != replicas(each)]


def needs_scaling(deployment: Object, sets: Iterable[Object]) -> bool:
    """Tell whether the Deployment's replicas changed since its ReplicaSets were sized."""
    wanted = str(replicas(deployment))
    noted = [_note(each, DESIRED) for each in sets if replicas(each)]
    return any(value is not None and value != wanted for value in noted)


def scale(deployment: Object, newest: Object | None, old: list[Object]) -> list[Change]:
    """Spread changed replicas over the ReplicaSets: the only live one, or each by its part."""
    sets = [*old, newest] if newest else old
    live = [each for each in sets if replicas(each)]
    if len(live) <= 1:
        target = live[0] if live else newest
        return [(target, replicas(deployment))] if target else []
    if newest and _saturated(deployment, newest):
        return [(each, 0) for each in old if replicas(each)]
    return _by_part(deployment, live) if is_rolling(deployment) else []


def marks(deployment: Object) -> dict[str, str]:
    """Give the annotations that note on a ReplicaSet what it was sized for."""
    wanted = replicas(deployment)
    return {DESIRED: str(wanted), MOST: str(wanted + max_surge(deployment))}


def available(pods: Iterable[Object]) -> int:
    """Count the pods that are ready."""
    return sum(is_true(pod, "Ready") for pod in pods)


def _by_part(deployment: Object, live: list[Object]) -> list[Change]:
    allowed = replicas(deployment) + max_surge(deployment) if replicas(deployment) else 0
    left = allowed - sum(replicas(each) for each in live)
    # The largest take the rest of the rounding.
    ordered = sorted(oldest_first(live), key=replicas, reverse=True)
    sizes: list[int] = []
    for each in ordered:
        most = int(_note(each, MOST) or replicas(deployment))
        part = round(replicas(each) * allowed / most) - replicas(each) if most else 0
        part = min(max(0, part), left) if left > 0 else max(min(0, part), left)
        sizes.append(replicas(each) + part)
        left -= part
    sizes[0] = max(0, sizes[0] + left)
    return list(zip(ordered, sizes, strict=True))


def _saturated(deployment: Object, newest: Object) -> bool:
    wanted = replicas(deployment)
    full = wanted == replicas(newest) == counted(newest, "availableReplicas")
    return full and _note(newest, DESIRED) == str(wanted)


def _note(item: Object, name: str) -> str | None:
    value: str | None = (item["metadata"].get("annotations") or {}).get(name)
    return value


def _limits(deployment: Object) -> tuple[int, int]:
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    wanted = replicas(deployment)
    surge = _resolved(rolling.get("maxSurge", "25%"), wanted, up=True)
    unavailable = _resolved(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _resolved(value: int | str, of: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    percent = int(value.removesuffix("%")) * of
    return -(-percent // 100) if up else percent // 100
