"""What people type, checked by the rules of the domain; `words` says what is wrong."""

from __future__ import annotations

from grayrelease.forms.deeds import (
    AbandonForm,
    AgreeForm,
    DeedForm,
    ExposureForm,
    FinishForm,
    ShareForm,
    TakeOverForm,
    VouchForm,
)
from grayrelease.forms.elsewhere import MirrorServiceForm
from grayrelease.forms.policy import EDITS, BlueGreenForm, CanaryForm, MirrorForm, PolicyForm, edited
from grayrelease.forms.steps import BasicForm, ServiceForm, StepForm, Typed, Variable, VersionForm
from grayrelease.forms.tester import TesterForm

__all__ = [
    "EDITS",
    "AbandonForm",
    "AgreeForm",
    "BasicForm",
    "BlueGreenForm",
    "CanaryForm",
    "DeedForm",
    "ExposureForm",
    "FinishForm",
    "MirrorForm",
    "MirrorServiceForm",
    "PolicyForm",
    "ServiceForm",
    "ShareForm",
    "StepForm",
    "TakeOverForm",
    "TesterForm",
    "Typed",
    "Variable",
    "VersionForm",
    "VouchForm",
    "edited",
]
