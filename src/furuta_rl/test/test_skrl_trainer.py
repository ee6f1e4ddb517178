# SPDX-License-Identifier: Apache-2.0
"""The skrl trainer: the same environment in torch, skrl's agents on it, the same results."""

import dataclasses
import math
import pkgutil
from pathlib import Path

import jax
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='no torch: ./furuta test --with-skrl installs it')
pytest.importorskip('skrl', reason='no skrl: ./furuta test --with-skrl installs it')

import skrl.agents.torch  # noqa: E402
from rich.console import Console  # noqa: E402
from skrl.agents.torch.ppo import PPO_CFG  # noqa: E402
from skrl.agents.torch.td3 import TD3_CFG  # noqa: E402

from furuta_description.randomization import PRESETS  # noqa: E402
from furuta_description.robot import load_robot  # noqa: E402
from furuta_rl.env import Env, EnvConfig  # noqa: E402
from furuta_rl.export import ExportError  # noqa: E402
from furuta_rl.skrl_trainer import checkpoint, settings  # noqa: E402
from furuta_rl.skrl_trainer.agents import KINDS, UNSUITABLE, make_agent  # noqa: E402
from furuta_rl.skrl_trainer.environment import Outcome, TorchEnv  # noqa: E402
from furuta_rl.skrl_trainer.episodes import EpisodeTally  # noqa: E402
from furuta_rl.skrl_trainer.networks import to_fused  # noqa: E402
from furuta_rl.skrl_trainer.options import SCALES  # noqa: E402
from furuta_rl.skrl_trainer.training import SkrlTraining, checkpoints  # noqa: E402
from furuta_rl.task import Task  # noqa: E402
from furuta_rl.training.options import parse  # noqa: E402
from furuta_rl.training.run_folder import RunFolder  # noqa: E402

ROBOTS = 8
ROBOT = load_robot('furuta')


def make_env(backend='analytic'):
    config = EnvConfig(backend=backend, episode=0.1)
    return Env(ROBOT, Task(), PRESETS['default'], config, ROBOTS)


@pytest.fixture(scope='module')
def environment():
    return TorchEnv(make_env(), jax.random.key(0))


def options_for(algorithm, *arguments):
    small = ['--skrl.iterations', '4', '--skrl.hidden', '8', '--robots', str(ROBOTS)]
    every = ['--checkpoint-every', '2', '--validate-every', '0', '--episode', '0.5']
    numpy = ['--backend', 'mujoco']  # nothing to compile
    chosen = ['--trainer', 'skrl', '--algorithm', algorithm]
    return parse([*chosen, *small, *every, *numpy, *arguments])


def train(options, folder: Path):
    folder.mkdir(exist_ok=True)
    run = RunFolder(folder)
    return run, SkrlTraining(options, ROBOT).run(run, Console(quiet=True))


# --- environment -------------------------------------------------------------------------------


@pytest.mark.parametrize('backend', ['analytic', 'mujoco'])
def test_environment_in_torch_is_the_environment(backend):
    env = make_env(backend)
    key = jax.random.key(3)
    here, state = TorchEnv(env, key), env.reset(key)
    step = env.step if backend == 'mujoco' else jax.jit(env.step)
    ends = 0
    for i in range(12):
        action = np.sin(i + np.arange(ROBOTS, dtype=np.float32))[:, None]
        outcome = here.step(torch.from_numpy(action))
        state, result = step(state, env.xp.asarray(action))
        ends += int(outcome.truncated.sum())
        pairs = (
            (here.observation, state.observation),
            (here.privileged, state.privileged),
            (outcome.observation, result.final_observation),
            (outcome.privileged, result.final_privileged),
            (outcome.reward[:, 0], result.reward),
            (outcome.truncated[:, 0], result.truncated),
        )
        for tensor, array in pairs:
            np.testing.assert_array_equal(tensor, np.asarray(array, tensor.numpy().dtype))
    assert ends > 0
    if backend != 'mujoco':
        assert here._step._cache_size() == 1  # compiled once, whoever gave state and action


