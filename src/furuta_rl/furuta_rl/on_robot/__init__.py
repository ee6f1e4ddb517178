# SPDX-License-Identifier: Apache-2.0
"""Episodes of one robot over topics, on whatever plant answers: what `--backend robot` is.

`RobotEnv` is the core and `robot_env_node.py` its node; `RobotClient` asks for episodes from the
training environment, which has no rclpy. Nothing here needs more than numpy and onnxruntime.
"""
