"""`tocsin devices`: devices of other formats that were found, and how one gets its place. Asks the running gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tocsin.plan import WIDTH

if TYPE_CHECKING:
    import httpx

Language = Literal["en", "zh"]
Json = dict[str, Any]
SECONDS_MAX = 30.0  # all files are read again when a device gets its place
PAGE_ITEMS = 200
VALUES_SHOWN = 3
PROBLEM, WRONG = 1, 2

Api = Annotated[str, typer.Option(metavar="URL", help="Of the gateway.")]
TokenFile = Annotated[Path | None, typer.Option(help="A file with the API's token.")]
Lang = Annotated[Language, typer.Option("--language", "-l", help="en or zh")]
By = Annotated[str, typer.Option(help="Who does it; with a token, its name prevails.")]
Which = Annotated[str, typer.Argument(metavar="CODEC/ID", help="As the list shows it.")]
API = "http://127.0.0.1:8080"

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "columns": "device|called|model|class|says|heard|place",
        "none": "No device of another format was found. The settings say which formats there are: docs/devices.md",
        "doubt": "?",
        "ignored": "ignored",
        "gone": "gone",
        "offline": "offline",
        "by_file": "{} (site file)",
        "points": "point|type|unit|values|can be set|metric|last said",
        "yes": "yes",
        "silent": "may be silent for {}",
        "tells": "{}: {}",
        "done": "{} is {} from now on",
        "freed": "{} has no place any more",
        "left_out": "{} is left out",
        "looked_at": "{} is looked at again",
        "ago": "{} ago",
        "total": "{} found, {} without a place",
    },
    "zh": {
        "columns": "设备|名称|型号|类别|最近数值|最近通信|位置",
        "none": "未发现其他格式的设备。支持的格式在设置中配置，见 docs/devices.md",
        "doubt": "？",
        "ignored": "已忽略",
        "gone": "已移除",
        "offline": "离线",
        "by_file": "{}（站点文件）",
        "points": "测点|类型|单位|取值|可设置|指标|最近数值",
        "yes": "是",
        "silent": "允许静默 {}",
        "tells": "{}：{}",
        "done": "{} 即日起为 {}",
        "freed": "{} 已取消登记",
        "left_out": "{} 已忽略",
        "looked_at": "{} 不再忽略",
        "ago": "{}前",
        "total": "共发现 {} 台，未登记 {} 台",
    },
}

app = typer.Typer(help="Devices of other formats: what was found, and what gets a place under watch.")


@app.callback(invoke_without_command=True)
def devices(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are ignored.")] = False,
    api: Api = API,
    token_file: TokenFile = None,
    language: Lang = "en",
) -> None:
    """List devices of other formats: those without a place first, the latest heard first.

    Exit code 1: the gateway does not answer, or refuses; 2: a word of the command line is wrong.
    """
    if context.invoked_subcommand is None:
        _list(everything, api, token_file, language)


@app.command("list")
def list_devices(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are ignored.")] = False,
    api: Api = API,
    token_file: TokenFile = None,
    language: Lang = "en",
) -> None:
    """List devices of other formats, as `tocsin devices` alone does."""
    _list(everything, api, token_file, language)


def _list(everything: bool, api: str, token_file: Path | None, language: Language) -> None:
    with _client(api, token_file) as client:
        found = [each for each in _all(client) if everything or not each["ignored"]]
    say = WORDS[language]
    if not found:
        typer.echo(say["none"])
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(say["columns"].split("|")):
        table.add_column(column, no_wrap=number in (0, 3, 5), overflow="fold")
    for each in sorted(found, key=lambda each: (each["device"] is not None, _negative(each["last_at"]))):
        table.add_row(*_row(each, language))
    console = _console()
    console.print(table)
    console.print(say["total"].format(len(found), sum(each["device"] is None for each in found)), markup=False)


@app.command("show")
def show(which: Which, api: Api = API, token_file: TokenFile = None, language: Lang = "en") -> None:
    """Show all points of a device: what they are, what they said last, which metric each is."""
    from rich import box
    from rich.table import Table

    with _client(api, token_file) as client:
        each = _asked(client, "GET", _path(which))
    say, console = WORDS[language], _console()
    for line in _facts(each, language):
        console.print(line, markup=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in say["points"].split("|"):
        table.add_column(column, overflow="fold")
    declared = {point["name"]: point for point in each["points"]}
    for name in dict.fromkeys([*declared, *each["values"]]):
        point = declared.get(name, {})
        said = _word(each["values"][name]) if name in each["values"] else ""
        allowed = ", ".join(point.get("values", ())) or _range(point)
        settable = say["yes"] if point.get("settable") else ""
        table.add_row(
            *map(_plain, (name, point.get("kind") or "", point.get("unit", ""), allowed, settable)),
            _plain(point.get("metric", "")),
            _plain(said),
        )
    console.print(table)


@app.command("assign")
def assign(
    which: Which,
    zone: Annotated[str, typer.Option(help="SITE/ZONE of a site file.")],
    name: Annotated[str, typer.Option(help="What it is called at its site from now on.")],
    reason: Annotated[str, typer.Option(help="Why; stands in the journal.")],
    device_class: Annotated[str, typer.Option("--class", help="Without: the one its format leaves no doubt of.")] = "",
    title: Annotated[str, typer.Option(help="For people; without: what its format calls it.")] = "",
    point: Annotated[
        list[str] | None, typer.Option(metavar="POINT=METRIC", help="Several; without: as the format suggests.")
    ] = None,
    event: Annotated[list[str] | None, typer.Option(metavar="WORD=EVENT", help="Several.")] = None,
    command: Annotated[
        list[str] | None, typer.Option(metavar="COMMAND:POINT=VALUE", help="Several; without: as the format suggests.")
    ] = None,
    rated: Annotated[list[str] | None, typer.Option(metavar="FIGURE=NUMBER", help="From the nameplate.")] = None,
    silent_after: Annotated[
        str, typer.Option(metavar="DURATION", help="Without: what it announces, or its class.")
    ] = "",
    by: By = "",
    api: Api = API,
    token_file: TokenFile = None,
    language: Lang = "en",
) -> None:
    """Give a device a place: from now on it is watched like any other of its zone."""
    body: Json = {"zone": zone, "name": name, "reason": reason}
    if title:
        body["title"] = title
    body["points"] = {left: {"metric": right} for left, right in _pairs(point, "--point", "POINT=METRIC")}
    body["events"] = dict(_pairs(event, "--event", "WORD=EVENT"))
    body["rated"] = {left: _figure(right) for left, right in _pairs(rated, "--rated", "FIGURE=NUMBER")}
    commands: dict[str, Json] = {}
    for left, right in _pairs(command, "--command", "COMMAND:POINT=VALUE"):
        told, colon, what = left.partition(":")
        if not colon:
            raise _gives_up(f"--command {left}={right}: expected COMMAND:POINT=VALUE, e.g. sound:alarm=true", WRONG)
        commands.setdefault(told, {})[what] = _value(right)
    body["commands"] = commands
    if silent_after:
        body["silent_after"] = silent_after
    with _client(api, token_file) as client:
        path = _path(which)
        if not device_class:
            device_class = _asked(client, "GET", path)["device_class"]
            if not device_class:
                raise _gives_up(f"what {which} is, its format leaves in doubt; expected --class", WRONG)
        done = _asked(client, "POST", f"{path}/assign", body | {"device_class": device_class} | _who(by))
    typer.echo(WORDS[language]["done"].format(which, done["found"]["device"]))


@app.command("unassign")
def unassign(
    which: Which,
    reason: Annotated[str, typer.Option(help="Why; stands in the journal.")],
    by: By = "",
    api: Api = API,
    token_file: TokenFile = None,
    language: Lang = "en",
) -> None:
    """Take its place from a device; what it said stays where it is."""
    with _client(api, token_file) as client:
        _asked(client, "POST", f"{_path(which)}/unassign", {"reason": reason} | _who(by))
    typer.echo(WORDS[language]["freed"].format(which))


@app.command("ignore")
def ignore(
    which: Which,
    undo: Annotated[bool, typer.Option("--undo", help="It is looked at again.")] = False,
    reason: Annotated[str, typer.Option(help="Why; stands in the journal.")] = "",
    by: By = "",
    api: Api = API,
    token_file: TokenFile = None,
    language: Lang = "en",
) -> None:
    """Leave a device out: a neighbour's, a lamp."""
    body = {"ignored": not undo, "reason": reason}
    with _client(api, token_file) as client:
        _asked(client, "POST", f"{_path(which)}/ignore", body | _who(by))
    typer.echo(WORDS[language]["looked_at" if undo else "left_out"].format(which))


