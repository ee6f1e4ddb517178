// SPDX-License-Identifier: Apache-2.0
// What the firmware is built with: the robot file's numbers, as furuta_hardware/configuration.py
// writes them. The order of the two joints is always arm, pendulum.
#ifndef FURUTA_CONFIGURATION_H
#define FURUTA_CONFIGURATION_H

#include <stdint.h>

#include "safety.h"
#include "sensing.h"

enum { ARM, PENDULUM, JOINTS };
enum { ROBOT_NAME_SIZE = 24 };

struct joint_configuration {
    int32_t counts_per_revolution;
    struct tracker tracker;
};

struct configuration {
    char robot[ROBOT_NAME_SIZE]; // name of the robot file, filled up with zeros
    uint32_t loop_period_us;
    struct joint_configuration joints[JOINTS];
    float supply_voltage; // [V]
    struct safety_limits limits;
};

#endif
