"""How long records are kept is a setting, with a floor that none can lower."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import BadSettings, read_settings


@pytest.mark.parametrize("kind", ["incidents_days", "orders_days", "handovers_days"])
@pytest.mark.parametrize("days", [0, 1, 365, 1095, 1095.9, -5])
def test_no_setting_shortens_the_keeping_of_records(kind: str, days: float, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"keeping: {{{kind}: {days}}}")
    with pytest.raises(BadSettings) as refused:
        read_settings(file, {})
    assert f"{days:g} days; records of incidents are kept for at least 3 years (1096 days)" in str(refused.value)
    assert "which no setting can shorten" in str(refused.value)
    with pytest.raises(BadSettings, match="which no setting can shorten"):
        read_settings(None, {f"TOCSIN_KEEPING__{kind.upper()}": str(days)})
    file.write_text(f"keeping: {{{kind}: 1096}}")
    read_settings(file, {})


# ---- what is no record
