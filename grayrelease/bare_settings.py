"""Settings of commands that only work things out: no secret, no database, no broker, no variable."""

from __future__ import annotations

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "grayrelease"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
