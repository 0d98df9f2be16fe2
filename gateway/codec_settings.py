"""The settings' part on formats that are not Tocsin's own: one entry for every tree of topics."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.codecs import native
from gateway.codecs.formats import make, options_of
from gateway.codecs.port import Codec
from rules.file_types import check_id

CODECS_MAX = 64  # several bridges of one kind, a floor each
OWN_TREES = tuple(tree.decode() for tree in native.TREES)


class CodecPart(BaseModel):
    """`format`, and beside it what that format has options for."""

    model_config = ConfigDict(frozen=True, extra="allow")
    format: str = Field(description="zigbee2mqtt, … (docs/devices.md)")

    @model_validator(mode="after")
    def _as_the_format_wants_it(self) -> Self:
        self.codec()
        return self

    def codec(self) -> Codec:
        """A new one, that knows of no device. Raises ValueError."""
        made = make(self.format, self.options())
        for topic in made.topics():
            if _hears_own(topic):
                raise ValueError(f"would listen to {topic!r}, where Tocsin's own topics are; expected another prefix")
        return made

    def options(self) -> BaseModel:
        return options_of(self.format, dict(self.model_extra or {}))

    def with_options(self, options: BaseModel) -> CodecPart:
        values: dict[str, Any] = options.model_dump(by_alias=True, exclude_unset=True)
        return CodecPart(format=self.format, **values)


def _hears_own(topic: str) -> bool:
    """Shelly's `+/events/rpc` does not: what is ours has its version on the second level."""
    first, _, rest = topic.partition("/")
    return first == "#" or (first in (*OWN_TREES, "+") and rest.partition("/")[0] in ("v1", "+", "#", ""))


def _few(codecs: dict[str, CodecPart]) -> dict[str, CodecPart]:
    if len(codecs) > CODECS_MAX:
        raise ValueError(f"{len(codecs)} codecs; at most {CODECS_MAX}")
    return codecs


Codecs = Annotated[dict[Annotated[str, AfterValidator(check_id)], CodecPart], AfterValidator(_few)]


def topics_of(codecs: dict[str, CodecPart]) -> tuple[str, ...]:
    """All that is to be subscribed to, each once, in the order in which the formats want it."""
    return tuple(dict.fromkeys(topic for part in codecs.values() for topic in part.codec().topics()))
