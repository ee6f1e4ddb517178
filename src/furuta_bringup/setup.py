# SPDX-License-Identifier: Apache-2.0
from glob import glob

from setuptools import find_packages, setup

NAME = 'furuta_bringup'
DATA = ('config', 'launch', 'rviz')  # beside the code that reads it, and in share/ for ROS tools

setup(
    name=NAME,
    version='0.1.0',
    description=(
        'Wiring: which nodes make up a bring-up, launch files, the furuta command, the twin '
        'and the recorder.'
    ),
    license='Apache-2.0',
    packages=find_packages(exclude=['test']),
    package_data={NAME: ['*.js', *(f'{folder}/*.*' for folder in DATA)]},
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
            'twin_node = furuta_bringup.twin_node:main',
            'record_node = furuta_bringup.record_node:main',
            'furuta = furuta_bringup.cli:main',
        ],
    },
)