def test_what_an_agent_adds_to_the_rewards_stays_with_it(environment, monkeypatch):
    kept = []
    monkeypatch.setattr(environment, '_step', lambda *a: kept.append(step(*a)) or kept[-1])
    step = jax.jit(environment.env.step)
    outcome = environment.step(torch.zeros(ROBOTS, 1))
    outcome.reward.add_(1000)
    assert np.max(kept[0][1].reward) < 2


def test_episodes_are_tallied_to_their_ends():
    tally = EpisodeTally(2)
    for reward, terminated, truncated in (
        ((1, 1), (0, 0), (0, 0)),
        ((2, 3), (1, 0), (0, 0)),  # the first is lost after two steps, with 3
        ((4, 5), (0, 0), (0, 1)),  # the second is over after three, with 9
    ):
        column = [torch.tensor(row)[:, None] for row in (reward, terminated, truncated)]
        outcome = (column[0].float(), column[1].bool(), column[2].bool(), None, None)
        tally.add(Outcome(*outcome))
    figures = tally.take()
    assert figures['reward'] == pytest.approx(16 / 6)
    assert (figures['episodes'], figures['episode_return']) == (2, 6)
    assert (figures['episode_length'], figures['terminated']) == (2.5, 0.5)
    np.testing.assert_array_equal(tally.under_way, [[4, 0], [1, 0]])


@pytest.mark.parametrize('backend', ['analytic', 'mujoco'])
def test_environment_goes_on_where_it_was_saved(backend):
    action = torch.full((ROBOTS, 1), 0.5)
    one, other = (TorchEnv(make_env(backend), jax.random.key(seed)) for seed in (0, 1))
    one.step(action)
    other.restore(one.save())
    for _ in range(8):  # beyond the end of an episode, where robots are drawn anew
        torch.testing.assert_close(one.step(action), other.step(action), rtol=0, atol=0)


# --- agents ------------------------------------------------------------------------------------


def test_every_agent_of_skrl_is_offered_or_refused_with_a_reason():
    names = {m.name.upper() for m in pkgutil.iter_modules(skrl.agents.torch.__path__)} - {'BASE'}
    assert names == set(KINDS) | set(UNSUITABLE)
    assert set(SCALES) == set(KINDS)


@pytest.mark.parametrize('algorithm', KINDS)
def test_agent_learns_and_its_policy_is_that_of_its_network(algorithm, tmp_path):
    options = options_for(algorithm)
    training = SkrlTraining(options, ROBOT)
    first = training.policy()
    trained = training.run(RunFolder(tmp_path), Console(quiet=True)).policies[0]
    assert not np.allclose(first.mean[0].weight, trained.mean[0].weight, atol=1e-6)
    assert not np.allclose(first.statistics.mean, trained.statistics.mean, atol=1e-6)
    for leaf in jax.tree.leaves(trained):
        assert np.isfinite(leaf).all()
    lines = (tmp_path / 'metrics.csv').read_text().splitlines()
    assert len(lines) == 5 and 'episode_return' in lines[0]


def test_policy_that_computes_something_else_is_no_result(environment):
    agent = make_agent('PPO', environment, (8,), ())
    agent._observation_preprocessor.clip_threshold = 1.0  # not the bound that an export has
    with pytest.raises(ExportError, match='actions differ'):
        to_fused(agent.policy, agent._observation_preprocessor)


