"""Fixtures that start real parts. Ask for what you need; nothing else is started.

db             (pytest-django; test)  the database. PostgreSQL starts with the first test that asks (1 s);
               marked `database` by itself. Each xdist worker has a server of its own
postgres       session  `demo.postgres.Postgres`: `.url`, `.port`, `.password`; without fsync
valkey         session  its address; `REDIS_URL` names it already before it runs
sandbox_api    session  API server and controllers: a `Cluster` with `.kubeconfig` (Path), `.supervisor`
sandbox        module   the same with node agent and mesh, and `.gateway` (http://127.0.0.1:N)
prometheus     module   the address of a real Prometheus that scrapes `sandbox`
start_stack    test     a function: `start_stack(lag="0-2", retries=False)` gives a `demo.stack.Stack`: all
               that `make demo` starts, on free ports, stopped after the test. Arguments: the fields of
               `demo.options.Options`
stack          module   one `Stack` without options, shared by the tests of a module
recordings     session  the folder $RECORDINGS, default `../shared`. Absent: skipped, with CI=true failed
page           (pytest-playwright; test)  drives the system's Chromium where there is one

A `Stack` has `.options.web_url`, `.options.kubeconfig`, `.options.prometheus_url`, `.options.bookinfo_url`,
`.options.ports.gateway`, `.settings` (the environment of its dashboard processes) and `.supervisor`:
`.running["worker"].process.pid`, `.stop_part("prometheus")`, `.start(part)`, `.log("web")`, `.tick()`
(starts again what ended by itself; tests call it, the demo does so all the time). Its parts: postgres,
valkey, apiserver, controllers, node, mesh, prometheus, web, worker, rollback, beat, driver, watch, visitors.

Tests that ask for valkey, sandbox_api, sandbox, prometheus, start_stack or stack are marked `processes`.
A free port: `from demo.ports import free_port`. Tests of the domain start nothing.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from hypothesis import settings

from demo import prometheus as demo_prometheus
from demo import valkey as demo_valkey
from demo.options import ROOT, Options
from demo.part import StartFailed
from demo.ports import free_port
from demo.postgres import Postgres
from demo.stack import Stack
from demo.supervisor import Supervisor
from tests.chromium import find as find_chromium
from tests.cluster_fixture import Cluster
from tests.depth import tried
from tests.scratch import scratch_folder

# Django reads these before any fixture runs; the servers behind them start when they are asked for.
POSTGRES_PORT, VALKEY_PORT, PASSWORD = free_port(), free_port(), secrets.token_urlsafe(16)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "grayrelease.settings",
    "DEMO": "1",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "DATABASE_URL": f"postgresql://grayrelease:{PASSWORD}@127.0.0.1:{POSTGRES_PORT}/grayrelease",
    "REDIS_URL": demo_valkey.url(VALKEY_PORT),
    "KUBECONFIG": "",
    "PROMETHEUS_URL": "",
}


settings.register_profile("ours", tried(50))
settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    if not hasattr(config, "workerinput"):  # once, before any process has read a translation
        for source in (ROOT / "locale").rglob("*.po"):
            polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Pages are tested without collectstatic, whose folder WhiteNoise would miss.
    settings.STATIC_ROOT = settings.STATICFILES_DIRS[0]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


DATABASE = {"db", "transactional_db", "postgres", "django_db_setup"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL, so that the quick tests are those that need no process at all."""
    for item in items:
        asks = DATABASE & set(getattr(item, "fixturenames", ()))
        if asks or item.get_closest_marker("django_db"):
            item.add_marker("database")


def pytest_xdist_setupnodes() -> None:
    """Let each worker choose its ports before it loads Django's settings, as we did."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """Leave no language behind: a page asked for in Chinese would make the next test speak it."""
    yield
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the servers of this run, removed at the end."""
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def supervisor(scratch: Path) -> Iterator[Supervisor]:
    with Supervisor(scratch / "log", ROOT) as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def postgres(supervisor: Supervisor, scratch: Path) -> Postgres:
    server = Postgres(scratch / "postgres" / "data", POSTGRES_PORT, PASSWORD, quick=True)
    supervisor.start(server.part())
    return server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: Postgres) -> None:
    """pytest-django's hook before the test database is made: the moment to start the server.

    Django's rows of permissions and content types, which nothing of ours reads, are not made: neither now nor
    anew after each test that empties the tables.
    """
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db.models.signals import post_migrate

    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)


@pytest.fixture(scope="session")
def valkey(supervisor: Supervisor, scratch: Path) -> str:
    supervisor.start(demo_valkey.part(VALKEY_PORT, scratch / "valkey"))
    return demo_valkey.url(VALKEY_PORT)


@pytest.fixture(scope="session")
def sandbox_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("sandbox"), whole=True) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def prometheus(sandbox: Cluster) -> str:
    if (program := demo_prometheus.find()) is None:
        raise StartFailed(demo_prometheus.HOW_TO_GET_IT)
    sandbox.supervisor.start(demo_prometheus.part(program, sandbox.options))
    return sandbox.options.prometheus_url


@pytest.fixture
def start_stack() -> Iterator[Callable[..., Stack]]:
    """Start stacks with options; each is stopped after the test."""
    started: list[Stack] = []

    def start(**options: Any) -> Stack:
        started.append(stack := _new_stack(folder, len(started), **options))
        stack.start()
        return stack

    with scratch_folder() as folder:
        try:
            yield start
        finally:
            for each in started:
                each.stop()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with scratch_folder() as folder, _new_stack(folder, 0) as stack:
        yield stack


def _new_stack(folder: Path, number: int, **options: Any) -> Stack:
    home = folder / str(number)
    return Stack(Options(folder=home, sandbox=home / "sandbox", quick=True, **options))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recordings from real clusters."""
    folder = Path(os.environ.get("RECORDINGS", ROOT.parent / "shared"))
    if not folder.is_dir():
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing(f"the recordings are not at {folder}; set RECORDINGS")
    return folder


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium where there is one. Root needs --no-sandbox; GPUs are emulated dearly."""
    chromium = find_chromium()
    program = {} if chromium is None else {"executable_path": str(chromium)}
    given = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    return {**browser_type_launch_args, **program, "args": given}
