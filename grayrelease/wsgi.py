from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grayrelease.settings")
application = get_wsgi_application()

from grayrelease import demo_users  # noqa: E402  (Django must be set up first)

demo_users.refuse()