# ---- what a terminal shows


def _row(each: Json, language: Language) -> Iterator[Any]:
    say = WORDS[language]
    yield _plain(f"{each['codec']}/{each['native_id']}")
    yield _plain(each["title"])
    yield _plain(each["model"])
    yield _plain(each["device_class"] or say["doubt"])
    told = {point["name"]: None for point in each["points"] if point["metric"]}
    names = [*(name for name in told if name in each["values"]), *(n for n in each["values"] if n not in told)]
    yield _plain(", ".join(f"{name} {_word(each['values'][name])}" for name in names[:VALUES_SHOWN]))
    yield _ago(each["last_at"], language)
    states = [say[name] for name in ("ignored", "gone") if each[name]]
    states += [say["offline"]] if each["online"] is False else []
    place = each["device"] or ""
    yield _plain(", ".join([*([say["by_file"].format(place) if each["by_file"] else place] if place else []), *states]))


def _facts(each: Json, language: Language) -> Iterator[str]:
    from rules.timeline_words import duration

    say = WORDS[language]
    name = f"{each['codec']}/{each['native_id']}"
    yield "  ".join(filter(None, (name, each["title"], each["model"], each["device_class"], each["device"])))
    if each["silent_after_ms"]:
        yield say["silent"].format(duration(each["silent_after_ms"], language))
    for command, points in each["commands"].items():
        yield say["tells"].format(command, ", ".join(f"{point} = {_word(value)}" for point, value in points.items()))


