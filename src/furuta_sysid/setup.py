# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = 'furuta_sysid'

setup(
    name=NAME,
    version='0.1.0',
    description=(
        'From recordings to a tuned robot file: excitation, capture, identification and report.'
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
            'excitation_node = furuta_sysid.excitation_node:main',
            'sysid = furuta_sysid.installed:sysid',
        ],
    },
)
