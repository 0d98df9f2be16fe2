"""`tocsin plan list` and `tocsin plan show HAZARD`: what the response plans in force would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from rules.level import Level
    from rules.response_plan import PlanBook, PlanStep, ResponsePlan

Language = Literal["en", "zh"]
Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILES…]", help="Files of your own, or folders, beside those shipped.")
]
Lang = Annotated[Language, typer.Option(help="en or zh.")]
WIDTH = 120  # columns, where it goes to no terminal: a step is read in one line
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "columns": "hazard|plan|lead|acknowledge|first response|III|II|I",
        "level": "level {}",
        "plan": "plan {}, version {}",
        "team": "lead: {} · team: {}",
        "ladder": "told in turn, each {}: {}; {}",
        "raises": "then the level rises, up to {}",
        "again": "then again, less and less often",
        "quorum": "acknowledged only by all of: {}",
        "lapses": "an acknowledgement lapses when nothing follows it within {}",
        "response": "first response on site within {}",
        "command": "command",
        "notify": "message",
        "occupant_notice": "notice",
        "authority": "CAP message",
        "task": "task",
        "work_order": "work order",
        "optional": " (optional)",
        "devices": "every {} of the {}",
        "people": "people of the {}",
        "waits": "not during a pre-alarm: waits until the incident is confirmed",
        ", ": ", ",
    },
    "zh": {
        "columns": "险情|预案|总指挥|接警|首批到场|III|II|I",
        "level": "{} 级",
        "plan": "预案 {}，版本 {}",
        "team": "总指挥：{} · 小组：{}",
        "ladder": "依次通知，每级 {}：{}；{}",
        "raises": "仍无人接警则升级，最高 {} 级",
        "again": "之后反复提醒，间隔渐长",
        "quorum": "须由以下岗位共同接警：{}",
        "lapses": "接警后 {} 内无后续处置即失效",
        "response": "首批处置人员须在 {} 内到场",
        "command": "指令",
        "notify": "通知",
        "occupant_notice": "公告",
        "authority": "对外通报",
        "task": "任务",
        "work_order": "工单",
        "optional": "（可选）",
        "devices": "所在{1}的全部{0}",
        "people": "所在{}人员",
        "waits": "预警阶段不执行，待确认属实后执行",
        ", ": "、",
    },
}

app = typer.Typer(help="What the response plans would do.", no_args_is_help=True)


@app.command("list")
def list_plans(files: Files = None, lang: Lang = "en") -> None:
    """One line a plan: its hazard, who leads, how soon, how many steps at each level."""
    from rich import box
    from rich.table import Table

    from rules.level import Level
    from rules.timeline_words import duration

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in WORDS[lang]["columns"].split("|"):
        table.add_column(column, no_wrap=len(table.columns) != 1)
    for plan in sorted(_book(files).plans.values(), key=lambda plan: plan.hazard):
        steps = [str(len(_at(plan, level))) for level in (Level.III, Level.II, Level.I)]
        limits = (duration(plan.acknowledge.within, lang), duration(plan.first_response_within, lang))
        table.add_row(plan.hazard, _title(plan.title, lang), _word(plan.lead, lang), *limits, *steps)
    _console().print(table)


@app.command("show")
def show(
    hazard: Annotated[str, typer.Argument(help="The hazard, or the plan's id.")],
    files: Files = None,
    level: Annotated[str, typer.Option(help="I, II or III: of an incident of this level.")] = "I",
    lang: Lang = "en",
) -> None:
    """Every step in the order in which it is issued, with whom it is for and until when."""
    from rules.level import Level
    from rules.wording import not_one_of

    if level not in [each.value for each in Level]:
        raise typer.BadParameter(not_one_of(level, "a level", [each.value for each in Level]))
    book = _book(files)
    plan = book.by_hazard.get(hazard) or book.plans.get(hazard)
    if plan is None:
        raise typer.BadParameter(not_one_of(hazard, "the hazard of a plan", sorted(book.by_hazard)))
    _show(_console(), plan, Level(level), lang)


def _show(console: Console, plan: ResponsePlan, level: Level, lang: Language) -> None:
    from rich.table import Table
    from rich.text import Text

    say = WORDS[lang]
    heading = f"{_title(plan.title, lang)} · {_word(plan.hazard, lang)} · {say['level'].format(level.value)}"
    console.print(Text(heading, style="bold"))
    for line in _facts(plan, level, lang):
        console.print(Text(line, style="dim"))
    steps = _at(plan, level)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for no_wrap in (True, True, False, False, True):
        table.add_column(no_wrap=no_wrap)
    phase = None
    for number, step in enumerate(steps, 1):
        if step.phase is not phase:
            phase = step.phase
            table.add_row("")
            table.add_row("", Text(_word(phase.value, lang), style="bold cyan"))
        kind = Text(say[step.action], style="bold red" if step.command else "")
        table.add_row(str(number), kind, _what(step, lang), _where(step, lang), _until(step, lang))
    console.print(table)
    if any(step.waits_for_confirmation for step in steps):
        console.print(Text(f"\n* {say['waits']}", style="dim"))


def _facts(plan: ResponsePlan, level: Level, lang: Language) -> list[str]:
    """What holds for the whole plan, a line each."""
    from rules.timeline_words import duration

    say, rules = WORDS[lang], plan.acknowledge
    quorums = [given for given in rules.quorum if given <= level]
    ladder = " → ".join(_word(role, lang) for role in rules.ladder)
    after = say["again"] if level >= rules.raises_to else say["raises"].format(rules.raises_to.value)
    lines = [
        say["plan"].format(plan.id, plan.version),
        say["team"].format(_word(plan.lead, lang), _words(plan.team, lang)),
        say["ladder"].format(duration(rules.within, lang), ladder, after),
    ]
    if quorums:
        lines.append(say["quorum"].format(_words(rules.quorum[max(quorums)], lang)))
    if rules.re_alarm_after:
        lines.append(say["lapses"].format(duration(rules.re_alarm_after, lang)))
    lines.append(say["response"].format(duration(plan.first_response_within, lang)))
    return lines


def _at(plan: ResponsePlan, level: Level) -> list[PlanStep]:
    """The steps of an incident of this level, in their order."""
    return [step for step in plan.ordered_steps if step.level <= level]


def _what(step: PlanStep, lang: Language) -> str:
    optional = WORDS[lang]["optional"] if step.task and not step.task.mandatory else ""
    return f"{_title(step.title, lang)}{'*' if step.waits_for_confirmation else ''}{optional}"


def _where(step: PlanStep, lang: Language) -> str:
    """Who does it or gets it, and how far around the incident."""
    say = WORDS[lang]
    if step.command is not None:
        return say["devices"].format(_word(step.command.device_class, lang), _word(step.command.same, lang))
    if step.occupant_notice is not None:
        return say["people"].format(_word(step.occupant_notice.same, lang))
    if step.authority is not None:
        return _word(step.authority.to, lang)
    action = step.task or step.notify or step.work_order
    return _word(action.role, lang) if action else ""


def _until(step: PlanStep, lang: Language) -> str:
    from rules.timeline_words import duration

    if step.task is not None and step.task.within is not None:
        return duration(step.task.within, lang)
    if step.command is not None:
        return f"{duration(step.command.expires_after, lang)} × {step.command.retries + 1}"
    return _word(step.work_order.kind, lang) if step.work_order is not None else ""


def _title(title: dict[str, str], lang: Language) -> str:
    return title.get(lang) or next(iter(title.values()))


def _word(name: str, lang: Language) -> str:
    from rules.timeline_words import word

    return word(name, lang)


def _words(names: list[str], lang: Language) -> str:
    return WORDS[lang][", "].join(_word(name, lang) for name in names)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def _book(files: list[Path] | None) -> PlanBook:
    """Of the shipped files and those given; every fault is shown, as `tocsin check` does."""
    from gateway.library import BadFiles, load

    try:
        return load(files or []).plans
    except BadFiles as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
