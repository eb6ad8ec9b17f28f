"""The dashboard's own processes: web, workers, beat, driver, watcher, and its one-off commands."""

from __future__ import annotations

from demo.options import ROOT, Options, python
from demo.part import Part
from demo.postgres import Postgres
from demo.ready import answers, says
from demo.secret import remembered
from demo.valkey import url as valkey_url

PASSWORD = "demo"  # of the demo's users, shown on the sign-in page; made by `manage.py demo_data`
SERVER = "--worker-class gthread --workers 2 --threads 8 --graceful-timeout 2 --no-control-socket --preload"
WORKER = "-A grayrelease.celery worker --without-gossip --without-mingle --loglevel INFO"


def environment(options: Options, postgres: Postgres, metrics: bool) -> dict[str, str]:
    """Give the settings of the dashboard's processes, see grayrelease/settings.py."""
    return {
        "DJANGO_SETTINGS_MODULE": "grayrelease.settings",
        "DEMO": "1",
        "SECRET_KEY": remembered(options.folder / "secret-key"),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey_url(options.ports.valkey),
        "KUBECONFIG": str(options.kubeconfig),
        "PROMETHEUS_URL": options.prometheus_url if metrics else "",
        "INGRESS_URL": f"http://{{host}}:{options.ports.gateway}",
        "STATE_DIR": str(options.folder),
        "PYTHONUNBUFFERED": "1",
        **options.environment,
    }


def preparation(settings: dict[str, str]) -> Part:
    """Give the command that brings the database and the static files up to date."""
    return Part("prepare", python("-m", "demo.prepare"), settings)


def web(options: Options, settings: dict[str, str]) -> Part:
    """The pages. Ready when the first one answers."""
    words = ["demo.child", "gunicorn", "grayrelease.wsgi", "--bind", f"127.0.0.1:{options.ports.web}"]
    command = python("-m", *words, *SERVER.split())
    return Part("web", command, settings, ready=answers(options.web_url))


def workers(options: Options, settings: dict[str, str]) -> list[Part]:
    """The workers of both queues: roll backs never wait for an ordinary run."""
    return [
        _worker("worker", "reconcile", 2, options, settings),
        _worker("rollback", "rollback", 1, options, settings),
    ]


def beat(options: Options, settings: dict[str, str]) -> Part:
    """What rings at intervals."""
    schedule = options.folder / "beat"
    words = ["celery", "-A", "grayrelease.celery", "beat", "--pidfile=", "-s", str(schedule)]
    return Part("beat", python("-m", *words), settings)


def driver(settings: dict[str, str]) -> Part:
    """Drives targets that wait, without a broker."""
    return Part("driver", python(ROOT / "manage.py", "driver"), settings)


def watch(options: Options, settings: dict[str, str]) -> Part:
    """Rings when something changes in the cluster. If it ends, the driver and the sweep look by lists."""
    log = options.folder / "log" / "watch.log"
    return Part("watch", python(ROOT / "manage.py", "watch"), settings, ready=says(log, "watching"))


def _worker(name: str, queue: str, processes: int, options: Options, settings: dict[str, str]) -> Part:
    words = f"demo.child celery {WORKER} -Q {queue} -c {processes} -n {name}@%h"
    log = options.folder / "log" / f"{name}.log"
    return Part(name, python("-m", *words.split()), settings, ready=says(log, " ready."))
