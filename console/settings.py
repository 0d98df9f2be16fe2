"""What the console is told when it starts."""

from __future__ import annotations

from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, field_validator

Language = Literal["en", "zh"]

HOST = "127.0.0.1"
PORT = 8090


class ConsoleSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    api: HttpUrl = Field(description="where the gateway's API is, e.g. http://127.0.0.1:8080")
    host: str = Field(HOST, description="the address it listens on")
    port: int = Field(PORT, ge=1, le=65_535)
    language: Language = Field("en", description="where a browser asks for neither of the two")
    timezone: str = Field(
        "", description="IANA name, of the times on pages; none: that of the sites, if they share one"
    )
    pages_max: int = Field(200, ge=1, le=2_000, description="pages open at once; each takes about 0.6 MB")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name and name not in available_timezones():
            raise ValueError("no such time zone; expected an IANA name as Asia/Shanghai")
        return name

    @property
    def api_url(self) -> str:
        return str(self.api).rstrip("/")
