# SPDX-License-Identifier: Apache-2.0
"""The core compiles everywhere without a word, needs no library, and survives a hostile host."""

import os
import re
import shutil
import subprocess

import pytest

from furuta_description.files import RobotError
from furuta_description.robot import load_robot
from furuta_hardware import core_library
from furuta_hardware.configuration import to_c_struct, to_header
from furuta_hardware.core_library import FLAGS, WARNINGS, run_compiler
from furuta_hardware.golden import GOLDEN
from furuta_hardware.paths import FIRMWARE_DIR

CORE = [str(file) for file in sorted(FIRMWARE_DIR.glob('core/*.c'))]
FUZZ = str(FIRMWARE_DIR / 'test' / 'fuzz_board.c')
FREESTANDING = str(FIRMWARE_DIR / 'test' / 'freestanding.c')
RISCV = 'riscv64-unknown-elf-gcc'
RV32IMC = ('-march=rv32imc', '-mabi=ilp32', '-ffreestanding', '-nostdlib')  # as the ESP32-C3
SANITIZERS = '-fsanitize=address,undefined'
ROBOT = load_robot('furuta')


def needs(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f'no {name}: see ./furuta doctor')


def build(compiler, folder, *arguments):
    (folder / 'host_configuration.h').write_text(to_header(ROBOT))
    program = str(folder / 'program')
    run_compiler([compiler, *FLAGS, f'-I{folder}', *arguments, '-o', program])
    return program


def can_fuzz(folder):
    empty = folder / 'empty.c'
    empty.write_text('int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }')
    command = ['clang', '-fsanitize=fuzzer', str(empty), '-o', str(folder / 'empty')]
    return subprocess.run(command, capture_output=True).returncode == 0


def riscv(folder, *arguments):
    program = folder / 'core.elf'
    command = [RISCV, *FLAGS, *RV32IMC, '-Os', *arguments, '-o', str(program)]
    run_compiler(command)
    return program


@pytest.mark.parametrize('compiler', [pytest.param(n, marks=needs(n)) for n in ('gcc', 'clang')])
def test_every_source_compiles_without_a_warning(tmp_path, compiler):
    assert {'-Wall', '-Wextra', '-Werror', '-Wconversion'} <= set(WARNINGS)
    for source in [*map(str, core_library.SOURCES), FREESTANDING]:
        run_compiler([compiler, *FLAGS, '-pedantic', '-c', source, '-o', str(tmp_path / 'out.o')])


@needs(RISCV)
def test_core_for_rv32imc_needs_nothing_but_the_compiler(tmp_path):
    """No library, no heap, no globals; float32 arithmetic is the compiler's own."""
    program = riscv(tmp_path, '-Wl,--entry=board_step', *CORE, FREESTANDING, '-lgcc')
    symbols = subprocess.run(
        [RISCV.replace('gcc', 'nm'), str(program)], capture_output=True, text=True, check=True
    ).stdout
    assert ' T board_step' in symbols
    assert not re.search(r' [bBdD] (?!__|_edata|_end)', symbols), 'no globals'
    assert not re.search(r'malloc|free|__\w+df[23]$', symbols, re.M), 'no heap, no double'


@needs(RISCV)
def test_core_for_rv32imc_is_small(tmp_path, record_property):
    program = tmp_path / 'core.o'
    run_compiler([RISCV, *FLAGS, *RV32IMC, '-Os', '-r', *CORE, '-o', str(program)])
    size = subprocess.run(
        [RISCV.replace('gcc', 'size'), str(program)], capture_output=True, text=True, check=True
    ).stdout
    code, data, zeroed = map(int, size.splitlines()[1].split()[:3])
    record_property('code and constants [bytes]', code)
    print(size)
    assert code < 8192 and data == zeroed == 0


def test_header_of_the_firmware_holds_the_robots_numbers_to_the_bit(tmp_path):
    source = tmp_path / 'write.c'
    source.write_text(
        '#include <stdio.h>\n#include "host_configuration.h"\n'
        'int main(void) { return fwrite(&CONFIGURATION, sizeof CONFIGURATION, 1, stdout) != 1; }\n'
    )
    program = build(core_library.compiler(), tmp_path, str(source))
    written = subprocess.run([program], capture_output=True, check=True).stdout
    assert written == to_c_struct(ROBOT)


def test_robot_name_that_does_not_fit_the_board_is_refused(tmp_path):
    file = tmp_path / 'robot.yaml'
    name = 'a_name_that_is_far_too_long'
    file.write_text(ROBOT.file.read_text().replace('name: furuta', f'name: {name}', 1))
    with pytest.raises(RobotError, match='room for 23 letters'):
        to_header(load_robot(file))


def test_core_that_does_not_compile_says_why(tmp_path):
    source = tmp_path / 'wrong.c'
    source.write_text('int f(void) { return undeclared; }\n')
    with pytest.raises(core_library.CoreError, match='undeclared'):
        run_compiler([core_library.compiler(), '-c', str(source), '-o', str(tmp_path / 'out.o')])


def test_machine_without_a_compiler_is_told_what_to_install(monkeypatch):
    monkeypatch.setenv('PATH', '')
    with pytest.raises(core_library.CoreError, match='apt-get install gcc'):
        core_library.compiler()


@needs('gcc')
def test_ten_million_hostile_bytes_do_no_harm(tmp_path):
    program = build(
        'gcc', tmp_path, '-g', SANITIZERS, '-fno-sanitize-recover=all', '-DSTANDALONE', *CORE, FUZZ
    )
    frames = b''.join(golden.frame for golden in GOLDEN)
    subprocess.run([program, '10000000', '1'], input=frames, check=True, timeout=120)


@pytest.mark.slow
@needs('clang')
def test_hostile_host_that_searches_for_gaps_finds_none(tmp_path):
    """60 000 inputs of up to 1 kB by libFuzzer, some 14 million bytes."""
    if not can_fuzz(tmp_path):
        pytest.skip('clang has no libFuzzer here: sudo apt-get install libclang-rt-dev')
    program = build(
        'clang', tmp_path, '-g', f'{SANITIZERS},fuzzer', '-fno-sanitize-recover=all', *CORE, FUZZ
    )
    corpus = tmp_path / 'corpus'
    corpus.mkdir()
    for i, golden in enumerate(GOLDEN):
        head = bytes((len(golden.frame) % 64, 128, 128))
        (corpus / str(i)).write_bytes(head + golden.frame)
    options = ['-runs=60000', '-seed=1', '-max_len=1024', '-len_control=0', '-print_final_stats=1']
    result = subprocess.run(
        [program, *options, str(corpus)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert 'stat::number_of_executed_units: 60000' in result.stderr
