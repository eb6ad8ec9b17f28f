from __future__ import annotations

import dataclasses
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from grayrelease.domain import evaluate
from grayrelease.domain.evaluate import Answer, Caller, Failed, Looked, Request, Rule, World
from grayrelease.domain.evaluate.curl import NotUnderstood, parse
from grayrelease.words import sentence

INGRESS = "istio=ingressgateway"
INGRESS_PORTS = {False: 80, True: 443}


class Command(BaseCommand):
    """Say which rule and version a request meets, and why none of the rules before."""

    help = "Test a URL or a curl command against the routes of a cluster or of files."
    requires_system_checks: list[str] = []  # files need nothing that they look at

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("request", help="a URL or a whole curl command in quotes; - reads it")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--objects", nargs="+", type=Path, metavar="FILE", help="YAML or JSON manifests")
        where.add_argument("--project", help="the cluster of this project")
        parser.add_argument("--sidecar", metavar="NAMESPACE", help="asked by a pod of this namespace")
        parser.add_argument("--gateway", metavar="NAMESPACE", help="or by a gateway; else by any with a rule")
        parser.add_argument("--labels", default="", help=f"of the asking pod: a=b,c=d (gateway: {INGRESS})")
        parser.add_argument("--port", type=int, help="at which it arrives, if not that of the URL")
        parser.add_argument("--json", action="store_true", help="print all that is known, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        request = _request(options["request"])
        files, project = options["objects"], options["project"]
        objects = _files(files) if files else _cluster(project, request, options)
        request, answer = _answered(evaluate.read(objects), request, options)
        told = [json.dumps(dataclasses.asdict(answer))] if options["json"] else _lines(request, answer)
        self.stdout.write("\n".join(told))


def _request(pasted: str) -> Request:
    try:
        return parse(sys.stdin.read() if pasted == "-" else pasted)
    except NotUnderstood as error:
        raise CommandError(sentence(error.reason.code, error.reason.facts)) from error


def _answered(world: World, request: Request, options: Mapping[str, Any]) -> tuple[Request, Answer]:
    """Ask the proxy that is meant; where none is said, the first entrance that has a rule."""
    answers: list[tuple[Request, Answer]] = []
    for caller in _callers(world, options):
        proxy = evaluate.Proxy(world, caller)
        arriving = _arriving(request, proxy, options["port"])
        answers.append((arriving, proxy.answer(arriving)))
    return next((each for each in answers if each[1].taken is not None), answers[0])


def _callers(world: World, options: Mapping[str, Any]) -> list[Caller]:
    namespace, said = options["gateway"], options["labels"]
    if not (options["sidecar"] or namespace or said):
        return evaluate.entrances(world)
    labels = dict(part.split("=", 1) for part in (said or INGRESS).split(",") if "=" in part)
    if options["sidecar"]:
        return [Caller("sidecar", options["sidecar"], labels if said else {})]
    return [Caller("gateway", namespace or "istio-system", labels)]


def _arriving(request: Request, proxy: evaluate.Proxy, port: int | None) -> Request:
    """Return the request at the port where the proxy gets it.

    A gateway is often reached through another port, of a node or a load balancer; then it is the usual one.
    """
    if port is None and proxy.caller.kind == "gateway":
        known = {server.port for server in proxy.servers if server.secure == request.secure}
        usual = next(iter(sorted(known)), INGRESS_PORTS[request.secure])
        port = request.port if request.port in known else usual
    secure = request.secure and proxy.caller.kind == "gateway"
    return dataclasses.replace(request, port=port or request.port, secure=secure)


def _files(paths: list[Path]) -> list[dict[str, Any]]:
    try:
        documents = [each for path in paths for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    except (OSError, yaml.YAMLError) as error:
        raise CommandError(f"The objects can't be read: {error}") from error
    return [manifest for document in documents for manifest in _manifests(document)]


def _manifests(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a document: one, a list of kubectl's, or a plain list."""
    if isinstance(document, list):
        yield from (each for part in document for each in _manifests(part))
    elif isinstance(document, dict) and "items" in document:
        yield from _manifests(document["items"])
    elif isinstance(document, dict) and "kind" in document:
        yield document


def _cluster(name: str, request: Request, options: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what routes in a project's cluster, as the tester's page reads it: with the project's rights."""
    from grayrelease.cluster.interface import ClusterError  # needs settings, which files don't
    from grayrelease.models import Project
    from grayrelease.views import live, tester

    project = Project.objects.filter(name=name).first()
    if project is None:
        raise CommandError(f"There is no project {name}.")
    try:
        found = live.read(project)
        arriving, answer = _answered(evaluate.read(found.objects), request, options)
        elsewhere = tester.namespaces(arriving, answer) - {"", project.namespace}
        return live.around(found, elsewhere).objects if elsewhere else found.objects
    except ClusterError as error:
        raise CommandError(f"The cluster doesn't tell its routes: {error}") from error


def _lines(request: Request, answer: Answer) -> Iterator[str]:
    yield f"{request.method} {request.authority}{request.path}, arriving at port {request.port}"
    yield from (f"  - {_rule(each.rule)}: {_why(each)}" for each in answer.looked if not each.taken)
    yield from (f"  ~ {_object(each.object)}: {each.cause}" for each in answer.ignored)
    if answer.taken is not None:
        yield f"  > {_rule(answer.taken)}"
    yield from (f"  . {_rule(each)}: not looked at" for each in answer.later)
    yield from _outcome(answer)


def _outcome(answer: Answer) -> Iterator[str]:
    for each in answer.destinations:
        where = " ".join(filter(None, (each.host, each.subset, str(each.port or ""))))
        yield f"    {each.chance:.1%} {where}: {each.status} {each.reason}".rstrip()
    for copy in answer.mirrors:
        yield f"    copied, {copy.percent:g} %: {copy.host} {copy.subset}".rstrip()
    if answer.location:
        yield f"    to {answer.location}"
    yield f"    {answer.status or 'status as its version'} {answer.reason}".rstrip()


def _rule(rule: Rule) -> str:
    name = f" ({rule.route})" if rule.route else ""
    match = "" if rule.match is None else f", match {rule.match}"
    lent = f", lent by {rule.delegate.namespace}/{rule.delegate.name}" if rule.delegate else ""
    return f"{_object(rule.object)}, rule {rule.index}{match}{name}{lent}"


def _object(ref: evaluate.Ref) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}" if ref.kind else "unknown names"


def _why(looked: Looked) -> str:
    failed = looked.failed
    if failed is None:
        return ""
    had = ", ".join(map(repr, failed.had)) or "nothing"
    return f"{' '.join(filter(None, (failed.where, failed.name)))} {_asked(failed)}, has {had}"


def _asked(failed: Failed) -> str:
    return (
        failed.asked.kind if failed.asked.kind == "present" else f"{failed.asked.kind} {failed.asked.value!r}"
    )
