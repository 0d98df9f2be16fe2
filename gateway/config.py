"""The gateway's settings: a YAML file, then the environment (`TOCSIN_…`), with secrets in files of their own.

Everything has a default that is safe on a machine of one's own: an embedded broker and the API on loopback, data in
`./data`. Passwords and tokens are read from the files that the settings name, never written among them.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from api.settings import ApiSettings, read_tokens
from gateway.codec_settings import CodecPart, Codecs, topics_of
from gateway.codecs import native
from gateway.faults import problems_of
from gateway.files import read_file, validate
from gateway.link_settings import LinkSettings, link_settings_from_url, tls_context
from rules.problem import Problem

EMBEDDED = "embedded"
ASSIGNED = "assigned.yaml"
FOREIGN_PACKET_BYTES_MAX = 8 * 1024**2  # Zigbee2MQTT describes all its devices in one message: 300 are 3 MiB
ENVIRONMENT = "TOCSIN_"
Port = Annotated[int, Field(ge=0, le=65_535)]


class Settings(BaseModel):
    """What a settings file may say. Relative paths count from the file's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerPart(Settings):
    url: str = Field(EMBEDDED, description="embedded, or mqtt://host:1883, or mqtts://host:8883")
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    client_id: str = Field("tocsin-gateway", min_length=1, max_length=64, description="the persistent session's name")
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = Field(None, description="client certificate, PEM")
    key_file: Path | None = None
    inflight_max: int = Field(5_000, ge=1, le=65_535, description="messages taken in and not yet acknowledged")
    batch_ms: float = Field(5.0, ge=0, le=1_000, description="how long a reading that changes nothing may wait")
    embedded_host: str = "127.0.0.1"
    embedded_port: Port = Field(1883, description="0: any free one")


class HttpPart(Settings):
    host: str = "127.0.0.1"
    port: Port = Field(8080, description="0: any free one")
    tokens_file: Path | None = Field(None, description="lines of `name token`; without it only this machine is served")
    allowed_hosts: list[str] = []
    behind_proxy: bool = Field(
        False, description="a proxy on this machine says who asks (X-Forwarded-For); nobody else is believed"
    )
    process: Literal["own", "shared"] = Field(
        "own", description="own: who looks cannot hold up alarms; shared: one process less, some 90 MB of memory less"
    )
    streams_max: int = Field(500, ge=1, le=10_000, description="event streams open at once")
    streams_per_user_max: int = Field(50, ge=1, le=10_000, description="of them, of one user or token")
    language: Literal["en", "zh"] = "en"


class ProviderPart(Settings):
    """Signing in at an OpenID provider; who is a user, Tocsin's own users say."""

    issuer: str = Field(pattern=r"^https?://\S+$", description="as the provider calls itself")
    client_id: str
    client_secret_file: Path
    redirect_url: str = Field(pattern=r"^https?://\S+$", description="…/api/v1/login/provider/answer")
    claim: str = Field("sub", description="of the ID token: which one is a user's `external` identity")
    scopes: list[str] = ["openid"]


class AccessPart(Settings):
    open_until_first_user: bool = Field(
        True, description="without tokens and users, whoever is on this machine may do all but make users"
    )
    token_minutes: float = Field(10, ge=1, le=60, description="how long an access token is good")
    session_hours: float = Field(12, ge=0.25, le=168, description="how long a session lasts that nobody uses")
    provider: ProviderPart | None = None


class TelemetryPart(Settings):
    keep_days: float = Field(30, gt=0, le=3_660)
    bytes_max: int = Field(20 * 1024**3, ge=10 * 1024**2, description="of all files; the oldest go first")


class InfluxPart(Settings):
    """The InfluxDB (2.x, 1.8 and later, 3.x) that readings are forwarded to, and read back from."""

    url: str = Field(pattern=r"^https?://[^/@\s]+(/\S*)?$", description="of the server, e.g. http://influxdb:8086")
    org: str = Field("-", min_length=1, description="InfluxDB 2.x: the organisation; others take no notice of it")
    bucket: str = Field("tocsin", min_length=1, description="1.8: `database/retention-policy`")
    token_file: Path | None = Field(None, description="1.8: `user:password`")
    ca_file: Path | None = Field(None, description="who vouches for an https server, PEM")
    prefix: str = Field("tocsin_", pattern=r"^[A-Za-z0-9_.-]*$", max_length=64, description="of measurements")
    modes: list[Literal["actual", "exercise", "test"]] = Field(
        ["actual", "exercise", "test"], description="which are forwarded; each point says which it is of"
    )
    gzip: bool = True
    batch_rows: int = Field(5_000, ge=1, le=100_000, description="at most, in one request")
    batch_bytes: int = Field(2 * 1024**2, ge=1_024, le=64 * 1024**2, description="at most, before compression")
    interval_seconds: float = Field(1, ge=0.05, le=3_600, description="between two looks for new readings")
    seconds_max: float = Field(10, ge=0.5, le=120, description="how long the server may take to answer")
    retry_seconds_max: float = Field(
        60, ge=0.1, le=3_600, description="between two attempts while it does not take any"
    )
    lag_seconds_max: float = Field(300, ge=1, le=7 * 86_400, description="behind by more: a trouble signal")
    read_back: bool = Field(True, description="asked for readings older than those that are kept here")
    database: str | None = Field(None, description="as InfluxQL has it, for reading back; else the bucket")


