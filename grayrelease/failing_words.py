"""Why the cluster can't be read or written, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FAILING: Mapping[str, str | Promise] = {
    "sign-in-refused": _("The API server refuses our sign-in: the token has expired, or was taken back"),
    "not-allowed": _("The API server doesn’t allow us to %(verb)s %(resource)s in %(namespace)s"),
    "namespace-ending": _("The namespace %(namespace)s is being deleted: nothing can be created there"),
    "no-answer": _("The API server does not answer: %(error)s"),
}
REMEDIES: Mapping[str, str | Promise] = {
    "sign-in-refused": _(
        "Somebody renews the token in the kubeconfig, or where it names it; that is noticed without a "
        "restart."
    ),
    "not-allowed": _("Somebody binds the role of deploy/rbac.yaml to our account once more."),
    "namespace-ending": _(
        "What is there goes with it. A lead or an admin forgets the releases that are live; or the namespace "
        "is made anew, and the service with it."
    ),
    "no-answer": _(
        "Somebody looks at the API server and the way to it; a lead or an admin can forget a release."
    ),
}
