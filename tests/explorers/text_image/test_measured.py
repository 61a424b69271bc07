"""What the page says of the editor's quality is what was measured."""

from backends.text_image.measured import Finding, Measured, Score, ScriptScores
from explorers.text_image.measured import measured_html, name_of


def _scores(script: str, ned: float) -> ScriptScores:
    one = Score(0.25, ned)
    return ScriptScores(script, one, 0.2, 7, one, Score(1, 1), Score(0.5, 0.75), one, Score(0, 0.03))


def test_every_script_and_setting_is_named_with_its_score() -> None:
    found = Measured(
        (_scores("hans", 0.91), _scores("thai", 0.62)),
        (Finding("ours", 0.9, 0.01, 0.0), Finding("<last> 20 %", 0.62, 0.5, -0.28)),
        80,
    )
    html = measured_html(found)
    assert "Chinese, simplified" in html
    assert "0.25 / 0.62" in html
    assert "0.50 / 0.75" in html
    assert "&lt;last&gt; 20 %" in html
    assert "<last>" not in html
    assert "n 80" in html


def test_scripts_have_names_for_people() -> None:
    assert (name_of("latin"), name_of("thai")) == ("English", "Thai")
