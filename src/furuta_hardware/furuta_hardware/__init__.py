# SPDX-License-Identifier: Apache-2.0
"""The real plant: the serial link to the ESP32 and the node that offers it as joint topics."""
