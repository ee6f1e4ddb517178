# SPDX-License-Identifier: Apache-2.0
"""The tuned robot file is the old one but for what was found."""

import pytest

from furuta_description.robot import RobotError, load_robot
from furuta_sysid.tuned_file import diff, tuned_stem, tuned_text

VALUES = {
    'physics.motor.dead_zone': 0.31,
    'physics.pendulum.friction.viscous': 1.25e-6,
    'physics.arm.center_of_mass': [0.07, 0.0, 0.004],
    'physics.motor.resistance': 2.18,  # as it was
}


@pytest.fixture
def text():
    return load_robot('furuta').file.read_text()


def test_only_what_was_found_differs(text, tmp_path):
    file = tmp_path / 'tuned.yaml'
    file.write_text(tuned_text(text, VALUES, 'identified today: "two" recordings'))
    robot, before = load_robot(file), load_robot('furuta')
    changed = {
        path: (value, source)
        for (path, value, _, source), (_, old, _, said) in zip(
            robot.quantities(), before.quantities(), strict=True
        )
        if (value, source) != (old, said)
    }
    assert set(changed) == set(VALUES) - {'physics.motor.resistance'}
    for path, (value, source) in changed.items():
        assert value == VALUES[path]
        assert source == 'identified today: "two" recordings'
    lines = diff(text, file.read_text(), ('a', 'b'))
    assert sum(line.startswith('+ ') for line in lines) == len(changed)
    assert text.splitlines()[:8] == file.read_text().splitlines()[:8]  # the comments


def test_block_style_and_comments_of_a_user_stay():
    text = 'physics:\n  gravity:  # here\n    value: 9.81  # measured\n    source: x\n'
    tuned = tuned_text(text, {'physics.gravity': 9.8}, 'me')
    assert tuned == text.replace('9.81', '9.8').replace('source: x', 'source: "me"')


def test_unknown_quantity_is_named(text):
    with pytest.raises(RobotError, match=r'physics\.motor\.colour'):
        tuned_text(text, {'physics.motor.colour': 1.0}, 'me')


def test_robot_that_is_tuned_again_keeps_its_name():
    assert tuned_stem('a/furuta.yaml') == tuned_stem('b/furuta_tuned.yaml') == 'furuta_tuned'
