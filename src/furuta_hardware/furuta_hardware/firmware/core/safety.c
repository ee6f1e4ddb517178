// SPDX-License-Identifier: Apache-2.0
// Compile with -ffp-contract=off: a fused multiply-add would round otherwise than safety.py.
#include "safety.h"

#include <float.h>

static const float STALL_PART = 0.5f;    // of the voltage limit: harder driven, a free arm moves
static const float STALL_ANGLE = 0.05f;  // [rad] this far at least
static const uint32_t STALL_US = 200000; // within this time; turning round takes half of it

static float magnitude(float value)
{
    return value < 0.0f ? -value : value;
}

static bool is_finite(float value)
{
    return magnitude(value) <= FLT_MAX; // false for what is not a number
}

static float clip(float value, float bound)
{
    return value > bound ? bound : value < -bound ? -bound : value;
}

static uint16_t check(const struct safety_limits *limits, const struct measurement *measured)
{
    unsigned active = 0;
    if (magnitude(measured->current) > limits->current_limit) {
        active |= FAULT_CURRENT;
    }
    if (!is_finite(measured->arm_angle + measured->arm_velocity + measured->pendulum_velocity)) {
        return (uint16_t)(active | FAULT_MEASUREMENT);
    }
    if (magnitude(measured->arm_angle) > limits->arm_limit) {
        active |= FAULT_ARM_LIMIT;
    }
    if (magnitude(measured->arm_velocity) > limits->arm_speed_limit) {
        active |= FAULT_ARM_SPEED;
    }
    if (magnitude(measured->pendulum_velocity) > limits->pendulum_speed_limit) {
        active |= FAULT_PENDULUM_SPEED;
    }
    return (uint16_t)active;
}

static bool is_stalled(struct safety *safety, uint64_t now_us, float angle)
{
    const bool is_driven = magnitude(safety->voltage) > STALL_PART * safety->limits.voltage_limit;
    if (is_driven && magnitude(angle - safety->still_angle) < STALL_ANGLE) {
        return now_us - safety->still_us > STALL_US;
    }
    safety->still_angle = angle;
    safety->still_us = now_us;
    return false;
}

// Bounds the voltage that drives the arm outward: a spring stop with look-ahead. With p the part
// of the way from soft to hard limit where the arm will be after the look-ahead, the outward
// voltage is at most limit (1 - 2 p): none at half the way, and from there on pushing back.
static float soft_stop(const struct safety_limits *limits, float voltage, float angle, float speed)
{
    const float outward = angle >= 0.0f ? 1.0f : -1.0f;
    const float span = limits->arm_limit - limits->arm_soft_limit;
    const float ahead = angle * outward + speed * outward * limits->arm_lookahead;
    const float part = 2.0f * (ahead - limits->arm_soft_limit) / span;
    float bound = limits->voltage_limit * (1.0f - part);
    bound = bound > -limits->voltage_limit ? bound : -limits->voltage_limit;
    return voltage * outward <= bound ? voltage : bound * outward;
}

struct safety safety_start(const struct safety_limits *limits)
{
    return (struct safety){.limits = *limits};
}

bool safety_command(struct safety *safety, float voltage, uint64_t now_us)
{
    if (!(magnitude(voltage) < 1e30f)) { // nor a number that sums could take to infinity
        safety->refused++;
        return false;
    }
    if (magnitude(voltage) > safety->limits.voltage_limit) {
        safety->limited++;
    }
    if (safety->enabled) {
        safety->command = voltage;
        safety->has_command = true;
        safety->command_us = now_us;
    }
    return true;
}

bool safety_enable(struct safety *safety, bool on)
{
    if (on && safety->faults != 0) {
        return false;
    }
    safety->enabled = on;
    safety->has_command = false; // whatever came before the switch does not count
    return true;
}

bool safety_clear_fault(struct safety *safety)
{
    if (safety->active != 0) {
        return false;
    }
    safety->faults = 0;
    return true;
}

float safety_update(struct safety *safety, uint64_t now_us, const struct measurement *measured)
{
    const struct safety_limits *limits = &safety->limits;
    safety->active = check(limits, measured);
    if (is_stalled(safety, now_us, measured->arm_angle)) {
        safety->active |= FAULT_STALL;
    }
    safety->faults = (uint16_t)(safety->faults | safety->active);
    if (safety->faults != 0) {
        safety->enabled = false;
    }
    const float elapsed_us = safety->has_update ? (float)(now_us - safety->update_us) : 0.0f;
    safety->has_update = true;
    safety->update_us = now_us;
    if (safety->has_command && now_us - safety->command_us > limits->command_timeout_us) {
        safety->has_command = false;
        safety->timeouts++;
    }
    if (!safety->enabled || !safety->has_command) {
        safety->has_command = false;
        safety->voltage = 0.0f; // at once: off does not wait for the slew limit
        return 0.0f;
    }
    const float wanted = clip(safety->command, limits->voltage_limit);
    const float target = soft_stop(limits, wanted, measured->arm_angle, measured->arm_velocity);
    const float change = limits->slew_rate * (elapsed_us * 1e-6f);
    const float voltage = safety->voltage + clip(target - safety->voltage, change);
    safety->voltage = clip(voltage, limits->voltage_limit); // the sum may round to beyond it
    return safety->voltage;
}
