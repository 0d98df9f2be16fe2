"""A plan and a file, as small as they can be and still show everything."""

from __future__ import annotations

from rules.response_plan import ResponsePlan

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def plan() -> ResponsePlan:
    return ResponsePlan.model_validate(
        {
            "id": "fire",
            "title": {"en": "Fire"},
            "hazard": "fire",
            "lead": "duty_officer",
            "team": ["duty_officer", "engineer"],
            "acknowledge": {
                "within": "60s",
                "ladder": ["duty_officer", "project_manager"],
                "quorum": {"I": ["duty_officer", "engineering_lead"]},
                "re_alarm_after": "10min",
            },
            "steps": [
                {"id": "tell", "title": {"en": "Tell"}, "notify": {"role": "duty_officer"}},
                {
                    "id": "look",
                    "title": {"en": "Go and see"},
                    "level": "III",
                    "task": {"role": "guard", "within": "3min"},
                },
                {
                    "id": "release",
                    "title": {"en": "Release doors"},
                    "level": "I",
                    "command": {"device_class": "access_door", "command": "release", "args": {"hold_s": 30}},
                },
            ],
        }
    )
