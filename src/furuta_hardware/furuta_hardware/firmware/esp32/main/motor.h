// SPDX-License-Identifier: Apache-2.0
// The motor driver: one PWM input for how much, one for the direction; PWM low joins the motor's
// terminals. Both inputs have pull-downs on the driver, so a board in reset is a motor at 0 V.
#ifndef FURUTA_MOTOR_H
#define FURUTA_MOTOR_H

void motor_start(void);

// Part of the supply voltage, -1..1.
void motor_drive(void *unused, float duty);

#endif
