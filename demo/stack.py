"""The whole product on one machine: databases, sandbox, Prometheus, dashboard, visitors.

`python -m demo` runs it in the foreground; tests start the same with other options.
"""

from __future__ import annotations

from collections.abc import Callable

from demo import dashboard, prometheus, sandbox, valkey
from demo.options import ROOT, Options
from demo.postgres import Postgres, data_folder, forget
from demo.secret import remembered
from demo.supervisor import Supervisor

CLUSTER = (sandbox.controllers, sandbox.node, sandbox.mesh)


class Stack:
    """A stack that is being started, runs, or is stopped. Also a context manager."""

    def __init__(self, options: Options, say: Callable[[str], None] = lambda line: None) -> None:
        folder = options.folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.options, self.say = options, say
        data = data_folder(folder / "postgres")
        # Beside the data, which for root isn't in our folder: one is of no use without the other.
        password = remembered(data.with_name("database-password"))
        self.postgres = Postgres(data, options.ports.postgres, password, quick=options.quick)
        self.supervisor = Supervisor(folder / "log", ROOT, say)
        if (found := prometheus.find()) is None:
            say("fetching Prometheus")
        self.metrics = found or prometheus.find_or_fetch()
        self.settings = dashboard.environment(options, self.postgres, metrics=self.metrics is not None)

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and wait until the first page answers. Raises StartFailed."""
        self.start_servers()
        self.start_cluster()
        self.prepare_dashboard()
        self.start_dashboard()

    def start_servers(self) -> None:
        """Start PostgreSQL, Valkey and the cluster's API server."""
        self.say("starting PostgreSQL, Valkey and the API server")
        valkey_part = valkey.part(self.options.ports.valkey, self.options.folder / "valkey")
        self.supervisor.start(self.postgres.part(), valkey_part, sandbox.apiserver(self.options))

    def start_cluster(self) -> None:
        """Start what makes the API server a cluster; not waited for."""
        self.say("starting the cluster")
        self.supervisor.launch(*(make(self.options) for make in CLUSTER))

    def prepare_dashboard(self) -> None:
        """Bring the database and the static files up to date. Raises StartFailed."""
        self.say("preparing the database and static files")
        self.supervisor.run(dashboard.preparation(self.settings))

    def start_dashboard(self) -> None:
        """Start the dashboard and what it watches, and wait for all. Raises StartFailed."""
        self.say("starting the dashboard")
        settings, options = self.settings, self.options
        self.supervisor.launch(dashboard.web(options, settings), *dashboard.workers(options, settings))
        self.supervisor.launch(dashboard.beat(options, settings), dashboard.driver(settings))
        self.supervisor.launch(dashboard.watch(options, settings))
        self.supervisor.wait("mesh")
        if self.metrics is None:
            self.say(f"metrics are off: {prometheus.HOW_TO_GET_IT}")
        else:
            self.supervisor.launch(prometheus.part(self.metrics, options))
        if options.visitors:
            self.supervisor.launch(sandbox.visitors(options))
        self.supervisor.wait(*self.supervisor.running)

    def stop(self) -> None:
        """Stop everything, in order. A quick database is gone then: root's is outside our folder."""
        self.supervisor.stop()
        if self.options.quick:
            forget(self.postgres.data)
