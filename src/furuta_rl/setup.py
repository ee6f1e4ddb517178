# SPDX-License-Identifier: Apache-2.0
from glob import glob

from setuptools import find_packages, setup

NAME = 'furuta_rl'
DATA = ('policies',)  # beside the code that reads it, and in share/ for ROS tools

setup(
    name=NAME,
    version='0.1.0',
    description=(
        'Controllers: the classical baseline, and the task, the training and the policy that '
        'have to beat it.'
    ),
    license='Apache-2.0',
    packages=find_packages(exclude=['test']),
    package_data={NAME: [f'{folder}/*.*' for folder in DATA]},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *((f'share/{NAME}/{folder}', glob(f'{NAME}/{folder}/*.*')) for folder in DATA),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    entry_points={
        'console_scripts': [
            'classical_node = furuta_rl.classical_node:main',
            'train = furuta_rl.installed:train',
            'evaluate = furuta_rl.installed:evaluate',
            'report = furuta_rl.installed:report',
            'policy_node = furuta_rl.policy_node:main',
            'relay_node = furuta_rl.relay_node:main',
            'robot_env_node = furuta_rl.robot_env_node:main',
        ],
    },
)
