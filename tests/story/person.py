"""A person with a browser, without the browser: signs in, reads pages, sends forms."""

from __future__ import annotations

import requests


class Person:
    """A signed-in session. Forms are sent with the CSRF token, redirects are followed."""

    def __init__(self, web_url: str, name: str, password: str) -> None:
        self.web_url, self.name = web_url.rstrip("/"), name
        self.session = requests.Session()
        self.session.headers["Referer"] = self.web_url
        self.get("/sign-in/")
        answer = self.post("/sign-in/", username=name, password=password)
        assert "sign-in" not in answer.url, f"{name} could not sign in"

    def get(self, path: str, timeout: float = 10) -> requests.Response:
        return self.session.get(self.web_url + path, timeout=timeout)

    def post(
        self, path: str, timeout: float = 10, follow: bool = True, **fields: object
    ) -> requests.Response:
        """Send a form."""
        data = {"csrfmiddlewaretoken": self.session.cookies["csrftoken"], **fields}
        return self.session.post(self.web_url + path, data=data, timeout=timeout, allow_redirects=follow)
