# SPDX-License-Identifier: Apache-2.0
from glob import glob

from setuptools import find_packages, setup

NAME = 'furuta_description'
DATA = ('config', 'urdf')  # beside the code that reads it, and in share/ for ROS tools

setup(
    name=NAME,
    version='0.1.0',
    description=(
        'What the robot is: its numbers, its equations, its URDF, its sensing and its safety '
        'rules.'
    ),
    license='Apache-2.0',
    packages=find_packages(exclude=['test']),
    package_data={NAME: ['*.css', *(f'{folder}/*.*' for folder in DATA)]},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *((f'share/{NAME}/{folder}', glob(f'{NAME}/{folder}/*.*')) for folder in DATA),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
)
