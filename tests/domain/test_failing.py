"""What an error's words tell: of the API server as recorded, and of our adapter."""

from __future__ import annotations

import pytest

from grayrelease.domain.failing import REFUSED, failing
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Reason

LISTS = (
    'deployments.apps is forbidden: User "system:serviceaccount:gray:dashboard" cannot list resource '
    '"deployments" in API group "apps" in the namespace "demo"'
)
EVERYWHERE = (
    'virtualservices.networking.istio.io is forbidden: User "u" cannot watch resource "virtualservices" in '
    'API group "networking.istio.io" at the cluster scope'
)
ENDING = (
    'deployments.apps "reviews-v2" is forbidden: unable to create new content in namespace demo because it '
    "is being terminated"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (f"{REFUSED}: Unauthorized", Reason("sign-in-refused", {"error": f"{REFUSED}: Unauthorized"})),
        (LISTS, Reason("not-allowed", {"verb": "list", "resource": "deployments", "namespace": "demo"})),
        (
            EVERYWHERE,
            Reason("not-allowed", {"verb": "watch", "resource": "virtualservices", "namespace": "*"}),
        ),
        (ENDING, Reason("namespace-ending", {"namespace": "demo"})),
        ("connection refused", Reason("no-answer", {"error": "connection refused"})),
    ],
)
def test_each_kind_of_failure_is_told_by_its_words(error: str, reason: Reason) -> None:
    assert failing(error) == reason
    assert set(reason.facts) == set(REASONS[reason.code])
