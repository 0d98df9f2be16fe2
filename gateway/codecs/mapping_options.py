"""How messages of no known format are to be read: topic patterns, paths, transforms, templates. Checked when settings
are read, so that an error names the setting and shows what is wrong with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.codecs.binary_fields import Name, Transformed, Word
from gateway.codecs.json_paths import parse_path
from gateway.codecs.known import POINTS_MAX
from gateway.codecs.option_checks import SilenceMs, not_empty
from gateway.codecs.templates import TopicPattern, check_variables, fill_json, variables

ENTRIES_MAX = 64
PAYLOAD_CHARACTERS_MAX = 2_000  # of a command's template

ONLINE: dict[str, bool] = {
    **dict.fromkeys(("online", "Online", "ONLINE", "true", "1", "connected"), True),
    **dict.fromkeys(("offline", "Offline", "OFFLINE", "false", "0", "disconnected"), False),
}
OK: dict[str, bool] = {"true": True, "ok": True, "OK": True, "1": True, "false": False, "error": False, "0": False}


def _path(text: str) -> str:
    parse_path(text)
    return text


def _pattern(text: str) -> str:
    TopicPattern(text)
    return text


Path = Annotated[str, StringConstraints(max_length=200), AfterValidator(_path)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_pattern)]
Template = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PointOptions(Transformed):
    """Where a point's value stands, and how it becomes the metric's. No `path`: the payload as a whole."""

    path: Path = ""
    settable: bool = False


class TimeOptions(_Part):
    path: Path
    format: Literal["rfc3339", "unix", "unix_ms"] = "rfc3339"


class TruthOptions(_Part):
    """A place whose words mean yes or no."""

    path: Path = ""
    words: dict[Word, bool] = Field({}, max_length=64)


class AnswerOptions(_Part):
    """What becomes of commands, by the `{id}` that went out with one."""

    id: Path
    ok: TruthOptions = TruthOptions()
    detail: Path | None = None


class CommandOptions(_Part):
    """`{point}`, `{value}`, `{id}` (the command's) and the levels of the topic are replaced. In JSON, `{value}` stands
    without quotes, the others within."""

    topic: Template
    payload: str = Field(min_length=1, max_length=PAYLOAD_CHARACTERS_MAX)
    format: Literal["json", "text"] = "json"
    qos: Literal[0, 1] = 1


class DeviceOptions(_Part):
    """One pattern of topics, and what its messages say. Several may match one topic; all of them are read."""

    topic: Pattern
    id: Template  # of levels: "{name}"
    title: str = Field("", max_length=200)
    model: str = Field("", max_length=100)
    device_class: str = Field("", pattern=r"^[a-z0-9_]{0,64}$")
    silent_after: SilenceMs | None = None
    format: Literal["json", "text", "csv"] = "json"
    separator: str = Field(",", min_length=1, max_length=1)
    points: dict[Name, PointOptions] = Field({}, max_length=POINTS_MAX)
    time: TimeOptions | None = None
    seq: Path | None = None
    historical: TruthOptions | None = None
    online: TruthOptions | None = None
    event: Path | None = None  # the event's word; the points are then its attributes
    answer: AnswerOptions | None = None
    command: CommandOptions | None = None

    @model_validator(mode="after")
    def _check(self) -> DeviceOptions:
        names = TopicPattern(self.topic).names
        for template in (self.id, self.title, *self.points):
            check_variables(template, names)
        if not variables(self.id) and names:
            raise ValueError(
                f"id {self.id!r} is the same for every device; expected one of the levels, as {{{names[0]}}}"
            )
        if not (self.points or self.online or self.event is not None or self.answer):
            raise ValueError("nothing is read: expected points, online, event or answer")
        self._check_command(names)
        return self

    def _check_command(self, names: tuple[str, ...]) -> None:
        settable = [name for name, point in self.points.items() if point.settable]
        if (self.command is None) != (not settable):
            raise ValueError("command and points that are settable: expected both, or neither")
        if self.command is None:
            return
        check_variables(self.command.topic, (*names, "point"))
        check_variables(self.command.payload, (*names, "point", "value", "id"))
        if self.command.format == "json":
            sample: Any = fill_json(self.command.payload, dict.fromkeys((*names, "point", "id"), "x"), 1.0)
            try:
                msgspec.json.decode(sample)
            except msgspec.DecodeError as error:
                raise ValueError(f"command.payload is no JSON once it is filled in: {sample[:80]!r}: {error}") from None


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    devices: Annotated[tuple[DeviceOptions, ...], AfterValidator(not_empty)] = Field(max_length=ENTRIES_MAX)
