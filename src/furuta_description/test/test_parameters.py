# SPDX-License-Identifier: Apache-2.0
"""Parameters reach a node as the values they were."""

import pytest
import yaml

from furuta_description.parameters import parameter_arguments


@pytest.mark.parametrize(
    'value', ['7', 'true', "it's", '', '/dev/ttyUSB0', '{"a": 1}', 7, 0.5, True, False]
)
def test_value_is_read_as_the_same_type(value):
    words = parameter_arguments({'limits.it': value})
    assert words[:2] == ['--ros-args', '-p'] and len(words) == 3
    name, _, text = words[2].partition(':=')
    read = yaml.safe_load(text)  # as rcl reads it
    assert name == 'limits.it' and read == value and type(read) is type(value)
