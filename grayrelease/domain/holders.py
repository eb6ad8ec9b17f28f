"""Who else writes an object: tools that release, and tools that keep the cluster as a repository says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grayrelease.domain.marks import labels, name, notes
from grayrelease.domain.plan import Manifest

_DRIVERS_BY_GROUP = {
    "argoproj.io": "Argo Rollouts",
    "flagger.app": "Flagger",
    "serving.knative.dev": "Knative",
    "networking.internal.knative.dev": "Knative",
    "autoscaling.internal.knative.dev": "Knative",
    "rollouts.kruise.io": "OpenKruise Rollouts",
}
"""By the API group of an owner."""
_DRIVERS_BY_KEY = {
    "rollouts-pod-template-hash": "Argo Rollouts",
    "argo-rollouts.argoproj.io/managed-by-rollouts": "Argo Rollouts",
    "serving.knative.dev/service": "Knative",
    "serving.knative.dev/revision": "Knative",
    "rollouts.kruise.io/in-progressing": "OpenKruise Rollouts",
}
"""By a label or an annotation."""

_HOLDERS_BY_KEY = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "objectset.rio.cattle.io/id": "Fleet",
    "meta.helm.sh/release-name": "Helm",
}
"""By a label or an annotation. A GitOps tool comes before the Helm that it uses."""
_MANAGED_BY_HELM = ("app.kubernetes.io/managed-by", "Helm")
_HOLDERS_BY_MANAGER = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "helm": "Helm",
}
"""By a field manager."""
_PARTS = {
    "Argo CD": ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"),
    "Flux": ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"),
    "Fleet": ("objectset.rio.cattle.io/owner-name", "meta.helm.sh/release-name"),
    "Helm": ("helm.sh/chart", "meta.helm.sh/release-name"),
}
"""By tool, where it notes of what the object is a part: an application, a kustomization, a chart."""


@dataclass(frozen=True)
class Held:
    """The tool that keeps an object, and what the tool calls that of which the object is a part."""

    tool: str
    part: str


def driver(manifest: Manifest) -> str:
    """Return the tool that brings versions of this object by itself; "" where none is known to."""
    owners = manifest.get("metadata", {}).get("ownerReferences") or []
    groups = [str(each.get("apiVersion", "")).partition("/")[0] for each in owners]
    by_group = [_DRIVERS_BY_GROUP[group] for group in groups if group in _DRIVERS_BY_GROUP]
    return next(iter(by_group), "") or _by_key(_DRIVERS_BY_KEY, manifest)


def holder(manifest: Manifest) -> str:
    """Return the tool that writes this object from a repository or a chart; "" where none is known to."""
    by_key = _by_key(_HOLDERS_BY_KEY, manifest)
    if by_key:
        return by_key
    if _MANAGED_BY_HELM in labels(manifest).items():
        return "Helm"
    entries = manifest.get("metadata", {}).get("managedFields") or []
    managers = {str(each.get("manager", "")) for each in entries}
    return next((tool for manager, tool in _HOLDERS_BY_MANAGER.items() if manager in managers), "")


def held(manifest: Manifest) -> Held | None:
    """Return who keeps an object, and where it is to be taken out; None where nobody is known to."""
    tool = holder(manifest)
    if not tool:
        return None
    present = {**notes(manifest), **labels(manifest)}
    part = next((present[key] for key in _PARTS[tool] if key in present), name(manifest))
    # Argo CD notes <application>:<group>/<kind>:<namespace>/<name>.
    return Held(tool, part.partition(":")[0])


def without_keepers(found: Mapping[str, str]) -> dict[str, str]:
    """Return an object's labels without those by which a tool knows what it keeps."""
    ours = (key for key in found if key not in _HOLDERS_BY_KEY)
    return {key: found[key] for key in ours if (key, found[key]) != _MANAGED_BY_HELM}


def _by_key(known: Mapping[str, str], manifest: Manifest) -> str:
    present = {**notes(manifest), **labels(manifest)}
    return next((tool for key, tool in known.items() if key in present), "")
