from __future__ import annotations

import json

import nbformat
import pytest
from notebooks import code_cell, text_cell

from grader.assignment import Course, load
from grader.authoring.generated import generate
from grader.authoring.notebook import clean_notebook, release_notebook
from grader.authoring.scaffold import create
from grader.errors import AssignmentError

OUTPUT = {"output_type": "stream", "name": "stdout", "text": "seen"}


def tagged(cell, tag):
    return {**cell, "metadata": {"tags": [tag]}}


def question(points="3 points", answer="The model answer.", rubric="One point a reason."):
    cells = text_cell(f"**Question 1 ({points}).** Why?"), text_cell(answer), text_cell(rubric)
    return [tagged(cell, tag) for cell, tag in zip(cells, ("question", "solution", "rubric"), strict=True)]


def text_of(*cells, minor=5, **extra):
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)]
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": numbered, **extra})


def released(*cells):
    return json.loads(release_notebook(text_of(*cells), "hw9.ipynb"))["cells"]


def sources(*cells):
    return ["".join(cell["source"]) for cell in released(*cells)]


def refusal(*cells, **extra):
    with pytest.raises(AssignmentError) as caught:
        clean_notebook(text_of(*cells, **extra), "hw9.ipynb")
    return str(caught.value)


def test_a_cell_without_a_tag_is_given_as_it_stands():
    assert sources(text_cell("# Title\n\ntext"), code_cell("x = 1\ny = 2")) == ["# Title\n\ntext", "x = 1\ny = 2"]


def test_of_a_question_students_get_the_question_and_a_place_for_the_answer():
    assert sources(*question()) == ["**Question 1 (3 points).** Why?", "*Your answer here.*"]


def test_of_a_solution_in_code_the_comments_at_the_top_stay():
    cell = tagged(code_cell("# Draw ten layers.\n# With he_normal.\nw = secret()\n# how\nw"), "solution")
    assert sources(cell) == ["# Draw ten layers.\n# With he_normal.\n# Your code here."]


def test_outputs_counts_and_metadata_are_left_out():
    cell = code_cell("1", outputs=[OUTPUT], execution_count=7, metadata={"collapsed": True, "scrolled": False})
    text = text_of(cell, metadata={"widgets": {}, "language_info": {"name": "python", "version": "3.11.2"}})
    for notebook in (release_notebook(text, "x"), clean_notebook(text, "x")):
        assert json.loads(notebook)["cells"] == [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": "cell-0",
                "metadata": {},
                "outputs": [],
                "source": ["1"],
            }
        ]
        assert json.loads(notebook)["metadata"] == {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }


def test_tags_stay_in_the_solutions_and_not_in_the_students_copy():
    text = text_of(*question())
    tags = [cell["metadata"].get("tags") for cell in json.loads(clean_notebook(text, "x"))["cells"]]
    assert tags == [["question"], ["solution"], ["rubric"]]
    assert [cell["metadata"] for cell in released(*question())] == [{}, {}]


def test_a_clean_notebook_is_clean_and_gives_the_same_students_copy():
    text = text_of(*question(), code_cell("1", outputs=[OUTPUT]))
    once = clean_notebook(text, "x")
    assert clean_notebook(once, "x") == once
    assert release_notebook(once, "x") == release_notebook(text, "x")


def test_what_is_written_is_a_valid_notebook():
    notebook = nbformat.reads(release_notebook(text_of(*question(), code_cell("1")), "x"), as_version=4)
    nbformat.validate(notebook)


@pytest.mark.parametrize("ids", [("a", "a"), ("", "b c"), (None, 7)])
def test_cells_without_usable_ids_get_the_same_ones_every_time(ids):
    cells = [{**code_cell("x = 1"), "id": id_} for id_ in ids]
    first, second = (release_notebook(text_of(*cells), "x") for _ in range(2))
    assert first == second
    assert len({cell["id"] for cell in json.loads(first)["cells"]}) == 2


