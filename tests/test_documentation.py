"""The committed documentation of the model is the one the declarations give."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.assemble import model_of
from sim.country import load_country
from sim.documentation import equation_text, model_document

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def country():
    return load_country("vietnam")


@pytest.fixture(scope="module")
def model(country):
    return model_of(country)


def test_the_document_is_current(model, country):
    committed = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    current = model_document(model, country)
    assert committed == current, "renew it: python -m sim.documentation > docs/model.md"


def test_every_quantity_has_a_label_in_both_languages_a_unit_and_a_source(model):
    wanting = [
        n
        for n, e in model.elements.items()
        if not (e.label and e.label_vi and e.source and e.unit) and "__" not in n
    ]
    assert wanting == []


def test_every_quantity_has_an_equation_in_words_or_symbols(model):
    assert [n for n in model.elements if not equation_text(model, n)] == []


def test_every_parameter_says_where_it_comes_from(country):
    assert [n for n, p in country.parameters.items() if not p.source or not p.label or not p.label_vi] == []
