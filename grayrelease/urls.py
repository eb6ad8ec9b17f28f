"""Every address. A module of views per menu entry."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from grayrelease.views import (
    applications,
    deeds,
    errors,
    forgetting,
    overview,
    release,
    releases,
    review,
    routes,
    session,
    tester,
    wizard,
)

project: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("applications/", applications.index, name="applications"),
    path("applications/sample/", applications.deploy_sample, name="deploy_sample"),
    path("applications/<str:name>/", applications.detail, name="application"),
    path("releases/", releases.index, name="releases"),
    path("releases/modes/", releases.modes, name="modes"),
    path("releases/new/", wizard.start, name="new_release"),
    path("releases/new/<uuid:draft>/review/", review.review, name="review"),
    path("releases/new/<uuid:draft>/<slug:step>/", wizard.step, name="wizard"),
    path("releases/<int:pk>/", release.detail, name="release"),
    path("releases/<int:pk>/routes/", routes.routes, name="release_routes"),
    path("releases/<int:pk>/share/", deeds.share, name="share"),
    path("releases/<int:pk>/exposure/", deeds.exposure, name="exposure"),
    path("releases/<int:pk>/continue/", deeds.carry_on, name="carry_on"),
    path("releases/<int:pk>/pause/", deeds.pause, name="pause"),
    path("releases/<int:pk>/resume/", deeds.resume, name="resume"),
    path("releases/<int:pk>/take-over/", deeds.take_over, name="take_over"),
    path("releases/<int:pk>/roll-back/", deeds.roll_back, name="roll_back"),
    path("releases/<int:pk>/finish/", deeds.finish, name="finish"),
    path("releases/<int:pk>/abandon/", deeds.abandon, name="abandon"),
    path("releases/<int:pk>/forget/", forgetting.forget, name="forget"),
    path("releases/<int:pk>/agree/", deeds.agree, name="agree"),
    path("releases/<int:pk>/vouch/", deeds.vouch, name="vouch"),
    path("releases/<int:pk>/reapply/", deeds.reapply, name="reapply"),
    path("tester/", tester.tester, name="tester"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", session.home, name="home"),
    path("sign-in/", session.sign_in, name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("theme/", session.choose_theme, name="theme"),
    path("language/", set_language, name="set_language"),
    path("p/<slug:project>/", include(project)),
]
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
