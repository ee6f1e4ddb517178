# SPDX-License-Identifier: Apache-2.0
"""The fused trainer needs torch neither to train nor to export; skrl's says what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_TORCH = """
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'skrl', 'gymnasium'):
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, NotInstalled())
from furuta_rl.train import main
sys.exit(main(sys.argv[1:]))
"""
SMALL = ['--robots', '16', '--ppo.iterations', '1', '--ppo.minibatches', '2']
BRIEF = ['--ppo.steps', '2', '--evaluation-episodes', '4', '--validate-every', '0']


def train(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-c', WITHOUT_TORCH, '--runs', str(folder), *arguments]
    environment = os.environ | {'PYTHONPATH': ':'.join(sys.path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_fused_trains_exports_and_evaluates_without_torch(tmp_path):
    done = train(tmp_path, *SMALL, *BRIEF)
    assert done.returncode == 0, done.stderr
    (policy,) = tmp_path.glob('swing_up/*/policy.onnx')
    assert policy.stat().st_size > 1000


def test_skrl_without_torch_says_how_to_get_it(tmp_path):
    done = train(tmp_path, '--trainer', 'skrl')
    assert done.returncode == 2
    assert 'skrl trainer needs torch' in done.stderr and './furuta train' in done.stderr
    assert not list(tmp_path.iterdir())