RECORD_DAYS_MIN = (
    3 * 365 + 1
)  # 3 years of the property norm (事件记录保存不少于 3 年), whichever of them is a leap year


def _long_enough(days: float | None) -> float | None:
    if days is not None and days < RECORD_DAYS_MIN:
        raise ValueError(
            f"{days:g} days; records of incidents are kept for at least 3 years ({RECORD_DAYS_MIN} days), which no"
            " setting can shorten"
        )
    return days


RecordDays = Annotated[float | None, AfterValidator(_long_enough)]


class KeepingPart(Settings):
    """Telemetry has its own."""

    incidents_days: RecordDays = Field(
        None, description=f"with their timelines and the journal; at least {RECORD_DAYS_MIN}; none: for ever"
    )
    orders_days: RecordDays = Field(None, description="with their files, and corrective actions; as above")
    handovers_days: RecordDays = Field(None, description="and shelves; as above")
    backup_first: bool = Field(True, description="no record is removed that `tocsin backup` has not put in a backup")
    answers_days: float = Field(7, gt=0, le=366, description="how long an Idempotency-Key is known")
    dead_letters_days: float = Field(90, gt=0, le=3_660)
    unused_files_days: float = Field(7, ge=1, le=366, description="files that were sent and belong to no order")

    def record_days(self) -> dict[str, float | None]:
        """Kind of record → how long it is kept after it was over."""
        orders, handovers = self.orders_days, self.handovers_days
        return {
            "incidents": self.incidents_days,
            "orders": orders,
            "actions": orders,
            "handovers": handovers,
            "shelves": handovers,
        }


class NotifyPart(Settings):
    channels_file: Path | None = Field(None, description="lines of `channel address`, the addresses as Apprise's URLs")
    seconds_max: float = Field(10, ge=1, le=60, description="how long a channel or an authority may take to answer")


class AuthorityPart(Settings):
    """Where CAP messages go: exactly one of `url` and `folder`."""

    url: str | None = Field(None, pattern=r"^https?://\S+$", description="messages are posted here")
    folder: Path | None = Field(None, description="messages are written here, a file each")
    token_file: Path | None = Field(None, description="a bearer token for `url`")
    exercise: bool = Field(False, description="takes messages of exercises; its notice file has to say so as well")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) is (self.folder is None):
            raise ValueError(f"{'url and folder' if self.url else 'nothing'} given; expected one of url and folder")
        return self


class OrdersPart(Settings):
    """The outside maintenance system; a plan file has to say `orders: {push: true}` as well."""

    push_url: str | None = Field(None, pattern=r"^https?://\S+$", description="changes of work orders are posted here")
    push_secret_file: Path | None = Field(None, description="what they are signed with, HMAC-SHA256")
    push_seconds_max: float = Field(10, ge=1, le=60, description="how long the maintenance system may take to answer")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if (self.push_url is None) is not (self.push_secret_file is None):
            raise ValueError("push_url and push_secret_file go together")
        return self


class HeartbeatPart(Settings):
    url_file: Path = Field(description="holds the address that is asked while all is well")
    every_seconds: float = Field(60, ge=5, le=3_600)


