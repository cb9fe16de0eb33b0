"""Strict YAML: plain data with lines, and nothing that surprises."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.yamlfile import MAX_BYTES, MAX_DEPTH, inspect_text, parse_yaml, read_yaml


def problems(text: str) -> list[str]:
    """What is wrong with ``text``, one line a problem."""
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_plain_data_come_through_by_the_core_schema() -> None:
    text = (
        "a: 1\nb: -2.5e-3\nc: true\nd: ~\ne: [x, 'y: 1', \"z\"]\n2026: {on: yes}\nday: 2026-01-31\nv: 0x10\n"
    )
    assert parse_yaml(text).data == {
        "a": 1,
        "b": -0.0025,
        "c": True,
        "d": None,
        "e": ["x", "y: 1", "z"],
        2026: {"on": "yes"},
        "day": "2026-01-31",
        "v": "0x10",
    }


def test_every_value_has_its_line_and_what_is_missing_that_of_its_parent() -> None:
    file = parse_yaml("a: 1\nb:\n  c: {d: 1,\n    e: 2}\n  f:\n    - x\n    - y\n")
    assert [file.position(place) for place in (("a",), ("b",), ("b", "c", "e"), ("b", "f", 1))] == [
        1,
        2,
        4,
        7,
    ]
    assert file.position(("b", "f", 9)) == 5
    assert file.position(("b", "c", "nothing", "deeper")) == 3
    assert file.position(("nothing",)) == file.position() == 1


def test_source_text_of_a_value_is_without_comments_and_line_breaks() -> None:
    file = parse_yaml("a: 'it''s # no comment'  # one\nb: {c: 1,\n  # between\n  d: 2}\nf: \"#\"\n")
    assert file.text(("a",)) == "a: 'it''s # no comment'"
    assert file.text(("b",)) == "b: {c: 1, d: 2}"
    assert file.text(("f",)) == 'f: "#"'


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_count_the_same_whatever_ends_them(newline: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(newline.join(["a: 1", "", "b: 2", "b: 3"]).encode())
    with pytest.raises(InputError, match=r"f\.yaml:4: b: duplicate key, first given on line 3"):
        read_yaml(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).data == {"a": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f.yaml:1: the file is empty"),
        ("# a comment\n", "f.yaml:1: the file is empty"),
        ("\n- 1\n", "f.yaml:2: the file holds a list"),
        ("just text\n", "f.yaml:1: the file holds one value"),
        ("a: 1\na: 2\n", "f.yaml:2: a: duplicate key, first given on line 1"),
        ("a: {b: 1, c: 2, b: 3}\n", "f.yaml:1: a.b: duplicate key, first given on line 1"),
        ("2026: 1\n2026.0: 2\n", "f.yaml:2: 2026.0: duplicate key, first given on line 1"),
        ("a: !!python/object:os.system rm\n", "f.yaml:1: a: tag (!name): not allowed"),
        ("a: ! x\n", "f.yaml:1: a: tag (!name): not allowed"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document"),
        ("%YAML 1.1\n---\na: 1\n", "f.yaml:1: directive"),
        ("a: .nan\n", "f.yaml:1: a: not a finite number (got '.nan'"),
        ("a: [1, -Infinity]\n", "f.yaml:1: a.1: not a finite number"),
        ("a: 1e999\n", "f.yaml:1: a: number too large"),
        ("a: 12345678901234567890\n", "f.yaml:1: a: number with too many digits"),
        ("a: b: c\n", "f.yaml:1: not valid YAML: mapping values are not allowed"),
        ("a: 'x\n", "f.yaml:2: not valid YAML: while scanning a quoted scalar"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2: not valid YAML: while parsing a flow sequence"),
        ("? [a]\n: 1\n", "f.yaml:1: a key must be text or a number"),
        ("null: 1\n", "f.yaml:1: a key must be text or a number"),
        ("true: 1\n", "f.yaml:1: a key must be text or a number"),
        ("a: 1\nb: x\x00y\n", "f.yaml:2: control character: this is not a text file (got 'U+0000')"),
        ("a: \x1b[31m\n", "f.yaml:1: control character"),
    ],
)
def test_what_is_refused_says_where(text: str, expected: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_problems_are_reported_at_once() -> None:
    found = problems("a: &x [1]\nb: *x\nc: .inf\na: 2\n\td: 1\n")
    assert [line.split(": ")[0] for line in found] == [f"f.yaml:{n}" for n in (1, 2, 3, 4, 5)]
    assert "anchor" in found[0]
    assert "alias" in found[1]
    assert "finite" in found[2]
    assert "duplicate" in found[3]
    assert "tab" in found[4]


def test_a_yaml_bomb_does_not_go_off() -> None:
    lines = ["a0: &a0 [" + ", ".join(["lol"] * 9) + "]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 12)]
    found = problems("\n".join(lines))
    assert len(found) == 100 + 1
    assert all("not allowed" in line for line in found[:100])
    assert found[100] == "f.yaml: 11 more problems in this file, not shown"


def test_unusable_values_and_keys_leave_the_rest_readable() -> None:
    text = "a: .nan\nb: {c: [1, .inf, *x], c: 2, d: &y 3}\n~: 1\n.nan: {e: -.inf}\n"
    text += "f: !t [1]\na: {g: 1e999}\nh: 1\n"
    file, found = inspect_text(text, "f.yaml")
    assert file.data == {"a": None, "b": {"c": [1, None, None], "d": 3}, "f": None, "h": 1}
    assert set(file.unread) >= {("a",), ("b", "c", 1), ("b", "c", 2), ("f",)}
    assert file.position(("a",)) == 1
    assert [problem.line for problem in found] == [1, 2, 2, 2, 2, 3, 4, 4, 5, 6, 6]
    assert problems(text) == [str(problem) for problem in found]


def test_a_file_that_cannot_be_read_as_a_whole_has_no_data() -> None:
    for text in ("a: .nan\nb: [\n", "a: .nan\n---\nb: 1\n", "a: .nan\nb: 1\t\n", ".nan\n", "- .nan\n"):
        with pytest.raises(InputError, match="finite"):
            inspect_text(text)


def test_of_very_many_problems_the_first_are_listed_and_the_others_counted() -> None:
    assert len(problems("a: [" + ".nan, " * 100 + "]")) == 100
    found = problems("a: [" + ".nan, " * 101 + "]")
    assert len(found) == 101
    assert found[100] == "f.yaml: 1 more problem in this file, not shown"


@pytest.mark.parametrize("opening", ["[", "{a: ", "[1, ", "- ", "? "])
def test_deep_nesting_is_refused_before_it_costs_anything(opening: str) -> None:
    found = problems("a: " + opening * 30_000)
    assert len(found) == 1


def test_nesting_up_to_the_bound_is_read() -> None:
    depth = MAX_DEPTH - 1
    assert "a" in parse_yaml("a: " + "[" * depth + "]" * depth).data
    assert f"at most {MAX_DEPTH} levels" in problems("a: " + "[" * (depth + 2) + "]" * (depth + 2))[0]


def test_too_many_values_are_refused() -> None:
    assert "too many values" in problems("a: [" + "1," * 200_000 + "]")[0]


def test_long_lines_and_long_files(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("a: " + "x" * (MAX_BYTES - 10))
    assert len(read_yaml(path).data["a"]) == MAX_BYTES - 10
    path.write_text("a: " + "x" * MAX_BYTES)
    with pytest.raises(InputError, match="too long"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not UTF-8 text"),
        (bytes(64), "control character"),
        ("a: 1\n".encode("utf-16"), "UTF-16"),
        ("a: Nghị quyết\n".encode("utf-16-le"), "not UTF-8|control character"),
        ("a: được\nb: đã\n".encode("cp1258", "replace"), "not UTF-8 text"),
    ],
)
def test_what_is_not_text_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_yaml(path)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_yaml(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="it is a folder"):
        read_yaml(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / ("n" * 5000))
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml("nul\0byte.yaml")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        read_yaml(tmp_path / "pipe")


def test_files_below_the_current_folder_are_shown_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "f.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path / "inside")
    assert read_yaml(tmp_path / "inside" / "f.yaml").file == "f.yaml"
    monkeypatch.chdir(tmp_path)
    assert read_yaml("inside/f.yaml").file == os.path.join("inside", "f.yaml")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert read_yaml(tmp_path / "inside" / "f.yaml").file == str(tmp_path / "inside" / "f.yaml")


@given(st.binary(max_size=200))
def test_any_bytes_are_data_or_an_input_error(content: bytes) -> None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return
    try:
        assert isinstance(parse_yaml(text).data, dict)
    except InputError as error:
        assert error.problems


@given(st.text(alphabet="ab12.:-[]{},&*!#'\"|> \n\t%@?", max_size=60))
def test_any_text_is_data_or_an_input_error(text: str) -> None:
    try:
        assert isinstance(parse_yaml(text).data, dict)
    except InputError as error:
        assert error.problems