def _plain(text: str) -> Any:
    """Names come from devices: what looks like markup is none."""
    from rich.text import Text

    return Text("".join(char if char.isprintable() else "�" for char in text))


def _range(point: Json) -> str:
    least, most = point.get("minimum"), point.get("maximum")
    return f"{_word(least)} … {_word(most)}" if least is not None and most is not None else ""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _ago(instant: str, language: Language) -> str:
    from gateway.clock import now_ms
    from rules.instant import SECOND_MS, parse_rfc3339
    from rules.timeline_words import duration

    seconds = max(0, (now_ms() - parse_rfc3339(instant)) // SECOND_MS)
    return WORDS[language]["ago"].format(duration(seconds * SECOND_MS, language))


def _negative(instant: str) -> int:
    from rules.instant import parse_rfc3339

    return -parse_rfc3339(instant)


def _console() -> Any:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


# ---- what the command line says


def _pairs(given: list[str] | None, option: str, form: str) -> Iterator[tuple[str, str]]:
    for each in given or ():
        left, equals, right = each.partition("=")
        if not equals or not left or not right:
            raise _gives_up(f"{option} {each}: expected {form}", WRONG)
        yield left, right


def _value(text: str) -> Any:
    """true, false and numbers as such, everything else as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def _figure(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _gives_up(f"--rated: {text!r} is not a number", WRONG) from None


def _path(which: str) -> str:
    from api.inbox_port import found_id

    codec, slash, native_id = which.partition("/")
    if not slash or not native_id:
        raise _gives_up(f"{which!r} is no device; expected CODEC/ID, e.g. z2m/0x00158d0001dc126a", WRONG)
    return f"/inbox/{found_id(codec, native_id)}"


def _who(by: str) -> Json:
    import getpass

    return {"by": by or getpass.getuser()}


# ---- the gateway


def _client(api: str, token_file: Path | None) -> httpx.Client:
    import httpx

    headers = {}
    if token_file is not None:
        try:
            headers["Authorization"] = f"Bearer {token_file.read_text(encoding='utf-8').strip()}"
        except (OSError, UnicodeDecodeError) as error:
            raise _gives_up(f"{token_file} cannot be read: {error}", WRONG) from error
    return httpx.Client(base_url=f"{api.rstrip('/')}/api/v1", headers=headers, timeout=SECONDS_MAX, trust_env=False)


def _asked(client: httpx.Client, method: str, path: str, body: Json | None = None, **query: Any) -> Json:
    import httpx

    try:
        answer = client.request(method, path, json=body, params=query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _gives_up(f"{client.base_url} does not answer: {error or type(error).__name__}", PROBLEM) from error
    if answer.is_success:
        found: Json = answer.json()
        return found
    try:
        problem = answer.json()
        reason = problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        reason = f"HTTP {answer.status_code}"
    raise _gives_up(reason, PROBLEM)


def _all(client: httpx.Client) -> Iterator[Json]:
    query: Json = {"limit": PAGE_ITEMS}
    while True:
        page = _asked(client, "GET", "/inbox", **query)
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def _gives_up(fault: str, code: int) -> typer.Exit:
    """Says so; to be raised."""
    typer.echo(f"tocsin: {fault}", err=True)
    return typer.Exit(code)
