// SPDX-License-Identifier: Apache-2.0
// Which pin goes where. An axis that counts the wrong way: swap its A and B here, or its wires.
#ifndef FURUTA_PINS_H
#define FURUTA_PINS_H

#include "sdkconfig.h"

#if CONFIG_IDF_TARGET_ESP32S3 // ESP32-S3-DevKitC-1
enum {
    PIN_ARM_A = 4,
    PIN_ARM_B = 5,
    PIN_PENDULUM_A = 6,
    PIN_PENDULUM_B = 7,
    PIN_MOTOR_PWM = 15,
    PIN_MOTOR_DIRECTION = 16,
};
#elif CONFIG_IDF_TARGET_ESP32 // ESP32-DevKitC
enum {
    PIN_ARM_A = 32,
    PIN_ARM_B = 33,
    PIN_PENDULUM_A = 25,
    PIN_PENDULUM_B = 26,
    PIN_MOTOR_PWM = 18,
    PIN_MOTOR_DIRECTION = 19,
};
#else
#error "no pins are chosen for this chip; it needs two pulse counters (PCNT): see README.md"
#endif

#endif
