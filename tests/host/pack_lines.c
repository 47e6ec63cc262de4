/* SPDX-License-Identifier: Apache-2.0 */
/* Reads "bits signed bipolar lanes beats slot rank shape.. perm.. values..", a frame a line; writes its bytes in
 * hexadecimal, a space, and the values that come of them: for pack_test.py. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "assay_host.h"

static int number(int64_t* value) { return scanf("%" SCNd64, value) == 1; }

int main(void) {
  static int64_t values[4096];
  static unsigned char memory[65536];
  int64_t head[7], one = 0;
  while (number(&head[0])) {
    assay_stream s;
    uint64_t i;
    memset(&s, 0, sizeof s);
    s.name = s.tensor = s.mover = s.dtype = "x";
    for (i = 1; i < 7; ++i) number(&head[i]);
    s.memory_bits = 64;
    s.bits = (unsigned)head[0];
    s.is_signed = (int)head[1];
    s.is_bipolar = (int)head[2];
    s.lanes = (uint64_t)head[3];
    s.beats = (uint64_t)head[4];
    s.slot_bytes = (uint64_t)head[5];
    s.rank = (unsigned)head[6];
    for (i = 0; i < s.rank && number(&one); ++i) s.shape[i] = (uint64_t)one;
    for (i = 0; i < s.rank && number(&one); ++i) s.perm[i] = (unsigned)one;
    for (i = 0; i < assay_frame_values(&s); ++i) number(&values[i]);
    if (assay_pack(&s, values, 1, memory, sizeof memory, NULL)) return 1;
    for (i = 0; i < assay_frame_bytes(&s); ++i) printf("%02x", memory[i]);
    memset(values, 0, sizeof values);
    if (assay_unpack(&s, memory, sizeof memory, 1, values, NULL)) return 1;
    for (i = 0; i < assay_frame_values(&s); ++i) printf(" %" PRId64, values[i]);
    printf("\n");
  }
  return 0;
}
