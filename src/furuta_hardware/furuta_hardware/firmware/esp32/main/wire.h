// SPDX-License-Identifier: Apache-2.0
// The serial line to the host: UART0 or native USB, as chosen by `idf.py menuconfig`.
#ifndef FURUTA_WIRE_H
#define FURUTA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void wire_start(void);
size_t wire_receive(void *unused, uint8_t *bytes, size_t size);
bool wire_send(void *unused, const uint8_t *bytes, size_t size);

#endif