def test_density_of_a_squashed_action_is_that_of_its_normal_over_the_slope(environment):
    policy = make_agent('SAC', environment, (8,), ()).policy
    observations = torch.randn(1, environment.env.observation_size).expand(50_000, -1)
    with torch.no_grad():
        actions, outputs = policy.act({'observations': observations})
        mean = policy.layers(observations[:1])
        std = policy.log_std(observations[:1]).exp()
    u = torch.atanh(actions.double())
    normal = torch.exp(-0.5 * ((u - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))
    expected = torch.log(normal / (1 - actions.double() ** 2))
    inside = actions.abs() < 0.999  # where float32 can be inverted
    torch.testing.assert_close(
        outputs['log_prob'][inside].double(), expected[inside], rtol=1e-3, atol=1e-3
    )
    assert abs(float(u.mean() - mean)) < 0.02 and abs(float(u.std() - std)) < 0.02


def test_critics_see_what_the_policy_does_not(environment):
    agent = make_agent('PPO', environment, (8,), ())
    states = torch.randn(2, environment.env.privileged_size)
    states[1] = states[0]
    states[1, -1] += 1  # the deviation of a parameter
    values, _ = agent.value.act({'states': states})
    assert values[0] != values[1]


# --- configuration -----------------------------------------------------------------------------


def test_configuration_of_skrl_is_reached_by_name(environment):
    agent = make_agent('PPO', environment, (8,), ('learning_epochs=7', 'learning_rate=1e-4'))
    assert agent.cfg.learning_epochs == 7
    assert agent.optimizer.param_groups[0]['lr'] == 1e-4


def test_entries_are_numbers_tuples_dictionaries_and_names():
    chosen = (
        'learning_rate_scheduler=KLAdaptiveLR',
        "learning_rate_scheduler_kwargs={'kl_threshold': 0.01}",
        'time_limit_bootstrap=False',
    )
    values = settings.parse(PPO_CFG, chosen)
    assert values['learning_rate_scheduler'].__name__ == 'KLAdaptiveLR'
    assert values['learning_rate_scheduler_kwargs'] == {'kl_threshold': 0.01}
    assert values['time_limit_bootstrap'] is False
    assert settings.parse(TD3_CFG, ['learning_rate=(1e-3, 2e-3)'])['learning_rate'] == (1e-3, 2e-3)


@pytest.mark.parametrize(
    ('entry', 'reason'),
    [
        ('learning_epoch=8', 'one of rollouts, learning_epochs'),
        ('learning_epochs', 'NAME=VALUE'),
        ('learning_epochs=8.5', 'learning_epochs=8.5: .*integer'),
        ('learning_rate=fast', 'learning_rate=.fast.: .*number'),
        ('observation_preprocessor=None', 'sets nothing'),
    ],
)
def test_wrong_entry_is_refused_with_what_is_valid(entry, reason):
    with pytest.raises(ValueError, match=reason):
        settings.parse(PPO_CFG, [entry])


def test_several_seeds_are_refused():
    with pytest.raises(ValueError, match='--seeds is 2'):
        SkrlTraining(options_for('PPO', '--seeds', '2'), ROBOT)


# --- training ----------------------------------------------------------------------------------


@pytest.mark.parametrize('algorithm', ['PPO', 'SAC', 'TD3'])
def test_training_goes_on_from_a_checkpoint_with_the_same_bits(algorithm, tmp_path):
    options = options_for(algorithm)
    whole, expected = train(options, tmp_path / 'whole')
    newest, previous = checkpoints(whole)
    newest.write_bytes(newest.read_bytes()[:-100])  # as if it had been lost
    figures = [line.split(',') for line in whole.metrics.read_text().splitlines()]
    column = figures[0].index('seconds')
    resumed, actual = train(dataclasses.replace(options, resume=whole.folder), whole.folder)
    for one, other in zip(
        *map(jax.tree.leaves, (expected.policies, actual.policies)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    after = [line.split(',') for line in resumed.metrics.read_text().splitlines()]
    for row in (*figures, *after):
        del row[column]
    assert after == figures
    assert previous.exists()


def test_damaged_checkpoint_is_refused(tmp_path):
    file = tmp_path / 'checkpoint.pt'
    checkpoint.save(file, {'iteration': 3})
    assert checkpoint.load(file) == {'iteration': 3}
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(checkpoint.CheckpointError, match='not a whole checkpoint'):
        checkpoint.load(file)


@pytest.mark.slow
def test_ppo_of_skrl_swings_up(tmp_path):
    arguments = ['--skrl.iterations', '40', '--validate-every', '0']
    options = parse(['--trainer', 'skrl', *arguments])
    _, trained = train(options, tmp_path)
    training = SkrlTraining(options, ROBOT)
    assert training._validation.success(trained.policies[0]) > 0.9