class GatewaySettings(Settings):
    data: Path = Field(Path("data"), description="journal, telemetry, embedded broker")
    store: str | None = Field(None, description="postgresql+psycopg://…; without it SQLite in the data folder")
    store_password_file: Path | None = None
    sites: list[Path] = Field([], description="site and device-class files, or folders of them")
    rules: list[Path] = Field([], description="rule files, or folders of them, besides the shipped library")
    plans: list[Path] = Field([], description="plan files, or folders of them, besides the shipped library")
    people: list[Path] = Field([], description="roster and notice files, or folders of them")
    broker: BrokerPart = BrokerPart()
    http: HttpPart = HttpPart()
    access: AccessPart = AccessPart()
    telemetry: TelemetryPart = TelemetryPart()
    influxdb: InfluxPart | None = Field(None, description="where readings are kept for longer")
    keeping: KeepingPart = KeepingPart()
    heartbeat: HeartbeatPart | None = Field(None, description="a sign of life to an outside dead-man's switch")
    notify: NotifyPart = NotifyPart()
    orders: OrdersPart = OrdersPart()
    authorities: dict[str, AuthorityPart] = Field({}, description="by the names that plans give them")
    codecs: Codecs = Field({}, description="formats besides Tocsin's own, by the names that site files use")

    @property
    def files(self) -> list[Path]:
        """Those that people write."""
        return [*self.sites, *self.rules, *self.plans, *self.people]

    @property
    def assigned(self) -> Path:
        """The file that the gateway itself writes: devices that were assigned while it ran."""
        return self.data / ASSIGNED

    @property
    def all_files(self) -> list[Path]:
        """What is in force, as it stands on the disk."""
        return [*self.files, *([self.assigned] if self.assigned.exists() else [])]

    @property
    def store_url(self) -> str:
        """Raises ValueError when the password file cannot be read."""
        if self.store is None:
            return f"sqlite:///{self.data / 'journal.sqlite'}"
        password = read_secret(self.store_password_file)
        if password is None:
            return self.store
        from sqlalchemy import make_url

        return make_url(self.store).set(password=password).render_as_string(hide_password=False)

    def link(self, url: str) -> LinkSettings:
        """How ingest reaches the broker at `url`. Raises ValueError."""
        broker = self.broker
        others: dict[str, Any] = {"username": broker.username} if broker.username else {}
        if password := read_secret(broker.password_file):
            others["password"] = password
        if self.codecs:
            others["packet_bytes_max"] = FOREIGN_PACKET_BYTES_MAX
        return link_settings_from_url(
            url,
            broker.client_id,
            protocol=broker.protocol,
            topics=(*native.TOPICS, *topics_of(self.codecs)),
            inflight_max=broker.inflight_max,
            tls=self.tls(url),
            **others,
        )

    def tls(self, url: str) -> ssl.SSLContext | None:
        broker = self.broker
        if not url.startswith("mqtts:"):
            return None
        return tls_context(
            *(str(path) if path else None for path in (broker.ca_file, broker.cert_file, broker.key_file))
        )

    def api(self) -> ApiSettings:
        """Raises ValueError for a tokens file that cannot be used."""
        text = read_secret(self.http.tokens_file)
        hosts = tuple(self.http.allowed_hosts)
        return ApiSettings(
            tokens=read_tokens(text) if text else {},
            open_until_first_user=self.access.open_until_first_user,
            allowed_hosts=hosts,
            language=self.http.language,
            streams_max=self.http.streams_max,
            streams_per_user_max=self.http.streams_per_user_max,
        )


class BadSettings(Exception):
    """What is wrong with the settings, one problem a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read_settings(file: Path | None, environment: Mapping[str, str] = os.environ) -> GatewaySettings:
    """`TOCSIN_HTTP__PORT=9000` overrides `http.port`. Raises BadSettings."""
    value: dict[str, Any] = {}
    if file is not None:
        document = _read(file)
        settings, problems = validate(GatewaySettings, document)
        if settings is None:
            raise BadSettings(problems)
        value = document.value or {}
    for name, text in sorted(environment.items()):
        if name.startswith(ENVIRONMENT):
            _put(value, name.removeprefix(ENVIRONMENT).lower().split("__"), text)
    try:
        settings = GatewaySettings.model_validate(value)
    except ValidationError as error:
        problems = problems_of(error, GatewaySettings, value)
        raise BadSettings([problem._replace(file="environment") for problem in problems]) from error
    return _rooted(settings, file.parent if file else Path())


def read_secret(file: Path | None) -> str | None:
    """A secret's file, without the line's end. Raises ValueError that names the file, never what is in it."""
    if file is None:
        return None
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ValueError(f"{file} cannot be read: {reason}") from error


def _read(file: Path) -> Any:
    try:
        document = read_file(file, str(file))
    except OSError as error:
        raise BadSettings([Problem((), f"cannot be read: {error.strerror}", str(file))]) from error
    if document.problems:
        raise BadSettings(list(document.problems))
    return document


def _put(value: dict[str, Any], path: list[str], text: str) -> None:
    for step in path[:-1]:
        inner = value.setdefault(step, {})
        if not isinstance(inner, dict):
            raise BadSettings([Problem(tuple(path), "is no group of settings", "environment")])
        value = inner
    value[path[-1]] = (
        text.split(os.pathsep) if path[-1] in ("sites", "rules", "plans", "people", "allowed_hosts", "modes") else text
    )


def _rooted(settings: GatewaySettings, folder: Path) -> GatewaySettings:
    """With every relative path counted from `folder`."""

    def rooted(value: Any) -> Any:
        if isinstance(value, Path):
            return folder / value
        if isinstance(value, list):
            return [rooted(each) for each in value]
        if isinstance(value, dict):
            return {name: rooted(each) for name, each in value.items()}
        if isinstance(value, CodecPart):
            return value.with_options(rooted(value.options()))
        if isinstance(value, BaseModel):
            return value.model_copy(update={name: rooted(getattr(value, name)) for name in type(value).model_fields})
        return value

    result: GatewaySettings = rooted(settings)
    return result
