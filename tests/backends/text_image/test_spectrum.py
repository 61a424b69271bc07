"""Spectra: planted waves, and what the decoder receives while a line is edited."""

import numpy as np
import pytest
import torch

from backends.errors import InputError
from backends.progress import finish
from backends.text_image.regions import box_region
from backends.text_image.requests import EditRequest, Fourier, Options, Segment
from backends.text_image.spectrum import PARTS, radial_log_amplitude, spectrum

BINS = 24


@pytest.mark.unit
@pytest.mark.parametrize("size", [(48, 48), (48, 96), (96, 48)])
@pytest.mark.parametrize("ring", [3, 11, 20])
def test_planted_waves_stand_in_the_bin_of_their_frequency(ring: int, size: tuple[int, int]) -> None:
    """Waves of all directions, from `ring` / 24 of the highest frequency to one 24th more, ten times the rest."""
    down, across = torch.fft.fftfreq(size[0])[:, None], torch.fft.fftfreq(size[1])[None, :]
    at = ((down**2 + across**2).sqrt() * 2 * BINS).int()
    image = torch.fft.ifft2(torch.where(at == ring, 10.0, 1.0)).real
    expected = np.where(np.arange(BINS) == ring, np.log(10), 0)
    assert np.allclose(radial_log_amplitude(image.expand(1, 2, *size)), expected, atol=0.05)


@pytest.mark.unit
def test_a_single_point_holds_all_frequencies_alike() -> None:
    point = torch.zeros(1, 3, 16, 64)
    point[..., 5, 9] = 2
    assert np.allclose(radial_log_amplitude(point), 0, atol=1e-5)


@pytest.mark.unit
def test_curves_are_relative_to_the_innermost_bin() -> None:
    noise = torch.randn(2, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    curve = radial_log_amplitude(noise)
    assert curve[0] == 0
    assert np.allclose(radial_log_amplitude(100 * noise), curve, atol=1e-4)


@pytest.mark.unit
def test_levels_smaller_than_the_bins_have_no_holes() -> None:
    assert np.isfinite(radial_log_amplitude(torch.randn(1, 8, 4, 6))).all()


@pytest.fixture
def request_() -> EditRequest:
    image = np.random.default_rng(0).integers(60, 200, (120, 200, 3), dtype=np.uint8)
    regions = box_region(20, 10, 100, 44, "Open"), box_region(20, 64, 100, 44, "Shut")
    timeline = Segment(1, 0.5, "global"), Segment(0.5, 0.3, "detail"), Segment(0.3, 0, "off")
    return EditRequest(image, regions, Options(steps=4, timeline=timeline))


@pytest.mark.method
@pytest.mark.usefixtures("editing")
@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_every_step_and_level_has_its_curves(request_: EditRequest, guidance: float) -> None:
    options = Options(steps=4, timeline=request_.options.timeline, guidance=guidance)
    found = finish(spectrum(EditRequest(request_.image, request_.regions, options), line=1))
    assert found.steps == pytest.approx((0.8, 0.6, 0.4, 0.2))
    assert found.levels == ("4 × 8", "8 × 16", "16 × 32", "32 × 64")
    assert np.allclose(found.frequencies, (np.arange(BINS) + 0.5) / BINS)
    assert set(found.curves) == set(PARTS)
    for curves in found.curves.values():
        assert curves.shape == (4, 4, BINS)
        assert np.isfinite(curves).all()
    assert found.curves["control"][:3].any(axis=2).all()
    assert not found.curves["control"][3].any()
    assert np.allclose(found.curves["fused"][3], found.curves["skip"][3])
    assert {name: (m.shape, m.dtype.name, m.max()) for name, m in found.maps.items()} == {
        f"{h} × {2 * h}": ((h, 2 * h), "uint8", 255) for h in (4, 8, 16, 32)
    }


@pytest.mark.method
@pytest.mark.usefixtures("editing")
def test_enhancement_lowers_the_control_at_low_frequencies_alone(request_: EditRequest) -> None:
    """Relative to the constant, which s scales too, all above the radius rises by -ln s."""
    curves = []
    for fourier in (None, Fourier(alpha=1.4, beta=1, s=0.2, radius=1)):
        options = Options(steps=1, fourier=fourier)
        curves.append(finish(spectrum(EditRequest(request_.image, request_.regions, options))).curves["control"][0])
    plain, filtered = curves
    # On the second level, 8 x 16, radius 1 lies below the third bin.
    assert np.allclose((filtered - plain)[1, 8:], -np.log(0.2), atol=0.35)
    assert np.allclose((filtered - plain)[2:], 0, atol=1e-4)


@pytest.mark.method
@pytest.mark.usefixtures("editing")
@pytest.mark.parametrize("line", [-1, 2])
def test_a_line_that_is_not_there_is_refused(request_: EditRequest, line: int) -> None:
    with pytest.raises(InputError, match="there are 2"):
        next(spectrum(request_, line))
