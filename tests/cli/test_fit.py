"""The command that learns a strategy."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from guanxi.engine import Engine
from guanxi.engine.strategies import read_strategy

from .conftest import Cli

N_VIEWERS, N_CREATORS = 110, 20


def _rows() -> list[dict[str, str]]:
    """Viewers follow eight creators and trust two, whose items they buy."""
    rng = random.Random(4)  # noqa: S311 - no secret
    shared = {c: rng.sample(range(300), 12) for c in range(N_CREATORS)}
    rows = [_row("share", f"创{c}", f"i{item}", rng.uniform(0, 40)) for c, items in shared.items() for item in items]
    for viewer in range(N_VIEWERS):
        heard = rng.sample(range(N_CREATORS), 10)
        rows += [_row("trust" if k < 2 else "follow", f"a{viewer}", f"创{c}", 0) for k, c in enumerate(heard)]
        for _ in range(8):
            item = rng.choice(shared[rng.choice(heard[:2])])
            rows.append(_row("purchase", f"a{viewer}", f"i{item}", rng.uniform(41, 300)))
    return rows


def _row(relation: str, source: str, target: str, days: float) -> dict[str, str]:
    seconds = int(1_700_000_000 + days * 86_400)
    return {"relation": relation, "source": source, "target": target, "time": str(seconds)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two months of shares and eight of purchases."""
    home = tmp_path_factory.mktemp("fit") / "store"
    engine = Engine(home, create=True)
    assert {outcome.outcome for outcome in engine.append(_rows())} == {"created"}
    engine.close()
    return home


def test_fit_writes_a_strategy_and_says_what_it_gained(cli: Cli, shop: Path) -> None:
    ran = cli("fit", "mine.toml", "--store", shop, "--budget", 20)
    assert ran.code == 0, ran.err
    strategy = read_strategy(Path("mine.toml"))
    assert strategy.label == "fitted@1"
    assert strategy.weights["trust"].weight > 2.0
    for word in ("weight of trust", "popularity", "balanced@1", "NDCG@10", "95 % interval"):
        assert word in ran.out
    advice = next(line for line in ran.out.splitlines() if line.startswith("The interval"))
    assert strategy.description.endswith(advice)
    assert "Wrote mine.toml." in ran.err


def test_json_says_the_same_twice_and_keeps_where_it_is_asked_to(cli: Cli, shop: Path) -> None:
    once = cli("fit", "one.toml", "--store", shop, "--budget", 6, "--json", "--name", "ours")
    again = cli("fit", "two.toml", "--store", shop, "--budget", 6, "--json", "--name", "ours", "--keep")
    assert (once.code, once.err) == (again.code, again.err) == (0, "")
    assert once.data | {"file": "two.toml", "kept": True} == again.data
    assert Path("one.toml").read_text() == Path("two.toml").read_text()
    assert once.data["verdict"] in ("gain", "none", "loss")
    assert again.data["learned"]["n_looks"] == 6
    assert cli("strategies", "show", "ours", "--json", "--store", shop).data["version"] == 1
    assert (
        cli("fit", "three.toml", "--store", shop, "--budget", 1, "--json", "--name", "ours").data["strategy"]["version"]
        == 2
    )


def test_fitted_strategy_can_be_scored_and_fitted_from(cli: Cli, shop: Path) -> None:
    assert cli("fit", "mine.toml", "--store", shop, "--budget", 6, "-q", "--name", "first").code == 0
    assert cli("snapshot", "--store", shop).code == 0
    assert cli("score", "--strategy", "mine.toml", "--store", shop, "--json").data["strategy"] == "first@1"
    ran = cli("fit", "next.toml", "--from", "mine.toml", "--store", shop, "--budget", 2, "--json", "--name", "first")
    assert (ran.data["base"], ran.data["strategy"]["version"]) == ("first@1", 2)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["mine.json"], 2, "mine.json is no name of a strategy's file, which ends in .toml"),
        (["there.toml"], 2, "there.toml is there already; name another file"),
        (["nowhere/mine.toml"], 2, "nowhere is no folder"),
        (["mine.toml", "--name", "strict"], 5, "strategy strict comes with Guanxi, which makes its versions"),
        (["mine.toml", "--budget", "0"], 2, "budget is 0, not in 1..10,000"),
        (["mine.toml", "--viewers", "10"], 2, "viewers is 10, not in 50..1,000,000"),
        (["mine.toml", "--from", "nobody"], 2, "strategy 'nobody' is not one of"),
        (["mine.toml", "--target", "accounts"], 3, "have 1 different times, too coarse to cut in three parts"),
    ],
)
def test_wrong_use_is_said_before_the_work(cli: Cli, shop: Path, args: list[str], code: int, message: str) -> None:
    Path("there.toml").touch()
    ran = cli("fit", *args, "--store", shop)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert not Path("mine.toml").exists()


def test_store_with_too_little_is_refused_with_what_is_needed(cli: Cli, store: Path) -> None:
    ran = cli("fit", "mine.toml", "--store", store)
    assert ran.code == 3
    assert "5 dated purchases and shares are too few: validation and the test need 50 viewers each" in ran.err
    assert not Path("mine.toml").exists()


def test_nobody_is_named_in_what_is_said_or_written(cli: Cli, shop: Path) -> None:
    ran = cli("fit", "mine.toml", "--store", shop, "--budget", 3)
    assert ran.code == 0
    said = ran.out + ran.err + Path("mine.toml").read_text()
    assert not any(f"a{viewer} " in said or f"创{viewer}" in said for viewer in range(N_VIEWERS))


@pytest.mark.parametrize(("cause", "code"), [("KeyboardInterrupt()", 130), ("ValueError('no')", 1)])
def test_ctrl_c_while_a_compiled_function_is_loaded_ends_the_command_in_one_line(cause: str, code: int) -> None:
    program = f"""
import guanxi.cli as cli

def run():
    try:
        raise {cause}
    except BaseException as exc:
        raise SystemError("returned a result with an exception set") from exc

cli._run = run
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == code
    assert ("Traceback" in done.stderr) == (code == 1)
    assert ("guanxi: interrupted" in done.stderr) == (code == 130)
