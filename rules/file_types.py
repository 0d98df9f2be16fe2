"""The small types that the models of all files are made of: ids, names, titles."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from rules.wording import not_one_of, shown

ID_CHARS_MAX = 64  # a topic is a handful of levels; a broker takes 65 535 bytes, a screen column about 64
TITLE_CHARS_MAX = 200
LANGUAGES = ("en", "zh")  # what the control room reads
_NOT_IN_ID = re.compile(r"[/+#.*>|\s\x00-\x1f\x7f]")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TITLE = re.compile(r"[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*")


class FileModel(BaseModel):
    """A mapping in a file: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_id(text: str) -> str:
    """An id becomes a level of an MQTT topic and of a NATS subject. Raises ValueError for one that cannot."""
    if not text or len(text) > ID_CHARS_MAX:
        raise ValueError(f"{shown(text)} is not an id; expected 1 to {ID_CHARS_MAX} characters")
    if wrong := _NOT_IN_ID.search(text):
        raise ValueError(f"{text!r} has {wrong[0]!r} in it; an id is one level of a topic: no space, / + # . * > |")
    if text.startswith("$"):
        raise ValueError(f"{text!r} starts with $, which brokers keep for themselves")
    return text


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > ID_CHARS_MAX:
        raise ValueError(f"{text!r} is not a name; expected a-z, 0-9 and _, starting with a letter, e.g. power_w")
    return text


def _check_language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(not_one_of(text, "a language", LANGUAGES))
    return text


def _check_title(text: str) -> str:
    if not _TITLE.fullmatch(text) or len(text) > TITLE_CHARS_MAX:
        raise ValueError(f"{text[:40]!r} is not a title; expected one line of 1 to {TITLE_CHARS_MAX} characters")
    return text


Id = Annotated[
    str,
    AfterValidator(check_id),
    WithJsonSchema({"type": "string", "pattern": r"^[^$/+#.*>|\s][^/+#.*>|\s]{0,63}$"}),
    Field(description="one level of a topic: no space, / + # . * > | and no $ at the start"),
]
Name = Annotated[
    str,
    AfterValidator(_check_name),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": ID_CHARS_MAX}),
]
TitleText = Annotated[
    str,
    AfterValidator(_check_title),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": TITLE_CHARS_MAX}),
]
Language = Annotated[
    str,
    AfterValidator(_check_language),
    WithJsonSchema({"type": "string", "enum": list(LANGUAGES)}),
]
Titles = Annotated[
    dict[Language, TitleText],
    Field(min_length=1, description="what people read, by language: {en: …, zh: …}"),
]
