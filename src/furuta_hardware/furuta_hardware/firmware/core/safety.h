// SPDX-License-Identifier: Apache-2.0
// What voltage the motor gets: the authority. furuta_description/safety.py is its twin, decision
// by decision and to the last bit, so the names and the order are the same there. Time is passed
// in, nothing here waits, and nothing but these rules may switch the motor on.
#ifndef FURUTA_SAFETY_H
#define FURUTA_SAFETY_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
    FAULT_ARM_LIMIT = 1,
    FAULT_ARM_SPEED = 2,
    FAULT_PENDULUM_SPEED = 4,
    FAULT_MEASUREMENT = 8, // an angle or velocity that is not a number
    FAULT_CURRENT = 16,    // only where it is measured
    FAULT_STALL = 32,      // driven hard without moving
};

struct safety_limits {
    uint32_t command_timeout_us;
    float voltage_limit;        // [V]
    float slew_rate;            // [V/s]
    float arm_soft_limit;       // [rad] the arm is braked so as not to pass it
    float arm_limit;            // [rad] beyond it the motor is switched off
    float arm_lookahead;        // [s]
    float arm_speed_limit;      // [rad/s]
    float pendulum_speed_limit; // [rad/s]
    float current_limit;        // [A]
};

struct measurement {
    float arm_angle;         // [rad] from the zero pose
    float arm_velocity;      // [rad/s]
    float pendulum_velocity; // [rad/s]
    float current;           // [A], not a number where it is not measured
};

struct safety {
    struct safety_limits limits;
    bool enabled;
    uint16_t faults;   // latched
    uint16_t active;   // of the newest measurement
    uint32_t refused;  // commands that were no finite number
    uint32_t limited;  // commands beyond the voltage limit
    uint32_t timeouts; // times a stream of commands ran dry
    float voltage;     // [V] applied
    float command;     // [V]
    bool has_command;
    uint64_t command_us;
    bool has_update;
    uint64_t update_us;
    float still_angle; // [rad] where the arm was when it last moved, or was free to
    uint64_t still_us;
};

// Starts disabled, with no command and no fault.
struct safety safety_start(const struct safety_limits *limits);

// Takes a command [V]; one that is no finite number is refused and counted.
bool safety_command(struct safety *safety, float voltage, uint64_t now_us);

// Switches the motor on or off; false if that is refused for a latched fault.
bool safety_enable(struct safety *safety, bool on);

// Forgets the latched faults; false if one still holds. Enables nothing.
bool safety_clear_fault(struct safety *safety);

// Voltage for the motor until the next update [V]; `now_us` never runs backwards.
float safety_update(struct safety *safety, uint64_t now_us, const struct measurement *measured);

#endif
