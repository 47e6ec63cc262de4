# SPDX-License-Identifier: Apache-2.0


class Clocks:
    fclk0_mhz = None
