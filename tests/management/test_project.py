"""`manage.py project`: what an admin says of a project, as often as they like."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from grayrelease.models import Inventory, Membership, Project
from tests.world import World, person

pytestmark = pytest.mark.django_db


def project(*words: str) -> str:
    said = StringIO()
    call_command("project", *words, stdout=said)
    return said.getvalue()


def shop() -> Project:
    return Project.objects.get(name="shop")


def roles() -> dict[str, str]:
    return dict(Membership.objects.filter(project__name="shop").values_list("user__username", "role"))


def test_it_makes_a_project_with_its_members() -> None:
    person("ann"), person("bob")
    said = project("shop", "--namespace", "shop-prod", "--member", "ann=lead", "--member", "bob=operator")
    made = shop()
    assert (made.cluster, made.namespace, made.settle_s, made.drain_s) == ("default", "shop-prod", 15, 30)
    assert roles() == {"ann": "lead", "bob": "operator"}
    assert said == (
        "Project shop: namespace shop-prod of cluster default, settles in 15 s, drains in 30 s.\n"
        "Members: ann (lead), bob (operator).\n"
    )


def test_said_twice_it_is_as_said_once() -> None:
    person("ann")
    words = ("shop", "--namespace", "shop-prod", "--settle", "20", "--member", "ann=lead")
    assert project(*words) == project(*words)
    assert Project.objects.count() == Membership.objects.count() == 1


def test_what_is_not_said_stays() -> None:
    person("ann"), person("bob")
    project("shop", "--namespace", "shop-prod", "--settle", "20", "--drain", "60.5", "--member", "ann=lead")
    project("shop", "--drain", "45", "--member", "bob=viewer")
    assert (shop().namespace, shop().settle_s, shop().drain_s) == ("shop-prod", 20, 45)
    assert roles() == {"ann": "lead", "bob": "viewer"}


def test_a_role_is_changed_and_taken_away() -> None:
    person("ann"), person("bob")
    project("shop", "--namespace", "shop", "--member", "ann=lead", "--member", "bob=lead")
    said = project("shop", "--member", "ann=admin", "--member", "bob=none")
    assert roles() == {"ann": "admin"}
    assert "Members: ann (admin)." in said


def test_a_project_without_members_says_so() -> None:
    assert "nobody yet; say --member USER=ROLE" in project("shop", "--namespace", "shop")


def test_a_user_whom_nobody_knows_changes_nothing() -> None:
    person("ann")
    with pytest.raises(CommandError, match=r"Nobody is called bob\. .*manage\.py person bob"):
        project("shop", "--namespace", "shop", "--member", "ann=lead", "--member", "bob=lead")
    assert not Project.objects.exists()


def test_a_new_project_needs_a_namespace() -> None:
    with pytest.raises(CommandError, match="There is no project shop yet; to make it, say --namespace"):
        project("shop")


def test_one_namespace_is_one_project() -> None:
    project("shop", "--namespace", "shop")
    with pytest.raises(CommandError, match="Namespace shop is project shop already"):
        project("shop-2", "--namespace", "shop")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("Shop", "--namespace", "shop"), "Small letters, digits and dashes"),
        (("shop", "--namespace", "a.b"), "Small letters, digits and dashes"),
        (("s" * 64, "--namespace", "shop"), "At most 63 characters"),
        (("shop", "--namespace", "shop", "--settle", "nan"), "no number of seconds"),
        (("shop", "--namespace", "shop", "--drain", "-1"), "no number of seconds"),
        (("shop", "--namespace", "shop", "--member", "ann"), "not USER=ROLE"),
        (("shop", "--namespace", "shop", "--member", "ann=boss"), "with a role of viewer, operator"),
        (("shop", "--namespace", "shop", "--cluster", "other"), "invalid choice"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], error: str) -> None:
    with pytest.raises(CommandError, match=error):
        project(*words)
    assert not Project.objects.exists()


def test_a_namespace_can_be_put_right_until_somebody_has_worked_there() -> None:
    project("shop", "--namespace", "shpo")
    Inventory.objects.create(project=shop(), data={"services": []})
    project("shop", "--namespace", "shop")
    assert shop().namespace == "shop"
    assert not Inventory.objects.exists()


def test_a_project_in_use_keeps_its_namespace(world: World) -> None:
    world.release()
    with pytest.raises(CommandError, match="People have worked in demo, which is namespace demo"):
        project("demo", "--namespace", "elsewhere")
    assert Project.objects.get(name="demo").namespace == "demo"