def test_an_older_notebook_without_ids_gets_ids():
    text = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [code_cell("1"), code_cell("1")]})
    assert release_notebook(text, "x") == release_notebook(text, "x")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            tagged(text_cell("The answer."), "solutoin"),
            "hw9.ipynb, cell 1 has the unknown tag 'solutoin'; did you mean 'sol",
        ),
        ({**code_cell("1"), "metadata": {"tags": ["solution", "rubric"]}}, "cell 1 has 2 tags, wanted one at most"),
        ({"cell_type": "raw", "metadata": {}, "source": ""}, "cell 1 is of the type 'raw', wanted code or markdown"),
        ({**text_cell("![](attachment:a.png)"), "attachments": {"a.png": {}}}, "cell 1 has a picture pasted in"),
    ],
)
def test_a_cell_that_cannot_be_released_is_named(cell, words):
    assert words in refusal(cell)


@pytest.mark.parametrize("points", ["", "1 points", "some points", "2 points) (3 points"])
def test_a_question_says_once_what_it_is_worth(points):
    assert "cell 1: a question says once what it is worth" in refusal(*question(points))


@pytest.mark.parametrize("missing", [1, 2])
def test_a_question_comes_with_an_answer_and_a_rubric(missing):
    cells = question()
    del cells[missing]
    assert "cell 1: after a question come its answer, tagged 'solution', and its 'rubric'." in refusal(*cells)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"nbformat": 4, "cells": 3}', "<html>"])
def test_what_is_no_notebook_is_refused(text):
    with pytest.raises(AssignmentError, match=r"hw9\.ipynb is no notebook"):
        clean_notebook(text, "hw9.ipynb")


def test_another_format_is_refused():
    assert "is in notebook format 3, wanted 4" in refusal(nbformat=3)


# --- a whole assignment -----------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    create(Course(tmp_path), "hw9")
    return Course(tmp_path)


def generated(course):
    return generate(course, load(course, "hw9"))


def test_an_assignment_without_notebook_and_experiments_is_fine(course):
    assert generated(course).drift() == []
    assert list(generated(course).files) == ["layers.py"]


def test_experiments_are_given_byte_for_byte_and_the_notebook_is_generated(course):
    solutions = course.solutions("hw9")
    (solutions / "experiments.py").write_text('"""Given."""\n\n_PRIVATE = 1\n', encoding="utf-8")
    (solutions / "hw9.ipynb").write_text(text_of(*question(), code_cell("1", outputs=[OUTPUT])), encoding="utf-8")
    before = generated(course).drift()
    assert [text.split("\n")[0].rpartition("/")[2] for text in before] == [
        "experiments.py is missing",
        "hw9.ipynb is missing",
        "hw9.ipynb differs from what is generated:",
    ]
    generated(course).write()
    assert generated(course).drift() == []
    assert (course.folder("hw9") / "experiments.py").read_bytes() == (solutions / "experiments.py").read_bytes()
    students = (course.folder("hw9") / "hw9.ipynb").read_text(encoding="utf-8")
    assert "Why?" in students
    assert "model answer" not in students
    assert "a reason" not in students
    assert "seen" not in (solutions / "hw9.ipynb").read_text(encoding="utf-8")


def test_drift_is_seen_in_the_students_copy_and_in_the_solutions(course):
    solutions = course.solutions("hw9") / "hw9.ipynb"
    solutions.write_text(text_of(code_cell("1")), encoding="utf-8")
    generated(course).write()
    for path in (solutions, course.folder("hw9") / "hw9.ipynb"):
        kept = path.read_text(encoding="utf-8")
        path.write_text(kept.replace('"outputs": []', '"outputs": [{}]'), encoding="utf-8")
        assert [text.split("\n")[0] for text in generated(course).drift()] == [
            f"{path} differs from what is generated:"
        ]
        path.write_text(kept, encoding="utf-8")
