// SPDX-License-Identifier: Apache-2.0
// The two quadrature encoders, counted in hardware (PCNT), all four edges of a line.
#ifndef FURUTA_ENCODERS_H
#define FURUTA_ENCODERS_H

#include <stdint.h>

void encoders_start(void);

// 16-bit registers of arm and pendulum; to be read before one has moved by 15000 counts.
void encoders_read(void *unused, uint16_t registers[2]);

#endif
