# SPDX-License-Identifier: Apache-2.0
"""SAC on a robot: from nothing or from a policy, resumed to the same bits, or refused."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='no torch: ./furuta test --with-skrl installs it')
pytest.importorskip('skrl', reason='no skrl: ./furuta test --with-skrl installs it')

from rich.console import Console  # noqa: E402

from furuta_description.robot import load_robot  # noqa: E402
from furuta_rl.on_robot.client import RobotError  # noqa: E402
from furuta_rl.on_robot.explorer import Explorer  # noqa: E402
from furuta_rl.on_robot.recording import Recording, recording_from, unpack  # noqa: E402
from furuta_rl.policy import PolicyError  # noqa: E402
from furuta_rl.policy_controller import PolicyController  # noqa: E402
from furuta_rl.ppo.networks import act  # noqa: E402
from furuta_rl.shipped import shipped_policies  # noqa: E402
from furuta_rl.skrl_trainer import robot_training  # noqa: E402
from furuta_rl.skrl_trainer.robot_training import RobotTraining  # noqa: E402
from furuta_rl.skrl_trainer.start import network_of  # noqa: E402
from furuta_rl.skrl_trainer.transitions import LOST, Transitions, remember, transitions_of  # noqa: E402
from furuta_rl.task import Task  # noqa: E402
from furuta_rl.training.options import load_config, parse, to_json  # noqa: E402
from furuta_rl.training.run_folder import RunFolder  # noqa: E402
from furuta_rl.training.trained import TrainingError  # noqa: E402

ROBOT = load_robot('furuta')
SHIPPED = shipped_policies()['furuta']
ON_ROBOT = ('--backend', 'robot', '--trainer', 'skrl', '--algorithm', 'SAC')
SMALL = ('--skrl.iterations', '4', '--skrl.hidden', '8', '--episode', '1', '--validate-every', '3')


@pytest.fixture(autouse=True)
def _learn_at_once(monkeypatch):
    monkeypatch.setattr(robot_training, 'FEWEST', 20)
    monkeypatch.setattr(robot_training, 'LEAST', 10)


def train(options, folder, client):
    folder.mkdir(exist_ok=True)
    run, training = RunFolder(folder), RobotTraining(options, ROBOT, client)
    training.run(run, Console(quiet=True))
    return run, training


@pytest.mark.slow
def test_training_goes_on_from_a_checkpoint_with_the_same_bits(lockstep, tmp_path):
    options = parse([*ON_ROBOT, *SMALL])
    run, whole = train(options, tmp_path / 'whole', lockstep)
    (run.folder / 'checkpoint.pt').write_bytes(b'cut')  # as if it had been killed while writing
    before = run.metrics.read_text().splitlines()
    _, resumed = train(dataclasses.replace(options, resume=run.folder), run.folder, lockstep)
    assert (resumed.control_steps, resumed._iteration) == (whole.control_steps, 4)
    for one, other in zip(
        whole._agent.models.values(), resumed._agent.models.values(), strict=True
    ):
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)
    column = before[0].split(',').index('seconds')
    after = run.metrics.read_text().splitlines()
    rows = [[line.split(',') for line in lines] for lines in (before, after)]
    for row in (*rows[0], *rows[1]):
        del row[column]
    assert rows[0] == rows[1]


def test_every_episode_is_kept_with_what_was_measured_commanded_and_rewarded(lockstep, tmp_path):
    run, training = train(parse([*ON_ROBOT, *SMALL]), tmp_path, lockstep)
    files = sorted((run.folder / 'episodes').iterdir())
    assert [file.stem for file in files] == ['00001', '00002', '00003', '00004']
    steps = 0
    for file in files:
        _, content = unpack(file.read_bytes())
        recording = recording_from(content)
        expected = transitions_of(recording, training._options.task).rewards
        np.testing.assert_array_equal(content['reward'], expected)
        steps += recording.steps
    assert steps == training.control_steps == training._agent.memory.memory_index
    figures = run.metrics.read_text().splitlines()
    success = [line.split(',')[figures[0].split(',').index('success')] for line in figures[1:]]
    assert [value == 'nan' for value in success] == [True, True, False, False]


def test_policy_under_training_acts_on_the_robot_as_in_torch(lockstep, tmp_path):
    _, training = train(parse([*ON_ROBOT, *SMALL]), tmp_path, lockstep)
    agent = training._agent
    observations = np.random.default_rng(0).normal(0, 3, (50, agent.observation_space.shape[0]))
    x = torch.tensor(observations, dtype=torch.float32)
    with torch.no_grad():
        seen = agent._observation_preprocessor(x)
        mean = agent.policy.layers(seen)
        deviation = agent.policy.log_std(seen).clamp(-5, 2).exp()
    quiet = Explorer(network_of(agent, with_noise=False), 0)
    acted = np.array([quiet.act(observation) for observation in observations])
    np.testing.assert_allclose(acted, torch.tanh(mean).numpy(), atol=1e-5)
    loud = Explorer(network_of(agent, with_noise=True), 0)
    drawn = np.arctanh([loud.act(observations[0])[0] for _ in range(4000)])
    assert drawn.mean() == pytest.approx(float(mean[0]), abs=0.05)
    assert drawn.std() == pytest.approx(float(deviation[0]), rel=0.05)


@pytest.mark.slow
def test_start_takes_the_policy_over_and_leaves_it_until_the_critics_have_learned(
    lockstep, tmp_path
):
    options = parse(
        [*ON_ROBOT, '--start', str(SHIPPED), '--episode', '0.4', '--skrl.warm-up', '2']
    )
    options = dataclasses.replace(options, validate_every=0)
    policy = PolicyController(SHIPPED, ROBOT)
    assert options.task.layout == policy.policy.card.layout
    training = RobotTraining(options, ROBOT, lockstep)
    explorer = Explorer(network_of(training._agent, with_noise=False), 0)
    observations = np.random.default_rng(0).normal(0, 1, (50, options.task.observation_size))
    expected = policy.policy.act_batch(observations)
    acted = np.array([explorer.act(observation) for observation in observations])
    np.testing.assert_allclose(acted, expected, atol=1e-4)

    def weights(iterations):
        skrl = dataclasses.replace(options.skrl, iterations=iterations)
        chosen = dataclasses.replace(options, skrl=skrl)
        agent = train(chosen, tmp_path / str(iterations), lockstep)[1]._agent
        return [m.layers[0].weight.detach().clone() for m in (agent.policy, agent.critic_1)]

    first = training._agent.policy.layers[0].weight.detach().clone()
    held, learned = weights(2)
    assert torch.equal(held, first)
    assert not torch.equal(learned, training._agent.critic_1.layers[0].weight)
    assert not torch.equal(weights(4)[0], first)


def test_anchor_keeps_a_policy_whose_critics_know_nothing():
    policy = PolicyController(SHIPPED, ROBOT)
    random, size = np.random.default_rng(0), policy.task.observation_size
    observations = random.normal(0, 1, (201, size)).astype(np.float32)
    actions, rewards = random.uniform(-1, 1, (2, 200)).astype(np.float32)
    lost = np.zeros(200, bool)
    episode = Transitions(observations[:-1], actions, rewards, observations[1:], lost)
    expected = policy.policy.act_batch(observations)

    def moved(weight):
        options = parse([*ON_ROBOT, '--start', str(SHIPPED), '--skrl.anchor', str(weight)])
        training = RobotTraining(options, ROBOT)
        remember(training._agent.memory, episode)
        for _ in range(50):
            training._agent.update(timestep=1, timesteps=1)
        return np.abs(act(training.policy(), observations) - expected).mean()

    assert moved(1000.0) < 0.1 * moved(0.0)


@pytest.mark.slow
def test_policy_that_training_lost_is_not_the_one_that_is_kept(lockstep, tmp_path):
    harm = ('--skrl.warm-up', '0', '--skrl.anchor', '0', '--skrl.set', 'learning_rate=0.01')
    options = parse([*ON_ROBOT, '--start', str(SHIPPED), *harm, '--skrl.iterations', '5'])
    options = dataclasses.replace(options, env=dataclasses.replace(options.env, episode=1.0))
    training = RobotTraining(options, ROBOT, lockstep)
    kept = training.run(RunFolder(tmp_path), Console(quiet=True)).policies[0]
    observations = np.random.default_rng(0).normal(0, 1, (50, options.task.observation_size))
    expected = PolicyController(SHIPPED, ROBOT).policy.act_batch(observations)
    np.testing.assert_allclose(act(kept, observations), expected, atol=1e-4)
    lost = np.abs(act(training.policy(), observations) - expected)
    assert lost.max() > 0.5


def test_reward_is_the_tasks_and_a_fault_costs_what_leaving_the_limit_does():
    angles = np.array([0.0, 1.0, math.pi])
    zero = np.zeros(3)
    recording = Recording(
        0.02 * np.arange(3), zero, angles, zero, zero, zero, zero,
        np.arange(6.0).reshape(3, 2), np.array([0.5, -0.5]), zero[1:], 'time', '', 0.0, 0,
    )  # fmt: skip
    task = Task()
    made = transitions_of(recording, task)
    # 0.5 (1 - cos) upright, less 0.01 a^2 and 0.02 (a - a before)^2
    first = 0.5 * (1 - math.cos(1.0)) - 0.01 * 0.25 - 0.02 * 0.25
    np.testing.assert_allclose(made.rewards, [first, 1.0 - 0.01 * 0.25 - 0.02 * 1.0], rtol=1e-5)
    np.testing.assert_array_equal(made.observations, [[0, 1], [2, 3]])
    np.testing.assert_array_equal(made.next_observations, [[2, 3], [4, 5]])
    assert not made.terminated.any()
    lost = transitions_of(recording._replace(ending='fault'), task)
    np.testing.assert_array_equal(lost.terminated, [False, True])
    assert lost.rewards[0] == made.rewards[0] and lost.rewards[1] == LOST


def test_robot_that_gives_up_leaves_a_checkpoint_and_says_how_to_go_on(lockstep, tmp_path):
    class Failing(lockstep):
        episodes = 0

        def wait(self, is_stopped):
            self.episodes += 1
            if self.episodes == 3:
                raise RobotError('the plant has been silent for 8 s')
            return super().wait(is_stopped)

    run = RunFolder(tmp_path)
    training = RobotTraining(parse([*ON_ROBOT, *SMALL]), ROBOT, Failing)
    with pytest.raises(TrainingError, match=f'silent for 8 s; to go on: .*--resume {tmp_path}'):
        training.run(run, Console(quiet=True))
    assert run.has_checkpoint and training._iteration == 2


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        (['--backend', 'robot'], 'needs --trainer skrl'),
        ([*ON_ROBOT[:4], '--algorithm', 'PPO'], '--algorithm is PPO; valid .*: SAC'),
        ([*ON_ROBOT, '--seeds', '2'], '--seeds is 2; valid .*: 1'),
        ([*ON_ROBOT, '--task', 'follow'], '--task is follow'),
        (['--start', str(SHIPPED)], 'needs --backend robot'),
    ],
)
def test_what_a_robot_cannot_be_trained_with_is_refused(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        RobotTraining(parse(arguments), ROBOT)


def test_policy_that_is_none_cannot_be_started_from(tmp_path):
    file = tmp_path / 'noise.onnx'
    file.write_bytes(b'noise')
    with pytest.raises(PolicyError, match='not a policy'):
        parse([*ON_ROBOT, '--start', str(file)])


def test_options_come_back_from_the_run_folder_and_limits_may_change(tmp_path):
    from furuta_rl.training.run_folder import open_run

    options = parse([*ON_ROBOT, '--start', str(SHIPPED), '--runs', str(tmp_path)])
    with open_run(options, ROBOT) as run:
        run.metrics.touch()
    back = parse(['--resume', str(run.folder), '--enable', '--robot-minutes', '5'])
    assert back.limits.enable and back.limits.robot_minutes == 5
    assert back.start == SHIPPED and load_config(run.folder)['options']['start'] == str(SHIPPED)
    assert to_json(back.task) == to_json(options.task)
