# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = 'furuta_rl'

setup(
    name=NAME,
    version='0.1.0',
    description=(
        'Controllers: the classical baseline, and the task, the training and the policy that '
        'have to beat it.'
    ),
    license='Apache-2.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    entry_points={
        'console_scripts': [
            'classical_node = furuta_rl.classical_node:main',
            'train = furuta_rl.installed:train',
            'evaluate = furuta_rl.installed:evaluate',
        ],
    },
)
