# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = 'furuta_hardware'

setup(
    name=NAME,
    version='0.1.0',
    description=(
        'The real plant: the serial link to the ESP32 and the node that offers it as joint topics.'
    ),
    license='Apache-2.0',
    packages=find_packages(exclude=['test']),
    package_data={NAME: ['firmware/**/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    entry_points={
        'console_scripts': [
            'hardware_node = furuta_hardware.hardware_node:main',
        ],
    },
)
